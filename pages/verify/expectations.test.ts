import { describe, expect, it } from "vitest";
import { documentMode, EMPTY_FORM, parseForm, type Form } from "./expectations.ts";

const parse = (change: Partial<Form>, hasDocuments = true): ReturnType<typeof parseForm> =>
  parseForm({ ...EMPTY_FORM, ...change }, hasDocuments);

describe("parseForm", () => {
  it("takes empty fields for nothing expected", () => {
    expect(parse({}).expectations).toEqual({ nonce: null, jobDigest: null, policyVersion: null, documents: "archived", maxAgeMs: null });
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
    ["maxAge", "10 s"],
    ["maxAge", "1000000001"],
  ])("takes no %s of %j for an empty one", (name, text) => {
    const { expectations, problems } = parse({ documents: "live", [name]: text });
    expect(expectations).toBeNull();
    expect(Object.keys(problems)).toEqual([name]);
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
});
