import { sign } from "node:crypto";
import { compareBytes, encodeCbor, encodeDisclosure, encodeStatement, type CborValue, type ResultClaims } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { appraise } from "../appraise/appraise.ts";
import { verifyEvidence } from "../evidence/verify-evidence.ts";
import { hex } from "../generate/der.ts";
import {
  CONSTITUTION_DIGEST,
  extended,
  IDENTITY,
  JOB_DIGEST,
  makeResultFile,
  NONCE,
  POLICY_DIGEST,
  rawEd25519,
  sha256,
  trustText,
  VALUES,
  type NamedValue,
  type ResultOptions,
} from "../generate/test-result.ts";
import { makeChain, NOW_MS, pcr, PCR4, RESULT_KEY } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { signatures as noble } from "../signatures/noble.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { verifyIdentity } from "../result/verify-identity.ts";
import { verifyResult } from "../result/verify-result.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { verdictJson } from "./verdict-json.ts";
import { verifyResultFile } from "./verify-result-file.ts";

const chain = makeChain();
const good = makeResultFile({ chain });
const trust = parseTrustFile(good.trust);
const HOUR = 3_600_000;
const from = (ms: number): Partial<ResultClaims> => ({ interval: { fromMs: ms, toMs: ms }, iat: Math.ceil(ms / 1000) });
const signResult = (payload: Uint8Array): Uint8Array =>
  encodeStatement("result", "Ed25519", payload, (toBeSigned) => new Uint8Array(sign(null, toBeSigned, RESULT_KEY)));

async function codeOf(options: ResultOptions, expected = {}): Promise<string> {
  const verdict = await verifyResultFile(makeResultFile({ chain, ...options }).bytes, trust, expected, signatures);
  expect(verdict.claims === null).toBe(verdict.status === "contraindicated");
  return verdict.code;
}

