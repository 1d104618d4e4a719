import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { foundConstitution, testConstitution } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { makeList, namesLists } from "@caladrius/attestation-verifier/generate/test-crl.ts";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { makeChain, pcr } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { makeStatusList } from "@caladrius/attestation-verifier/generate/test-status-list.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, VerifyPage, type OpenPage } from "./test-support/browser.ts";
import { file, HOSTILE, NOW_MS, ORDINARY } from "./test-support/files.ts";

const founded = foundConstitution(testConstitution({ name: HOSTILE.slice(0, 60) }));
const made = makeGovernedResult({ founded, chain: makeChain(namesLists), values: ORDINARY });
const result = file("patient-1.attested", made.bytes);
const trust = file("trust.json", made.trust("approved"));
const statusList = file(
  `\u202erobc.${HOSTILE}`,
  makeStatusList(founded.constitutionDigest, { number: 12, releases: [{ digest: pcr(0x44), images: [pcr(0x10)], lifecycle: "active" }] }),
);
const constitution = file("constitution.cose", founded.statement);
const root = file("root.crl", makeList("root"));
const regional = file("regional.crl", makeList("regional"));
const sha256 = ({ buffer }: typeof result): string => createHash("sha256").update(buffer).digest("hex");

describe.skipIf(CHROMIUM === null)("lists on the verification page, opened from a file in Chromium", () => {
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
    const one = await built.open({ nowMs: NOW_MS + 3_600_000, ...options });
    opened.push(one);
    return one;
  };
  /** Judged by every list: the verdict says so. */
  const judged = async ({ page }: OpenPage): Promise<void> => {
    await page.getByRole("heading", { name: "The status list" }).waitFor();
    await page.locator("#evidence ~ dl.facts", { hasText: "regional certificate, zonal certificate" }).waitFor();
  };

  it("are told by their content wherever they are given, one by one or together", async () => {
    const it = await open();
    await it.page.locator("#trust").setInputFiles(constitution);
    await it.page.locator("#trust").setInputFiles(trust);
    await it.page.locator("#files").setInputFiles([root, result, statusList]);
    await it.page.locator("#lists").setInputFiles([regional]);
    await judged(it);
    expect(await it.page.locator(".lists .kind").allInnerTexts()).toEqual([
      "status list",
      "constitution",
      "revocation list 1",
      "revocation list 2",
    ]);
    const notes = it.page.locator("main > .problem");
    expect(await notes.count()).toBe(0);
    await it.page.locator("#lists").setInputFiles([file("notes.crl", "nothing"), trust, file("x.release", made.source.statement)]);
    await notes.nth(2).waitFor();
    expect((await notes.allInnerTexts()).join("\n")).toMatch(
      /notes\.crl was not used: it is no status list.*\ntrust\.json looks like a trust file.*\nx\.release was not used: it is a release/,
    );
    await judged(it); // and what was judged stands
  });

  it("are named in the record, which still takes one page, and in the saved verdict", async () => {
    const it = await open({ before: "window.print = () => (window.printed = true)" });
    await it.give(trust, result);
    await it.page.locator("#lists").setInputFiles([{ ...statusList, name: "status-list.cbor" }, constitution, root, regional]);
    await judged(it);
    const pdf = await it.page.pdf({ preferCSSPageSize: true });
    expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length).toBe(1);
    await it.page.locator("#lists").setInputFiles(statusList);
    await it.page.getByRole("button", { name: /^Remove .*robc/ }).waitFor();
    await judged(it);
    const [download] = await Promise.all([
      it.page.waitForEvent("download"),
      it.page.getByRole("button", { name: "Save verdict (JSON)" }).click(),
    ]);
    const saved = JSON.parse(await readFile(await download.path(), "utf8")) as Record<string, unknown>;
    expect(saved["lists"]).toEqual(
      [
        ["status list", statusList],
        ["constitution", constitution],
        ["revocation list", root],
        ["revocation list", regional],
      ].map(([kind, given]) => expect.objectContaining({ kind, sha256: sha256(given as typeof result) })),
    );
    expect(saved).toMatchObject({ claims: { statusList: { number: 12, inForceThen: true } } });
    await it.page.emulateMedia({ media: "print" });
    const text = await it.page.locator("body").innerText();
    for (const one of [statusList, constitution, root, regional]) expect(text).toContain(sha256(one));
    expect(text).toMatch(/Status list.*number 12, in force from 2026-03-01 12:00:00 UTC to 2026-03-02 12:00:00 UTC/s);
    expect(text).toMatch(/Revocation list 1.*root\.crl: of test\.nitro-enclaves, 2026-03-01 11:00:00 UTC to 2026-03-08 12:00:00 UTC/s);
    expect(text).toMatch(/Not checked.*Not held against the status list: the submitter/s);
    expect(text).not.toMatch(/[\u0007\u202e\u2066]/);
    await it.page.emulateMedia({ media: "screen" });
    expect(await it.page.locator("body").innerText()).not.toMatch(/[\u0007\u202e\u2066]/);
    await it.page.getByRole("button", { name: /^Remove .*robc/ }).click();
    for (const name of ["constitution.cose", "root.crl", "regional.crl"])
      await it.page.getByRole("button", { name: `Remove ${name}` }).click();
    await it.page.emulateMedia({ media: "print" });
    await it.page.getByText("none: neither a status list nor revocation lists were given").waitFor();
  });

  it("are chosen and removed by keyboard alone", async () => {
    const it = await open();
    const { keyboard } = it.page;
    it.page.on("filechooser", (chooser) => void chooser.setFiles([root]));
    await it.give(trust, result);
    await it.page.locator("h2#verdict:focus").waitFor();
    await it.page.locator("#lists").focus();
    await keyboard.press("Enter");
    await it.page.locator("h2#verdict:focus").waitFor();
    await it.page.locator("#evidence ~ dl.facts", { hasText: "Not revoked" }).waitFor();
    await it.page.locator("#lists").focus();
    await keyboard.press("Tab");
    expect(await it.page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe("Remove root.crl");
    await keyboard.press("Space");
    await it.page.locator("#lists:focus").waitFor();
    await it.page.locator("section.verdict").waitFor();
    expect(await it.page.locator("#evidence ~ dl.facts").innerText()).not.toContain("Not revoked");
  });

  it("have no finding of axe, light and dark, and scroll sideways nowhere", async () => {
    for (const [scheme, width] of [
      ["light", 1100],
      ["dark", 360],
    ] as const) {
      const it = await open({ scheme, width });
      const wide = (): Promise<number> => it.page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      const lists = it.page.locator("#lists");
      await lists.setInputFiles([statusList, constitution]);
      await it.page.getByText("Not verified yet").first().waitFor();
      expect([await it.violations(), await wide()]).toEqual([[], 0]);
      await it.give(trust, result);
      await lists.setInputFiles([root, regional]);
      await judged(it);
      expect([await it.violations(), await wide()]).toEqual([[], 0]);
      await lists.setInputFiles([file("cut.cbor", statusList.buffer.subarray(0, 150)), file("cut.crl", root.buffer.subarray(0, 150))]);
      await it.page.locator(".lists [role=alert]").nth(1).waitFor();
      expect([await it.violations(), await wide()]).toEqual([[], 0]);
    }
  });
});
