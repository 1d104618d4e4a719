import { describe, expect, it } from "vitest";
import { documentMode, EMPTY_FORM, expectationText, parseForm, type Form } from "./expectations.ts";

const NOTHING = { nonce: null, jobDigest: null, policyVersion: null, atMs: null, required: { purposes: null, grantIssuers: null } };
const parse = (change: Partial<Form>, hasDocuments = true): ReturnType<typeof parseForm> =>
  parseForm({ ...EMPTY_FORM, ...change }, hasDocuments);

describe("parseForm", () => {
  it("takes empty fields for nothing expected", () => {
    expect(parse({}).expectations).toEqual({ ...NOTHING, documents: "archived", maxAgeMs: null });
  });

  it("reads hex of either case with spaces, and whole numbers", () => {
    const { expectations } = parse({
      nonce: " 0A ff\n",
      jobDigest: "aB".repeat(32),
      policyVersion: " 3 ",
      documents: "live",
      maxAge: "900",
    });
    expect(expectations).toEqual({
      ...NOTHING,
      nonce: Uint8Array.of(10, 255),
      jobDigest: new Uint8Array(32).fill(0xab),
      policyVersion: 3,
      documents: "live",
      maxAgeMs: 900_000,
    });
  });

  it.each<[keyof Form, string]>([
    ["nonce", "0"],
    ["nonce", "0x00"],
    ["nonce", "00".repeat(513)],
    ["jobDigest", "00".repeat(31)],
    ["jobDigest", "00".repeat(33)],
    ["policyVersion", "-1"],
    ["policyVersion", "1.5"],
    ["policyVersion", "1e3"],
    ["policyVersion", "1099511627777"],
    ["at", "2026-02-30"],
    ["at", "2026-03-01T12:00"],
    ["at", "yesterday"],
    ["at", "2026-03-01"], // not for documents that are judged live
    ["grantIssuer", "00".repeat(31)],
    ["grantIssuer", `${"00".repeat(32)} x`],
    ["maxAge", "10 s"],
    ["maxAge", "1000000001"],
  ])("takes no %s of %j for an empty one", (name, text) => {
    const { expectations, problems } = parse({ documents: "live", [name]: text });
    expect(expectations).toBeNull();
    expect(Object.keys(problems)).toEqual([name]);
  });

  it("reads times with their zone, days, purposes and issuers of grants", () => {
    const at = (text: string): number | null | undefined => parse({ at: text }).expectations?.atMs;
    expect([at("2026-03-01"), at(" 2026-03-01T13:30:00+01:00 "), at("2026-03-01T12:30Z")]).toEqual(
      ["2026-03-01T00:00:00Z", "2026-03-01T12:30:00Z", "2026-03-01T12:30:00Z"].map(Date.parse),
    );
    const { expectations } = parse({ purpose: "HPAYMT, TREAT", grantIssuer: `${"AA".repeat(32)}\n${"bb".repeat(32)}` });
    expect(expectations?.required).toEqual({
      purposes: ["HPAYMT", "TREAT"],
      grantIssuers: [new Uint8Array(32).fill(0xaa), new Uint8Array(32).fill(0xbb)],
    });
  });

  it("minds a maximum age only where it is asked for", () => {
    expect(parse({ maxAge: "x" }).expectations?.maxAgeMs).toBeNull();
    expect(parse({ documents: "live", maxAge: "x" }, false).expectations?.maxAgeMs).toBeNull();
  });
});

describe("documentMode", () => {
  it("is live at the given time, or archived at the document's own", () => {
    const { expectations } = parse({ documents: "live", nonce: "00" });
    if (expectations === null) throw new Error("no expectations");
    expect(documentMode(expectations, 5)).toMatchObject({ kind: "live", nowMs: 5, nonce: Uint8Array.of(0), maxAgeMs: null });
    expect(documentMode({ ...expectations, documents: "archived" }, 5)).toEqual({ kind: "archived", atMs: null, nonce: Uint8Array.of(0) });
  });

  it("is archived at the time that was asked for", () => {
    const { expectations } = parse({ at: "2026-03-01" });
    if (expectations === null) throw new Error("no expectations");
    expect(documentMode(expectations, 5)).toMatchObject({ kind: "archived", atMs: Date.parse("2026-03-01") });
  });
});

describe("expectationText", () => {
  it("says what was asked for, or that nothing was", () => {
    const text = (change: Partial<Form>): string | null => {
      const { expectations } = parse(change);
      return expectations === null ? "" : expectationText(expectations);
    };
    expect(text({})).toBeNull();
    const issuer = "cc".repeat(32);
    expect(
      text({ nonce: "0a", jobDigest: "ab".repeat(32), policyVersion: "3", purpose: "A B", grantIssuer: issuer, at: "2026-03-01" }),
    ).toBe(
      `nonce 0a; job ${"ab".repeat(32)}; policy version 3 or later; purpose A or B; a grant of ${issuer}; judged as of 2026-03-01 00:00:00 UTC`,
    );
  });
});