describe("a good result file", () => {
  it.each([
    ["node:crypto", signatures],
    ["WebCrypto", webcrypto],
    ["noble", noble],
  ])("is accepted with its claims on %s", async (_, backend) => {
    const verdict = await verifyResultFile(good.bytes, trust, { jobDigest: JOB_DIGEST, nonce: NONCE, policyVersion: 3 }, backend);
    expect(verdict).toMatchObject({
      status: "warning",
      code: "time-not-proved",
      mode: "archived",
      atMs: NOW_MS,
      exitCode: 0,
      notChecked: ["revocation", "time", "input provenance", "fork", "tail", "witness", "lifecycle"],
      claims: {
        withheldAtMost: 10,
        software: IDENTITY.software,
        disclosed: { "alarm-summary": { anyAlarm: true }, subject: "pseudonym-1", finding: [{ code: "news2-5" }] },
      },
    });
  });

  it("is read from a copy, of a Node Buffer too: what becomes of the caller's bytes meanwhile does not matter", async () => {
    const mode = { kind: "live", nowMs: NOW_MS + 120_000, nonce: null, maxAgeMs: null } as const;
    const buffer = Buffer.from(good.bytes);
    const verdict = verifyResultFile(buffer, trust, { mode }, signatures);
    buffer.fill(0);
    expect(await verdict).toMatchObject({ status: "affirming", claims: { disclosed: { subject: "pseudonym-1" } } });

    const document = Buffer.from(good.file.evidence);
    const evidence = await verifyEvidence(document, { anchors: trust.anchors, mode: { ...mode, maxAgeMs: HOUR }, signatures });
    const identityBytes = Buffer.from(good.file.identity);
    const result = { result: Buffer.from(good.file.result), disclosures: good.file.disclosures };
    document.fill(0);
    const by = verifyIdentity(appraise(evidence, trust), identityBytes);
    identityBytes.fill(0);
    const verified = verifyResult(by, result, { jobDigest: JOB_DIGEST, nonce: NONCE, policyVersion: null }, signatures);
    result.result.fill(0);
    expect(await verified).toMatchObject({ by: { identity: { software: IDENTITY.software } }, claims: { policy: { version: 3 } } });
  });

  it("is affirming in live mode", async () => {
    const mode = { kind: "live", nowMs: NOW_MS + 120_000, nonce: null, maxAgeMs: null } as const;
    expect(await verifyResultFile(good.bytes, trust, { mode }, signatures)).toMatchObject({
      status: "affirming",
      code: "verified",
      reasons: ["verified"],
    });
    const late = { ...mode, nowMs: NOW_MS + 601_000 };
    expect(await verifyResultFile(good.bytes, trust, { mode: late }, signatures)).toMatchObject({ code: "timestamp-age" });
    const early = { ...mode, nowMs: NOW_MS - 1000 };
    expect(await verifyResultFile(good.bytes, trust, { mode: early }, signatures)).toMatchObject({ code: "result-future" });
  });

  it("becomes JSON of the documented shape", async () => {
    const json = verdictJson(await verifyResultFile(good.bytes, trust, {}, signatures));
    expect(Object.keys(json)).toEqual(["status", "mode", "at", "code", "stage", "spec", "sentence", "claims", "notChecked"]);
    expect(JSON.parse(JSON.stringify(json))).toMatchObject({
      at: "2026-03-01T12:00:00.000Z",
      claims: {
        evidence: { pcrs: { 16: Buffer.from(extended(CONSTITUTION_DIGEST)).toString("hex") } },
        disclosed: { series: [{ values: [1, 800, 1600] }] },
      },
    });
    expect(verdictJson(await verifyResultFile(hex("00"), trust, {}, signatures))).toMatchObject({
      status: "contraindicated",
      claims: null,
      at: null,
    });
  });

  it.each<[string, ResultOptions, string]>([
    ["without its alarm summary", { disclose: (all) => all.slice(1) }, "alarm-summary-withheld"],
    ["with nothing disclosed", { disclose: () => [] }, "alarm-summary-withheld"],
    ["of a denied job", { values: [["denial", "denied-purpose"]] }, "denied"],
    ["under a stale status list", { claims: { flags: { breakGlass: false, statusStale: true, statusFresh: false } } }, "status-stale"],
    ["after break-glass", { claims: { flags: { breakGlass: true, statusStale: false, statusFresh: true } } }, "break-glass"],
  ])("is a warning %s", async (_, options, code) => {
    const mode = { kind: "live", nowMs: NOW_MS + 120_000, nonce: null, maxAgeMs: null } as const;
    expect(await verifyResultFile(makeResultFile({ chain, ...options }).bytes, trust, { mode }, signatures)).toMatchObject({
      status: "warning",
      code,
    });
  });

  it("counts what is withheld, and knows a device that signed", async () => {
    const verdict = await verifyResultFile(signed([], (all) => all.slice(0, 5)).bytes, trust, {}, signatures);
    expect(verdict.claims?.withheldAtMost).toBe(11);
    expect(verdict.notChecked).not.toContain("input provenance");
  });

  it.each<[string, boolean, readonly string[]]>([
    ["that nothing is told of", true, []],
    ["with a gap before the recording", true, ["device-gap"]],
    ["that the policy does not know", false, ["device-unknown"]],
    ["that does not know, with a gap", false, ["device-unknown", "device-gap"]],
    ["that signed it before", false, ["device-replay"]],
  ])("a device %s speaks for the recording: %s, and never where the coverage is withheld", async (_, speaks, flags) => {
    const all = await verifyResultFile(signed(flags).bytes, trust, {}, signatures);
    expect(all.status).not.toBe("contraindicated");
    expect(!all.notChecked.includes("input provenance")).toBe(speaks);
    const withheld = await verifyResultFile(signed(flags, (values) => values.slice(1)).bytes, trust, {}, signatures);
    expect(withheld.claims?.disclosed.input?.device).toBeInstanceOf(Uint8Array);
    expect(withheld.notChecked).toContain("input provenance");
  });
});

/** A result of a recording that a device signed, with what the enclave tells of that device. */
function signed(flags: readonly string[], disclose?: ResultOptions["disclose"]): ReturnType<typeof makeResultFile> {
  const [fromMs, toMs] = [NOW_MS - 60_000, NOW_MS];
  const unassessed = flags.map((reason) => ({ detector: "device", channel: null, fromMs, toMs, reason }));
  const coverage: NamedValue = ["coverage", { fromMs, toMs, samplesReceived: 60, rejected: [], gaps: 0, notAssessedMs: 0, unassessed }];
  const values = VALUES.filter(([name]) => name !== "coverage").map((pair) =>
    pair[0] === "input" ? (["input", { ...pair[1], device: new Uint8Array(32), sequence: 4 }] as const) : pair,
  );
  return makeResultFile({ chain, values: [coverage, ...values], ...(disclose === undefined ? {} : { disclose }) });
}

