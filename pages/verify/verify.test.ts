import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, VerifyPage, type OpenPage } from "./test-support/browser.ts";
import {
  approved,
  attestationDocument,
  DOCUMENT_NONCE,
  file,
  flipped,
  hostile,
  NOW_MS,
  ORDINARY,
  ordinary,
  pcr,
  simulated,
  VALUES,
} from "./test-support/files.ts";

const { result, trust } = ordinary();

describe.skipIf(CHROMIUM === null)("the verification page, opened from a file in Chromium", () => {
  let built: VerifyPage;
  const opened: OpenPage[] = [];
  beforeAll(async () => {
    built = await VerifyPage.start();
  });
  afterEach(async () => {
    for (const { page, misdeeds } of opened.splice(0)) {
      expect(misdeeds).toEqual([]); // no console error, no policy violation, no request
      await page.close();
    }
  });
  afterAll(() => built.close());

  const open = async (options: Parameters<VerifyPage["open"]>[0] = {}): Promise<OpenPage> => {
    const one = await built.open(options);
    opened.push(one);
    return one;
  };
  const word = ({ page }: OpenPage): Promise<string> => page.locator("h2#verdict").innerText();
  const body = ({ page }: OpenPage): Promise<string> => page.locator("body").innerText();

  it("is one file that names no address, evaluates no text and lets nothing out", () => {
    const [, policy] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(built.html) ?? [];
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:; form-action 'none'; base-uri 'none'; /,
    );
    expect(built.html).not.toMatch(/<(?:script|img|iframe|object|embed)[^>]*\ssrc=|<link[^>]+href="(?!data:)|@import|[:\s,]url\(/i);
    expect(built.html).not.toMatch(/\beval\(|new Function\b|\.innerHTML=["'`]/);
    expect(built.html).not.toContain("unsafe-");
  });

  it("shows a good result: verdict, what it says, every check, what was not checked", async () => {
    const it = await open();
    expect(await body(it)).toContain("Choose a trust file and the files to verify.");
    await it.give(trust, result);
    expect(await word(it)).toBe("Warning");
    expect(await it.page.evaluate("document.activeElement.id")).toBe("verdict");
    const text = await body(it);
    for (const part of [
      "verified at the time that the document states or the caller chose; no time stamp proves it",
      "pseudonym-1",
      createHash("sha256").update(result.buffer).digest("hex"),
      createHash("sha256").update(trust.buffer).digest("hex"),
      "No approvals travel in this file: trust rests on the measurements in your trust file.",
      "No device's signature over the recording was verified.",
      "at most 6 statements",
      "equal to your trust file",
      "not compared",
      "test.nitro-enclaves",
    ])
      expect(text).toContain(part);
    const rows = await it.page.locator("#findings ~ .scroll tbody tr").allInnerTexts();
    expect(rows.map((row) => row.split(/\s/)[0])).toEqual(["high", "medium", "low"]);
    expect(rows[0]).toMatch(/news2-high\s+news2, confidence 98.5 %\s+11:30:00\s+11:50:00\s+20 min\s+score 9\s+temperature 39.1 °C/);
    expect(await it.page.locator("main .timeline svg").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")))).toEqual([
      "news2: 1 finding, all assessed",
      "thresholds: 2 findings, 1 span not assessed",
    ]);
    const checks = await it.page.locator("ol.checks > li").allInnerTexts();
    expect(checks.length).toBeGreaterThan(25);
    expect(checks.filter((check) => check.startsWith("failed") || check.startsWith("not reached"))).toEqual([]);
    expect(checks.join("\n")).toContain(`PCR0 is the trusted one\n\nExpected and found\n${Buffer.from(pcr(0x10)).toString("hex")}`);
  });

  it("shows who approved the program, and refuses it without the hospital", async () => {
    const it = await open();
    const made = approved();
    await it.give(made.trust, made.result);
    expect(await word(it)).toBe("Warning");
    const text = await body(it);
    for (const part of [
      "caladrius 0.1.0",
      "0123456789abcdef0123456789abcdef01234567",
      "5b".repeat(48),
      "First release.",
      "every release that comes with a result",
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/ada, vendor: 2027-01-15 08:00:00 UTC, with a key file\s+ben, hospital: 2027-01-15 08:00:00 UTC, with a passkey/);
    expect(text).not.toContain("No approvals travel in this file");
    expect(await it.page.locator("ol.checks").innerText()).toContain("The release was approved by those whom the constitution asks");
    expect(await it.violations()).toEqual([]);
    await it.give(null, made.unapproved);
    await it.page.getByText("release-quorum").first().waitFor();
    expect(await word(it)).toBe("Contraindicated");
    expect(await body(it)).not.toMatch(/pseudonym|ada, vendor:/);
  });

  it("affirms a result whose time an authority certified", async () => {
    const it = await open();
    const kit = join(import.meta.dirname, "../../attestation-verifier/vectors");
    const vector = join(kit, readdirSync(kit).find((name) => name.endsWith("-stamped-p-256")) ?? "");
    await it.give(
      file("trust.json", readFileSync(join(vector, "trust.json"))),
      file("stamped.attested", readFileSync(join(vector, "input.attested"))),
    );
    expect(await word(it)).toBe("Affirming");
    expect(await body(it)).toMatch(/Existed by\s+20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, as .+ certifies/);
    expect(await it.page.locator("#not-checked ~ dl dt").allInnerTexts()).not.toContain("Time");
  });

  it("says simulator first", async () => {
    const it = await open();
    const made = simulated();
    await it.give(made.trust, made.result);
    await it.page.getByRole("heading", { level: 2, name: "Simulator. Warning" }).waitFor();
    expect(await it.page.locator("section.verdict").innerText()).toMatch(/^SIMULATOR\s/);
    expect(await it.page.locator("[role=status]").innerText()).toMatch(/^Simulator\. Warning\./);
    expect(await body(it)).toContain("accepts simulators, which prove nothing");
  });

  it("shows nothing of a file that one bit of was changed", async () => {
    const it = await open();
    await it.give(trust, flipped());
    expect(await word(it)).toBe("Contraindicated");
    const text = await body(it);
    expect(text).toContain("disclosure 3: a disclosure whose digest is not in the result");
    expect(text).toContain("Whoever sent you the file must act");
    expect(text).not.toMatch(/pseudonym|news2|TREAT/);
    expect(await it.page.locator("li.check.failed").innerText()).toMatch(
      /^failed\s+Every disclosure is one that the result was signed over/,
    );
    expect(await it.page.locator("#result, #findings, #evidence, .timeline").count()).toBe(0);
  });

  it("refuses what is no result and no document, by its code", async () => {
    const it = await open();
    const document = attestationDocument().buffer;
    for (const [given, code] of [
      [file("text.attested", "no result at all"), "result-file-form"],
      [file("empty.attested", ""), "result-file-form"],
      [file("half.attested", result.buffer.subarray(0, 900)), "result-file-form"],
      [file("longer.cose", Buffer.concat([document, Buffer.of(0)])), "envelope-trailing-bytes"],
    ] as const) {
      await it.give(trust, given);
      await it.page.locator("section.verdict .file", { hasText: given.name }).waitFor();
      expect(await word(it)).toBe("Contraindicated");
      expect(await it.page.locator("section.verdict dl").innerText()).toContain(code);
    }
  });

  it("judges nothing under a trust file that cannot be used, and says who acts", async () => {
    const it = await open();
    await it.give(file("broken.json", "{"), result);
    const alert = it.page.getByRole("alert");
    expect(await alert.innerText()).toMatch(/^broken\.json cannot be used as a trust file\..*not JSON.*\s+You must act.*trust-json$/s);
    expect(await it.page.locator("[role=status]").innerText()).toBe("No verdict: the trust file cannot be used.");
    expect(await it.page.locator("#verdict").count()).toBe(0);
    await it.give(file("latin.json", Buffer.of(0x7b, 0xe9, 0x7d)));
    await alert.getByText("it is not UTF-8 text").waitFor();
    await it.give(file("roots.json", JSON.stringify({ roots: [], pcrs: [], more: 1 })));
    await alert.getByText("trust-key-unknown").waitFor();
    await it.give(trust);
    expect(await word(it)).toBe("Warning");
  });

  it("refuses under another trust file, and under one without PCR16", async () => {
    const it = await open();
    const change = (edit: (set: Record<string, string>) => void): ReturnType<typeof file> => {
      const settings = JSON.parse(trust.buffer.toString()) as { pcrs: Record<string, string>[] };
      settings.pcrs.forEach(edit);
      return file("other.json", JSON.stringify(settings));
    };
    await it.give(
      change((set) => void (set["0"] = "ab".repeat(48))),
      result,
    );
    await it.page.getByText("measurement-mismatch").first().waitFor();
    expect(await word(it)).toBe("Contraindicated");
    await it.give(change((set) => void delete set["16"]));
    await it.page.getByText("trust-pcr16-missing").first().waitFor();
    expect(await word(it)).toBe("Contraindicated");
    expect(await body(it)).not.toContain("pseudonym-1");
  });

  it("takes no trust file from among what was received", async () => {
    const it = await open();
    await it.give(null, trust, result);
    expect(await it.page.getByRole("alert").innerText()).toContain("what you trust must come from another source");
    expect(await it.page.locator("[role=status]").innerText()).toBe("Choose a trust file: without one nothing can be judged.");
  });

  it("shows hostile texts as text, with what is invisible escaped", async () => {
    const it = await open();
    await it.give(trust, hostile());
    expect(await word(it)).toBe("Warning");
    const text = await body(it);
    expect(text).not.toMatch(/[\u0007\u202e\u2066]/);
    expect(text).toContain("<img src=x onerror=alert(1)>\\u202eexe.\\u0007\\u2066{{x}}");
    expect(text).toContain("\\u202egnp.");
    expect(text).toContain("</script>\\u202e");
    expect(await it.page.locator("img, iframe, [onerror]").count()).toBe(0);
    await it.page.emulateMedia({ media: "print" });
    expect(await body(it)).not.toMatch(/[\u0007\u202e\u2066]/);
  });

  it("gives each of several files its verdict, and shows the one that is chosen", async () => {
    const it = await open();
    await it.give(trust, result, flipped(), file("x.attested", "?"), attestationDocument());
    const list = it.page.getByRole("navigation", { name: "Verified files" });
    expect(await list.innerText()).toContain("4 files: 2 warning, 2 contraindicated");
    expect((await list.getByRole("listitem").allInnerTexts()).map((row) => row.replaceAll(/\s+/g, " "))).toEqual([
      "patient-1.attested Warning time-not-proved",
      "changed.attested Contraindicated disclosure-unknown",
      "x.attested Contraindicated result-file-form",
      "evidence.cose Warning time-not-proved",
    ]);
    await list.getByRole("button", { name: "changed.attested" }).click();
    expect(await word(it)).toBe("Contraindicated");
    expect(await it.page.evaluate("document.activeElement.id")).toBe("verdict");
    expect(await list.locator("[aria-current=true]").innerText()).toContain("changed.attested");
    expect(await body(it)).not.toContain("pseudonym-1");
  });

  it("judges a document live by nonce and age, at this computer's time", async () => {
    const it = await open({ nowMs: NOW_MS + 30_000 });
    await it.give(trust, attestationDocument());
    expect(await word(it)).toBe("Warning");
    await it.page.locator("summary").click();
    await it.page.getByLabel("Made for me now").check();
    await it.page.getByText("Time now, by this computer's clock: 2026-03-01 12:00:30 UTC.").waitFor();
    await it.page.getByLabel("Nonce", { exact: true }).fill(DOCUMENT_NONCE.toUpperCase());
    await it.page.keyboard.press("Enter");
    await it.page.locator("section.verdict.affirming").waitFor();
    expect(await word(it)).toBe("Affirming");
    expect(await it.page.locator(".reasons").innerText()).toBe("every check of this mode passed verified");

    await it.page.getByLabel("Nonce", { exact: true }).fill("00".repeat(8));
    await it.page.getByRole("button", { name: "Judge again" }).click();
    await it.page.getByText("nonce-mismatch").first().waitFor();
    await it.page.getByLabel("Nonce", { exact: true }).fill("not hex");
    await it.page.getByRole("button", { name: "Judge again" }).click();
    expect(await it.page.locator("[role=status]").innerText()).toBe("No verdict: correct what you expect first.");
    expect(await it.page.locator("#verdict").count()).toBe(0);
    await it.page.getByLabel("Nonce", { exact: true }).fill("");
    await it.page.getByLabel("Maximum age").fill("10");
    await it.page.keyboard.press("Enter");
    await it.page.getByText("timestamp-age").first().waitFor();
    expect(await word(it)).toBe("Contraindicated");
  });

  it("holds a result to the nonce, job and policy version that were expected", async () => {
    const it = await open();
    await it.give(trust, result);
    await it.page.locator("summary").click();
    for (const [label, good, bad, code] of [
      ["Nonce", "0e".repeat(16), "0f".repeat(16), "result-nonce"],
      ["Digest of the sealed job", "70".repeat(32), "71".repeat(32), "result-job"],
      ["Lowest policy version", "3", "4", "result-policy-floor"],
    ] as const) {
      await it.page.getByLabel(label, { exact: true }).fill(bad);
      await it.page.keyboard.press("Enter");
      await it.page.getByText(code).first().waitFor();
      await it.page.getByLabel(label, { exact: true }).fill(good);
      await it.page.keyboard.press("Enter");
      await it.page.locator("section.verdict.warning").waitFor();
    }
  });

  it("prints a record of one page, and one page for each of several files", async () => {
    const it = await open({ before: "window.print = () => (window.printed = document.querySelectorAll('.record').length)" });
    await it.give(trust, result);
    await it.page.getByRole("button", { name: "Print this record" }).click();
    expect(await it.page.evaluate("window.printed")).toBe(1);
    expect(pages(await it.page.pdf({ preferCSSPageSize: true }))).toBe(1);
    await it.page.emulateMedia({ media: "print" });
    const text = await body(it);
    for (const digest of [result, trust].map(({ buffer }) => createHash("sha256").update(buffer).digest("hex")))
      expect(text).toContain(digest);
    expect(text).toMatch(/^Caladrius · record of a verification\s+20\d\d-\d\d-\d\d/);
    expect(text).toMatch(
      /Warning\s+Every check passed, with a reservation.*patient-1\.attested.*news2-high.*checks: \d+ passed.*Not checked.*Revocation/s,
    );
    await it.page.emulateMedia({ media: "screen" });

    const several = await open({ before: "window.print = () => (window.printed = document.querySelectorAll('.record').length)" });
    await several.give(trust, result, flipped(), hostile());
    await several.page.getByRole("button", { name: "Print all records" }).click();
    expect(await several.page.evaluate("window.printed")).toBe(3);
  });

  it("saves the verdict as the command line prints it", async () => {
    const it = await open();
    await it.give(trust, result);
    const [download] = await Promise.all([
      it.page.waitForEvent("download"),
      it.page.getByRole("button", { name: "Save verdict (JSON)" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("patient-1.attested.verdict.json");
    const saved = JSON.parse(await readFile(await download.path(), "utf8")) as Record<string, unknown>;
    expect(saved).toMatchObject({
      file: "patient-1.attested",
      sha256: createHash("sha256").update(result.buffer).digest("hex"),
      trust: { file: "trust.json", sha256: createHash("sha256").update(trust.buffer).digest("hex") },
      status: "warning",
      code: "time-not-proved",
      claims: { disclosed: { subject: "pseudonym-1" } },
    });
  });

  it("takes files that are dropped, and leaves the page where it is", async () => {
    const it = await open();
    const drop = (zone: string, { name, buffer }: typeof trust): Promise<unknown> =>
      it.page.evaluate(`(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([Uint8Array.from(atob("${buffer.toString("base64")}"), (c) => c.charCodeAt(0))], "${name}"));
        return document.querySelector("${zone}").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
      })()`);
    // false = the browser was kept from opening the file itself, beside the zones too
    expect([await drop("footer", result), await drop("#trust-title", trust), await drop("#files-title", result)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await word(it)).toBe("Warning");
  });

  it("works by keyboard alone", async () => {
    const it = await open({ before: "window.print = () => (window.printed = true)" });
    const { keyboard } = it.page;
    const wanted = [trust, result];
    it.page.on("filechooser", (chooser) => void chooser.setFiles(wanted.shift() ?? []));
    await it.page.getByText("Choose a trust file and").first().waitFor();
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await it.page.getByText("trust.json").waitFor();
    await keyboard.press("Tab");
    await keyboard.press("Space");
    await it.page.locator("h2#verdict:focus").waitFor();
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    expect(await it.page.evaluate("window.printed")).toBe(true);
    await keyboard.press("Shift+Tab");
    expect(await it.page.evaluate("document.activeElement.tagName")).toBe("SUMMARY");
    await keyboard.press("Enter");
    await keyboard.press("Tab");
    await keyboard.type("0f".repeat(16));
    await keyboard.press("Enter");
    await it.page.getByText("result-nonce").first().waitFor();
  });

  it("has no finding of axe in any state, light and dark, and scrolls sideways nowhere", async () => {
    for (const scheme of ["light", "dark"] as const) {
      const it = await open({ scheme, width: scheme === "light" ? 1100 : 360, nowMs: NOW_MS });
      const found: Record<string, string[]> = {};
      found["empty"] = await it.violations();
      await it.give(file("broken.json", "{"), trust, result);
      await it.page.getByRole("alert").first().waitFor();
      found["problems"] = await it.violations();
      const made = simulated();
      await it.give(made.trust, made.result);
      await it.page.locator("section.verdict.warning").waitFor();
      found["simulator"] = await it.violations();
      await it.give(trust, hostile(), flipped(), attestationDocument());
      await it.page.locator("summary").click();
      await it.page.getByLabel("Made for me now").check();
      await it.page.getByLabel("Lowest policy version").fill("3");
      await it.page.keyboard.press("Enter");
      await it.page.locator("nav .affirming").waitFor();
      found["several"] = await it.violations();
      await it.page.getByRole("button", { name: "changed.attested" }).click();
      found["contraindicated"] = await it.violations();
      await it.page.getByRole("button", { name: "evidence.cose" }).click();
      found["affirming"] = await it.violations();
      await it.page.getByLabel("Nonce", { exact: true }).fill("x");
      await it.page.keyboard.press("Enter");
      found["wrong field"] = await it.violations();
      expect(Object.entries(found).filter(([, all]) => all.length > 0)).toEqual([]);
      expect(await it.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    }
  });

  it.each([
    [
      "Ed25519",
      `const { importKey } = SubtleCrypto.prototype;
       SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
         window.lacked = algorithm.name === "Ed25519" || window.lacked;
         return algorithm.name === "Ed25519" ? Promise.reject(new DOMException("no", "NotSupportedError")) : importKey.call(this, format, key, algorithm, ...rest);
       }`,
    ],
    ["WebCrypto", `Object.defineProperty(Crypto.prototype, "subtle", { get: () => ((window.lacked = true), undefined) })`],
  ])("works in a browser without %s, and still refuses", async (_, before) => {
    const it = await open({ before });
    await it.give(trust, result);
    expect(await word(it)).toBe("Warning");
    expect(await it.page.evaluate("window.lacked")).toBe(true);
    const [end] = result.buffer.subarray(-1);
    await it.give(null, file("end.attested", Buffer.concat([result.buffer.subarray(0, -1), Buffer.of((end ?? 0) ^ 1)])));
    await it.page.getByText("end.attested").first().waitFor();
    expect(await word(it)).toBe("Contraindicated");
  });

  it("never says that there are no findings where they were withheld", async () => {
    const it = await open();
    const none = ORDINARY.filter(([name]) => name !== "finding");
    await it.give(trust, ordinary(none).result);
    expect(await it.page.locator(".tiles").innerText()).toMatch(/Alarm\s+yes[^]*Findings\s+withheld/);
    expect(await body(it)).toContain("Withheld: that none is shown does not say that there was none.");
    const quiet = { anyAlarm: false, highestPriority: "none", secondsNotAssessed: 0 } as const;
    const calm = ordinary(none.map((one) => (one[0] === "alarm-summary" ? ["alarm-summary", quiet] : one))).result;
    await it.give(null, file("quiet.attested", calm.buffer));
    await it.page.getByText("quiet.attested").first().waitFor();
    expect(await it.page.locator(".tiles").innerText()).toMatch(/Findings\s+0/);
  });

  it("says when the alarm summary was withheld, or the job denied", async () => {
    const it = await open();
    await it.give(trust, ordinary(VALUES.filter(([name]) => name !== "alarm-summary")).result);
    expect(await it.page.locator(".tiles").innerText()).toMatch(/Alarm\s+unknown\s+the alarm summary was withheld/);
    await it.give(null, file("denied.attested", ordinary([["denial", "purpose-unknown"]]).result.buffer));
    await it.page.getByText("denied.attested").first().waitFor();
    expect(await it.page.locator(".headline").innerText()).toMatch(/^Denied\s+Nothing was analysed. Reason: purpose-unknown/);
    expect(await it.page.locator("#findings").count()).toBe(0);
  });
});

function pages(pdf: Buffer): number {
  return pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
}
