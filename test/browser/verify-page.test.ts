import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BEN, foundConstitution, testConstitution } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { listEntry, makeList, namesLists } from "@caladrius/attestation-verifier/generate/test-crl.ts";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { makeChain, NOW_MS, pcr } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { extended, VALUES } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { makeStatusList, NOW_S } from "@caladrius/attestation-verifier/generate/test-status-list.ts";
import { startHost, type RunningHost } from "@caladrius/host";
import { fakeStatusList } from "@caladrius/host/test-support/status-list.ts";
import { buildVerifyPage } from "@caladrius/pages";
import { toHex, type StatusList } from "@caladrius/wire";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { exampleVectors, readRawKit } from "./raw-kit.ts";

const CHROMIUM = "/usr/bin/chromium";
const HOUR = 3_600_000;

interface GivenFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}
const file = (name: string, content: Uint8Array | string, encoding: BufferEncoding = "utf8"): GivenFile => ({
  name,
  mimeType: "application/octet-stream",
  buffer: typeof content === "string" ? Buffer.from(content, encoding) : Buffer.from(content),
});

// The page as a host gives it: over http, with the host's headers around it.
describe.skipIf(!existsSync(CHROMIUM))("the verification page, served by a host, in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-verify-"));
  let host: RunningHost;
  let browser: Browser;
  beforeAll(async () => {
    const built = await buildVerifyPage();
    host = await startHost({
      enclaveSocket: join(folder, "no-enclave"),
      constitution: Buffer.from("constitution"),
      bundle: Buffer.from("bundle"),
      bundleApprovals: [],
      statusList: fakeStatusList(Buffer.from("constitution")),
      dataDir: join(folder, "data"),
      port: 0,
      listenHost: "127.0.0.1",
      limits: { loopDelayMs: 60_000 }, // a busy machine is not what is tested
      pages: { verify: () => Promise.resolve(built) },
      clock: { nowMs: () => Date.now() },
    });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  const opened: { page: Page; seen: string[] }[] = [];
  afterEach(async () => {
    for (const { page, seen } of opened.splice(0)) {
      expect(seen).toEqual([`${host.url}/verify`]); // no other request, no console error, no violation of the policy
      await page.close();
    }
  });
  afterAll(async () => {
    await browser.close();
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (nowMs = NOW_MS + HOUR): Promise<Page> => {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    const seen: string[] = [];
    opened.push({ page, seen });
    page.on("request", (request) => void seen.push(request.url()));
    page.on("console", (message) => void (message.type() === "error" && seen.push(message.text())));
    page.on("pageerror", (error) => void seen.push(error.message));
    await page.clock.setFixedTime(nowMs);
    expect((await page.goto(`${host.url}/verify`))?.status()).toBe(200);
    return page;
  };

  it("verifies, says where it came from, and asks the host for nothing more", async () => {
    const page = await open();
    expect(await page.locator(".origin").innerText()).toContain(`This page came from ${new URL(host.url).host}.`);
    const { accepted, refused } = exampleVectors(readRawKit());
    for (const [vector, word] of [
      [accepted, "Warning"],
      [refused, "Contraindicated"],
    ] as const) {
      await page.locator("#trust").setInputFiles(file("trust.json", vector.files["trust.json"] ?? "", "base64"));
      await page.locator("#files").setInputFiles(file(`${vector.id}.attested`, vector.files["input.attested"] ?? "", "base64"));
      await page.locator("section.verdict .file", { hasText: vector.id }).waitFor();
      expect(await page.locator("h2#verdict").innerText()).toBe(word);
    }
  });

  // A result that discloses its submitter, under a constitution, whose certificates name where their lists are.
  const founded = foundConstitution();
  const { constitutionDigest } = founded;
  const SUBMITTER = new Uint8Array(32).fill(0x51);
  const RELEASE = { digest: pcr(0x44), images: [pcr(0x10)], lifecycle: "active" as const };
  const made = makeGovernedResult({ founded, chain: makeChain(namesLists), values: [...VALUES, ["submitter", SUBMITTER]] });
  const result = file("patient-1.attested", made.bytes);
  const evidence = file("evidence.cose", made.file.evidence);
  const trust = file("trust.json", made.trust("approved"));
  const constitution = file("constitution.cose", founded.statement);
  const { roots } = JSON.parse(made.trust("approved")) as { roots: string[] };
  const image = { 0: toHex(pcr(0x10)), 1: toHex(pcr(0x11)), 2: toHex(pcr(0x12)), 16: toHex(extended(constitutionDigest)) };
  const measured = file("measured.json", JSON.stringify({ roots, pcrs: [image] }));
  const bare = file("patient-2.attested", made.bare);
  const statusList = (change: Partial<StatusList> = {}): GivenFile => file("status.cbor", makeStatusList(constitutionDigest, change));
  const revoked = (what: "key" | "release", id: Uint8Array, since: number): Partial<StatusList> => ({
    releases: [RELEASE],
    revocations: [{ what, id, since, reason: "stolen" }],
  });
  const MADE_S = NOW_S + 60;

  const give = async (page: Page, trusted: GivenFile, files: readonly GivenFile[], lists: readonly GivenFile[]): Promise<void> => {
    await page.locator("#trust").setInputFiles(trusted);
    if (lists.length > 0) {
      await page.locator("#lists").setInputFiles([...lists]);
      await page
        .locator(".lists > li")
        .nth(lists.length - 1)
        .waitFor(); // so that no verdict is seen from before
    }
    await page.locator("#files").setInputFiles([...files]);
  };
  const verdict = async (page: Page, code: string): Promise<string> => {
    await page.locator("section.verdict dl code", { hasText: new RegExp(`^${code}$`) }).waitFor();
    return page.locator("h2#verdict").innerText();
  };
  const leftOpen = (page: Page): Promise<string[]> => page.locator("#not-checked ~ dl dt").allInnerTexts();

  it("judges by a status list of the constitution that the trust file names, and judges anew without it", async () => {
    const page = await open();
    await give(page, trust, [result], []);
    expect(await verdict(page, "time-not-proved")).toBe("Warning");
    expect(await leftOpen(page)).toEqual(expect.arrayContaining(["Whether the program is still approved", "Revocation of certificates"]));

    await page.locator("#lists").setInputFiles(statusList({ number: 12, releases: [RELEASE] }));
    await page.getByRole("heading", { name: "The status list" }).waitFor();
    expect(await leftOpen(page)).not.toContain("Whether the program is still approved");
    expect(await page.locator("#status-list ~ dl").innerText()).toMatch(
      /number 12, in force from 2026-03-01 12:00:00 UTC.*the list was in force.*active, release.*the grant itself/s,
    );
    expect(await page.locator("ol.checks").innerText()).toContain("nothing of it, in number 12");

    await page.locator("#lists").setInputFiles(statusList({ number: 13, ...revoked("key", SUBMITTER, MADE_S) }));
    expect(await verdict(page, "submitter-revoked")).toBe("Contraindicated");
    expect(await page.locator("body").innerText()).not.toContain("pseudonym-1");
    expect(await page.locator("li.check.failed").innerText()).toContain("The status list revokes neither its release nor");
    expect(await page.locator(".lists > li").count()).toBe(1); // in the place of the one before

    await page.getByRole("button", { name: "Remove status.cbor" }).click();
    expect(await verdict(page, "time-not-proved")).toBe("Warning");
    expect(await leftOpen(page)).toContain("Whether the program is still approved");
    expect(await page.evaluate("document.activeElement.id")).toBe("lists");
  });

  it.each<[string, Partial<StatusList>, string, string]>([
    ["whose signer was revoked a second later", revoked("key", SUBMITTER, MADE_S + 1), "time-not-proved", "Warning"],
    ["whose release was revoked", revoked("release", RELEASE.digest, MADE_S), "release-revoked", "Contraindicated"],
    ["whose policy was forbidden", { lowestPolicyVersion: 4 }, "policy-withdrawn", "Contraindicated"],
    ["whose release was revoked later", revoked("release", RELEASE.digest, MADE_S + 600), "time-not-proved", "Warning"],
  ])("judges a result %s", async (_, change, code, word) => {
    const page = await open();
    await give(page, measured, [bare], [constitution, statusList(change)]);
    expect(await verdict(page, code)).toBe(word);
    const later = (change.revocations?.[0]?.since ?? 0) > MADE_S + 1;
    expect((await page.locator("section.verdict").innerText()).includes("the release was revoked later")).toBe(later);
  });

  it("judges a document by the list of its own constitution", async () => {
    const page = await open();
    await give(page, measured, [evidence], [constitution, statusList(revoked("release", RELEASE.digest, NOW_S))]);
    expect(await verdict(page, "release-revoked")).toBe("Contraindicated");
    await page.locator("#lists").setInputFiles(statusList());
    expect(await verdict(page, "time-not-proved")).toBe("Warning");
    expect(await leftOpen(page)).toEqual(["Revocation of certificates", "Time"]);
  });

  it("says in words why a list cannot be used, and judges nothing meanwhile", async () => {
    const page = await open();
    const other = foundConstitution(testConstitution({ name: "another" }));
    await give(page, measured, [bare], [statusList()]);
    const alert = page.locator(".lists [role=alert]");
    const waiting = "No verdict: a list cannot be used. Remove it, or give another.";
    for (const [given, words] of [
      [null, "your trust file does not hold the constitution"],
      [file("other.cose", other.statement), "The constitution is not the one that PCR16 measures."],
      [file("cut.cose", founded.statement.subarray(0, 200)), "The constitution is not the one that PCR16 measures."],
      [constitution, null],
      [
        file("forged.cbor", makeStatusList(constitutionDigest, {}, { key: BEN })),
        "None of the constitution's status keys signed the list.",
      ],
      [file("other.cbor", makeStatusList(other.constitutionDigest)), "The list stands under another constitution."],
      [file("cut.cbor", statusList().buffer.subarray(0, 150)), "It is damaged, or of another form than is read here"],
      [statusList(), null],
      [file("cut.crl", makeList("root").subarray(0, 150)), "It is damaged, or of another form than is read here"],
    ] as const) {
      if (given !== null) await page.locator("#lists").setInputFiles(given);
      if (words === null) await verdict(page, "time-not-proved");
      else {
        await alert.getByText(words).waitFor();
        await page.locator("[role=status]", { hasText: waiting }).waitFor();
        expect(await page.locator("#verdict").count()).toBe(0);
      }
    }
    await page.getByRole("button", { name: "Remove cut.crl" }).click();
    expect(await verdict(page, "time-not-proved")).toBe("Warning");
  });

  it("takes no list that has ended for a check, unless it is judged as of a day of the list", async () => {
    const page = await open(Date.UTC(2036, 2, 1)); // ten years later
    await give(page, trust, [result], [statusList(revoked("key", SUBMITTER, MADE_S))]);
    const alert = page.locator(".lists [role=alert]");
    await alert.getByText("not in force any more").waitFor();
    expect(await alert.innerText()).toMatch(
      /not after 2026-03-02T12:00:00.000Z.*2036-03-01T00:00:00.000Z.*good for a day.*status-list-expired/s,
    );
    expect(await page.locator("#verdict").count()).toBe(0);
    await page.locator("summary").click();
    await page.getByLabel("Judge as of").fill("2026-03-01T13:00:00Z");
    await page.keyboard.press("Enter");
    expect(await verdict(page, "submitter-revoked")).toBe("Contraindicated");
    await page.getByLabel("Judge as of").fill("2026-03-01T14:00:01Z");
    await page.keyboard.press("Enter");
    expect(await verdict(page, "chain-expired")).toBe("Contraindicated");
  });

  it("does not judge a result by the list of another constitution that is trusted too", async () => {
    const page = await open();
    const other = foundConstitution(testConstitution({ name: "another" }));
    const both = file("both.json", JSON.stringify({ roots, pcrs: [image, { ...image, 16: toHex(extended(other.constitutionDigest)) }] }));
    const lists = [file("other.cose", other.statement), file("other.cbor", makeStatusList(other.constitutionDigest))];
    await give(page, both, [bare], lists);
    expect(await verdict(page, "status-list-constitution")).toBe("Contraindicated");
    expect(await leftOpen(page)).toContain("Whether the program is still approved");
  });

  it("looks certificates up in revocation lists, says what they leave open, and refuses a revoked one", async () => {
    const page = await open();
    await give(page, trust, [result, evidence], [file("a.bin", makeList("root"))]);
    await verdict(page, "time-not-proved");
    expect(await page.locator("#not-checked ~ dl dd").first().innerText()).toContain("do not cover the zonal certificate");
    expect(await page.locator("#evidence ~ dl.facts").innerText()).toMatch(
      /Not revoked\s+regional certificate.*of the zonal certificate: http:\/\/crl-eu-central-1/s,
    );
    await page.locator("#lists").setInputFiles([file("b.bin", makeList("regional"))]);
    await page.locator("#evidence ~ dl.facts", { hasText: "regional certificate, zonal certificate" }).waitFor();
    expect(await leftOpen(page)).not.toContain("Revocation of certificates");

    const withdrawing = makeList("regional", (parts) => {
      parts.entries = [listEntry("5a00000000000000000000000000000000", NOW_MS - 60_000, 1)];
    });
    await page.locator("#lists").setInputFiles([file("c.bin", withdrawing)]);
    expect(await verdict(page, "chain-revoked")).toBe("Contraindicated");
    expect(await page.locator("section.verdict .sentence").innerText()).toMatch(/zonal certificate.*revocation list 3.*keyCompromise/s);
    expect(await page.locator(".files").innerText()).toContain("2 contraindicated");
    expect(await page.locator(".lists .kind").allInnerTexts()).toEqual(["revocation list 1", "revocation list 2", "revocation list 3"]);

    const forged = makeList(
      "root",
      (parts) => void (parts.finishSignature = (bits) => bits.map((byte, i) => (i === bits.length - 1 ? byte ^ 1 : byte))),
    );
    await page.getByRole("button", { name: "Remove c.bin" }).click();
    await verdict(page, "time-not-proved");
    await page.locator("#lists").setInputFiles([file("forged.bin", forged)]);
    expect(await verdict(page, "crl-signature")).toBe("Contraindicated");
  });

  it("holds a result to the purpose and the issuer of the grant that it must show", async () => {
    const page = await open();
    await give(page, trust, [result], []);
    await page.locator("summary").click();
    await page.getByLabel("Purpose", { exact: true }).fill("HPAYMT");
    await page.keyboard.press("Enter");
    expect(await verdict(page, "purpose-withheld")).toBe("Contraindicated");
    expect(await page.locator("li.check.failed").innerText()).toContain("It shows the purpose and the issuer of the grant");
    await page.getByLabel("Purpose", { exact: true }).fill("");
    await page.getByLabel("Issuer of the grant").fill("00".repeat(32));
    await page.keyboard.press("Enter");
    expect(await verdict(page, "grant-withheld")).toBe("Contraindicated");
  });
});