describe("result files that are refused", () => {
  const zeroTo = (index: number): Map<number, CborValue> =>
    new Map<number, CborValue>(
      [
        [0, pcr(0x10)],
        [1, pcr(0x11)],
        [2, pcr(0x12)],
        [4, PCR4],
        [16, extended(CONSTITUTION_DIGEST)],
        [17, extended(POLICY_DIGEST)],
      ].filter(([at]) => at !== index) as [number, CborValue][],
    );
  it.each<[string, string, ResultOptions]>([
    ["a part that this build cannot verify", "result-file-unsupported", { file: { receipt: hex("00") } }],
    ["evidence for another identity", "identity-commitment", { fields: { user_data: new Uint8Array(48) } }],
    ["evidence without commitment", "identity-commitment", { fields: { user_data: null } }],
    ["evidence with a public key", "identity-public-key", { fields: { public_key: hex("00") } }],
    ["an identity that is none", "identity-form", { identityBytes: hex("80") }],
    ["an identity of version 2", "identity-version", { identityBytes: encodeCbor(new Map<string, CborValue>([["v", 2]])) }],
    ["an identity with another constitution", "identity-constitution", { identity: { constitutionDigest: POLICY_DIGEST } }],
    ["an identity with another policy", "identity-policy", { identity: { policyDigest: CONSTITUTION_DIGEST } }],
    ["evidence without PCR17", "identity-policy", { fields: { pcrs: zeroTo(17) } }],
    ["evidence without PCR16", "measurement-mismatch", { fields: { pcrs: zeroTo(16) } }],
    [
      "a constitution that the trust file does not pin",
      "measurement-mismatch",
      { identity: { constitutionDigest: POLICY_DIGEST }, fields: { pcrs: zeroTo(16).set(16, extended(POLICY_DIGEST)) } },
    ],
    ["a result that is no statement", "result-statement", { statement: () => hex("80") }],
    [
      "a status offered as a result",
      "result-kind",
      { statement: (payload) => encodeStatement("status", "Ed25519", payload, (bytes) => new Uint8Array(sign(null, bytes, RESULT_KEY))) },
    ],
    [
      "a result under P-256",
      "result-kind",
      { statement: (payload) => encodeStatement("result", "ESP256", payload, () => new Uint8Array(64)) },
    ],
    ["a result signed by another key", "result-signature", { identity: { resultKey: rawEd25519(RESULT_KEY).with(0, 1) } }],
    [
      "a result under a key of small order",
      "result-signature",
      {
        identity: { resultKey: new Uint8Array(32).with(0, 1) },
        statement: (payload) => encodeStatement("result", "Ed25519", payload, () => new Uint8Array(64).with(0, 1)),
      },
    ],
    ["claims that are none", "result-claims", { statement: () => signResult(encodeCbor(new Map())) }],
    ["a result of another identity", "result-identity", { claims: { identityDigest: new Uint8Array(48) } }],
    ["a result under another constitution", "result-constitution", { claims: { constitutionDigest: new Uint8Array(48) } }],
    ["a result under another policy", "result-policy", { claims: { policy: { digest: new Uint8Array(48), version: 3 } } }],
    [
      "an interval that ends before it begins",
      "result-interval",
      { claims: { interval: { fromMs: NOW_MS + 60_002, toMs: NOW_MS + 60_001 } } },
    ],
    ["an iat beside its interval", "result-interval", { claims: { iat: NOW_MS / 1000 } }],
    ["a result from before its evidence", "result-before-evidence", { claims: from(NOW_MS - 1) }],
    ["a result from more than an hour after its evidence", "result-after-evidence", { claims: from(NOW_MS + HOUR + 1) }],
    [
      "a result from after its certificate",
      "result-after-certificate",
      { fields: { timestamp: NOW_MS + 1.5 * HOUR }, claims: from(NOW_MS + 2.25 * HOUR) },
    ],
    ["digests that are not sorted", "disclosure-array", { digests: (all) => all.toReversed() }],
    ["a digest twice", "disclosure-array", { digests: (all) => all.map((one, i) => (i === 1 ? (all[0] ?? one) : one)) }],
    ["an array of 17", "disclosure-array", { digests: (all) => [...all, new Uint8Array(32).fill(0xff)] }],
    [
      "a disclosure of another result",
      "disclosure-unknown",
      { disclose: (all) => [...all, encodeDisclosure(new Uint8Array(16), "purpose", "TREAT")] },
    ],
    ["a changed salt", "disclosure-unknown", { disclose: (all) => all.map((one, i) => (i === 0 ? one.with(3, 0xff) : one)) }],
    ["a disclosure twice", "disclosure-duplicate", { disclose: (all) => [...all, all[0] ?? hex("")] }],
    [
      "two subjects",
      "disclosure-duplicate",
      {
        values: [
          ["subject", "a"],
          ["subject", "b"],
        ],
      },
    ],
    ["bad evidence", "envelope-shape", { file: { evidence: new Uint8Array(16_384).fill(0x84) } }],
  ])("%s: %s", async (_, code, options) => {
    expect(await codeOf(options)).toBe(code);
  });

  it("has codes for what the caller expects", async () => {
    expect(await codeOf({}, { jobDigest: new Uint8Array(32) })).toBe("result-job");
    expect(await codeOf({}, { nonce: NONCE.subarray(1) })).toBe("result-nonce");
    expect(await codeOf({}, { policyVersion: 4 })).toBe("result-policy-floor");
  });

  it("tells malformed from unsupported", async () => {
    const { file } = good;
    const outer = (version: number): Uint8Array =>
      encodeCbor(
        new Map<string, CborValue>([
          ["caladrius", version],
          ["result", file.result],
          ["disclosures", file.disclosures],
          ["identity", file.identity],
          ["evidence", file.evidence],
        ]),
      );
    expect(await verifyResultFile(outer(1), trust, {}, signatures)).toMatchObject({ status: "warning" });
    expect(await verifyResultFile(outer(2), trust, {}, signatures)).toMatchObject({ code: "result-file-version", exitCode: 20 });
    expect(await verifyResultFile(hex(""), trust, {}, signatures)).toMatchObject({ code: "result-file-form", exitCode: 30 });
    expect(await verifyResultFile(good.file.evidence, trust, {}, signatures)).toMatchObject({ code: "result-file-form", exitCode: 30 });
  });

  it("refuses a disclosure that a later build wrote", async () => {
    const later = encodeCbor([new Uint8Array(16), "later", 1]);
    const digests = (all: Uint8Array[]): Uint8Array[] => [...all.slice(1), sha256(later)].toSorted(compareBytes);
    expect(await codeOf({ digests, disclose: () => [later] })).toBe("disclosure-form");
  });
});

