import { describe, expect, it } from "vitest";
import { UsageError } from "../exit.ts";
import { parseExpected, parseManifest } from "./manifest.ts";
import { ACCEPTED, EMPTY_REFUSED, manifest } from "./test-support/mini-kit.ts";

const ID = "001-a";
const read = (changes: Record<string, unknown>): unknown => parseManifest(JSON.stringify(manifest(ID, changes)), ID);

describe("manifest.json", () => {
  it("is read whole", () => {
    expect(read({})).toEqual({
      id: ID,
      title: "vector 001-a",
      rule: "reject-2",
      mode: "live",
      time: "2026-11-21T10:00:00.000Z",
      nonce: null,
      maxAgeSeconds: 300,
      expect: null,
      consistency: null,
      crls: [],
    });
    expect(
      read({
        rule: "accept-13",
        mode: "archived",
        time: null,
        nonce: "00ff",
        maxAgeSeconds: null,
        expect: { jobDigest: "ab", policyVersion: 3 },
        consistency: "report",
        crls: ["crl-1.der", "crl-2.der"],
      }),
    ).toMatchObject({
      time: null,
      nonce: "00ff",
      expect: { jobDigest: new Uint8Array([0xab]), nonce: null, policyVersion: 3 },
      consistency: "report",
      crls: ["crl-1.der", "crl-2.der"],
    });
  });

  it.each([
    ["an unknown key", { skew: 1 }, '"skew" is not a known key'],
    ["__proto__", JSON.parse('{"__proto__":{"mode":"live"}}') as Record<string, unknown>, "not a known key"],
    ["another id", { id: "002-b" }, "id must be"],
    ["no title", { title: undefined }, "title is missing"],
    ["an empty reason", { reason: "" }, "reason must be"],
    ["a long source", { source: "x".repeat(1001) }, "source must be"],
    ["a rule that is none", { rule: "reject-46" }, "rule must be"],
    ["rule 0", { rule: "accept-0" }, "rule must be"],
    ["a mode that is none", { mode: "past" }, "mode must be"],
    ["no time in live mode", { time: null }, "live mode needs a time"],
    ["no key for the time", { time: undefined }, "time is missing"],
    ["a time without ms", { time: "2026-11-21T10:00:00Z" }, "time must be"],
    ["31 February", { time: "2026-02-31T10:00:00.000Z" }, "time must be"],
    ["a time in figures", { time: 1_800_000_000_000 }, "time must be"],
    ["upper-case hex", { nonce: "FF" }, "nonce must be"],
    ["half a byte", { nonce: "f" }, "nonce must be"],
    ["a negative age", { maxAgeSeconds: -1 }, "maxAgeSeconds must be"],
    ["a text for an age", { maxAgeSeconds: "300" }, "maxAgeSeconds must be"],
    ["an age in archived mode", { mode: "archived" }, "maxAgeSeconds is for live mode"],
    ["an unknown expectation", { expect: { subject: "x" } }, '"subject" is not a known key'],
    ["an expectation that is a list", { expect: [] }, "expect is not an object"],
    ["another consistency", { consistency: "ignore" }, "consistency must be"],
    ["a list with a path out", { crls: ["../crl-1.der"] }, "crls must be"],
    ["a list that is none", { crls: "crl-1.der" }, "crls must be"],
    ["too many lists", { crls: Array.from({ length: 33 }, (_, i) => `crl-${i + 1}.der`) }, "crls must be"],
  ])("refuses %s", (_what, changes, problem) => {
    expect(() => read(changes)).toThrow(UsageError);
    expect(() => read(changes)).toThrow(problem);
  });

  it.each([
    ["[]", "not an object"],
    ["null", "not an object"],
    ["{", "not JSON"],
    ["", "not JSON"],
    [`{"mode":"live",${JSON.stringify(manifest(ID)).slice(1)}`, "one key stands twice"],
    [`{"m\\u006fde":"live",${JSON.stringify(manifest(ID)).slice(1)}`, "one key stands twice"],
  ])("refuses %s", (text, problem) => {
    expect(() => parseManifest(text, ID)).toThrow(problem);
  });

  it("is not misled by keys inside texts", () => {
    expect(read({ title: '{"mode":"live","mode":1}\\' })).toMatchObject({ mode: "live" });
  });
});

describe("expected.json", () => {
  it.each([EMPTY_REFUSED, ACCEPTED])("is read whole: %j", (expected) => {
    expect(parseExpected(JSON.stringify(expected))).toEqual({ reasons: null, ...expected });
  });

  it.each([
    [{ ...EMPTY_REFUSED, exit: 1 }, "exit must be"],
    [{ ...EMPTY_REFUSED, exit: 0 }, "contradict"],
    [{ ...ACCEPTED, exit: 10 }, "contradict"],
    [{ ...ACCEPTED, reasons: undefined }, "has reasons"],
    [{ ...EMPTY_REFUSED, reasons: ["verified"] }, "has none"],
    [{ ...EMPTY_REFUSED, code: "Envelope Size" }, "code must be"],
    [{ ...EMPTY_REFUSED, stage: undefined }, "stage is missing"],
    [{ ...EMPTY_REFUSED, note: "x" }, "not a known key"],
  ])("refuses %j", (expected, problem) => {
    expect(() => parseExpected(JSON.stringify(expected))).toThrow(problem);
  });
});
