import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Bundle } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { AuthoringError } from "../authoring/errors.ts";
import { cedarWasmUrl, loadCedar } from "../cedar/index.ts";
import { CEDAR_SCHEMA } from "../cedar/schema.ts";
import { DEVELOPMENT_POLICIES } from "../development/policies.ts";
import { runTable } from "./run-table.ts";
import { TABLE_EXAMPLE } from "./table-example.ts";
import { readTable } from "./table.ts";

const ADA = "ad".repeat(32);
const policies = `${DEVELOPMENT_POLICIES}
forbid (principal == Submitter::"${ADA}", action, resource) unless { resource in Ward::"icu" };
`;
const bundle: Bundle = {
  version: 1,
  policyVersion: 1,
  constitutionDigest: new Uint8Array(48),
  notBefore: 1_800_000_000,
  notAfter: 1_800_003_600,
  cedar: { schema: CEDAR_SCHEMA, policies },
  purposes: [
    { code: "TREAT", care: true, grantRequired: false, submitterLevel: "full", recipientLevel: "full" },
    { code: "HRESCH", care: false, grantRequired: true, submitterLevel: "full", recipientLevel: "findings" },
  ],
  detectors: [{ id: "news2", parameters: null }],
  grantIssuers: [{ name: "office", key: { alg: "Ed25519", key: new Uint8Array(32).fill(5) } }],
  devices: {
    registered: [{ name: "monitor", key: { alg: "Ed25519", key: new Uint8Array(32).fill(6) }, subject: null }],
    unsigned: "accept",
    unknown: "deny",
    gap: "flag",
    replay: "deny",
  },
  breakGlass: null,
  dataKeys: [],
  careGraceSeconds: 3600,
  freshStatus: false,
  telemetry: null,
};
const cedar = loadCedar(new Uint8Array(readFileSync(fileURLToPath(cedarWasmUrl())))).open(bundle.cedar);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const actual = (context: object, more: object = {}): string | undefined =>
  runTable(readTable(JSON.stringify({ tests: [{ name: "x", context, expect: "allow", ...more }] })), bundle, { cedar, sha256 })[0]?.actual;

describe("a table test", () => {
  it.each<[string, object, object, string]>([
    ["care", { purpose: "TREAT" }, {}, "allow"],
    ["research with a grant", { purpose: "HRESCH", grant: { issuer: "office" } }, {}, "allow"],
    ["research without one", { purpose: "HRESCH" }, {}, "denied-grant-missing"],
    ["a grant by somebody else", { purpose: "HRESCH", grant: { issuer: "other" } }, {}, "denied-grant"],
    ["a grant for another subject", { purpose: "HRESCH", grant: { issuer: "office", subject: "other" } }, {}, "denied-grant-subject"],
    ["a grant for another purpose", { purpose: "HRESCH", grant: { issuer: "office", purposes: ["TREAT"] } }, {}, "denied-grant-purpose"],
    [
      "a grant without a channel",
      { purpose: "HRESCH", channels: ["loinc:1-1"], grant: { issuer: "office", channels: ["loinc:2-2"] } },
      {},
      "denied-grant-channel",
    ],
    [
      "a grant of a narrower level",
      { purpose: "HRESCH", levels: ["full"], grant: { issuer: "office", level: "alarm" } },
      {},
      "denied-grant-level",
    ],
    ["a use too many", { purpose: "HRESCH", grant: { issuer: "office", uses: 2, use: 3 } }, {}, "denied-grant-use"],
    ["a level too wide", { purpose: "HRESCH", levels: ["full", "full"], grant: { issuer: "office" } }, {}, "denied-level"],
    ["a registered device", { purpose: "TREAT", device: { name: "monitor" } }, {}, "allow"],
    ["a gap", { purpose: "TREAT", device: { name: "monitor", order: "device-gap" } }, {}, "allow"],
    ["a replay", { purpose: "TREAT", device: { name: "monitor", order: "device-replay" } }, {}, "denied-device-replay"],
    ["another device", { purpose: "TREAT", device: { name: null } }, {}, "denied-device-unknown"],
    ["a stale list, for care", { purpose: "TREAT", statusStale: true }, {}, "allow"],
    ["a stale list, else", { purpose: "HRESCH", statusStale: true, grant: { issuer: "office" } }, {}, "denied-status-stale"],
    ["after the bundle's end", { purpose: "TREAT", at: "2030-01-01T00:00:00Z" }, {}, "denied-policy-window"],
    ["Cedar's forbid of a principal", { purpose: "TREAT" }, { principal: ADA, resource: { subject: "p", ward: "er" } }, "denied-cedar"],
    ["the same principal on their ward", { purpose: "TREAT" }, { principal: ADA, resource: { subject: "p", ward: "icu" } }, "allow"],
    ["an emergency", { purpose: "HRESCH", breakGlass: { level: "full", purposes: ["HRESCH"] } }, {}, "allow"],
    [
      "an emergency for something else",
      { purpose: "HRESCH", breakGlass: { level: "full", purposes: ["TREAT"] } },
      {},
      "denied-emergency-purpose",
    ],
  ])("tells %s", (_, context, more, expected) => {
    expect(actual(context, more)).toBe(expected);
  });

  it("passes on what was expected alone, or on any denial where that was", () => {
    const rows = readTable(
      JSON.stringify({
        tests: (["allow", "deny", "denied-purpose", "denied-level"] as const).map((expect_) => ({
          name: expect_,
          context: { purpose: "X" },
          expect: expect_,
        })),
      }),
    );
    expect(runTable(rows, bundle, { cedar, sha256 }).map(({ passed }) => passed)).toEqual([false, true, true, false]);
  });

  it.each([
    ["no tests", { tests: [] }, "tests: expected at least one test"],
    [
      "a code that there is not",
      { tests: [{ name: "x", context: { purpose: "X" }, expect: "denied-mood" }] },
      "tests[0].expect: expected one of allow, deny",
    ],
    [
      "a member that there is not",
      { tests: [{ name: "x", context: { purpose: "X", mood: 1 }, expect: "allow" }] },
      "tests[0].context.mood: expected no such member",
    ],
    [
      "a time that does not exist",
      { tests: [{ name: "x", context: { purpose: "X", at: "2026-02-31" }, expect: "allow" }] },
      "tests[0].context.at",
    ],
    ["nothing", null, "the file: expected an object"],
  ])("refuses %s by its place", (_, table, sentence) => {
    expect(() => readTable(JSON.stringify(table))).toThrow(AuthoringError);
    expect(() => readTable(JSON.stringify(table))).toThrow(sentence);
  });

  it("reads its own example", () => {
    expect(readTable(TABLE_EXAMPLE)).toHaveLength(7);
  });
});