describe("trust in result files", () => {
  it("is refused without PCR16", async () => {
    const pcrs = [{ 0: "10".repeat(48), 1: "11".repeat(48), 2: "12".repeat(48) }];
    const verdict = await verifyResultFile(good.bytes, parseTrustFile(trustText(good.root, { pcrs })), {}, signatures);
    expect(verdict).toMatchObject({ code: "trust-pcr16-missing", stage: "trust", exitCode: 10 });
    // nor by the single steps, whoever calls them
    const image = parseTrustFile(trustText(good.root, { pcrs }));
    const mode = { kind: "archived", atMs: null, nonce: null } as const;
    const appraised = appraise(await verifyEvidence(good.file.evidence, { anchors: image.anchors, mode, signatures }), image);
    expect(() => verifyIdentity(appraised, good.file.identity)).toThrow(expect.objectContaining({ code: "trust-pcr16-missing" }));
    expect(await verifyResultFile(good.bytes, parseTrustFile(trustText(good.root, { pcrs: [] })), {}, signatures)).toMatchObject({
      code: "reference-values-missing",
    });
  });

  it("says simulator first", async () => {
    const simulated = makeResultFile({ chain: makeChain(() => {}, "SIMULATED.nitro-enclaves"), disclose: () => [] });
    const verdict = await verifyResultFile(
      simulated.bytes,
      parseTrustFile(trustText(simulated.root, { allowSimulator: true })),
      {},
      signatures,
    );
    expect(verdict).toMatchObject({ status: "warning", code: "simulator" });
    expect(verdict.sentence).toMatch(/^simulator/);
    const settings = { ...parseTrustFile(trustText(simulated.root, { allowSimulator: true })), allowSimulator: false };
    expect(await verifyResultFile(simulated.bytes, settings, {}, signatures)).toMatchObject({ code: "simulator-refused" });
  });

  it("refuses evidence under another root", async () => {
    const other = makeResultFile({ chain: makeChain((p) => (p.root.serial = hex("020155"))) });
    expect(await verifyResultFile(other.bytes, trust, {}, signatures)).toMatchObject({ code: "bundle-root" });
  });

  it("throws what is not about the input", async () => {
    const broken = { ...signatures, verifyEs384: () => Promise.reject(new Error("no such algorithm")) };
    await expect(verifyResultFile(good.bytes, trust, {}, broken)).rejects.toThrow("no such algorithm");
  });
});
