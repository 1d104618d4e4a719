import { toHex } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { parseTrustAnchor } from "../evidence/anchor.ts";
import type { PcrValue } from "../evidence/pcr.ts";
import { verifyEvidence, type VerifiedEvidence } from "../evidence/verify-evidence.ts";
import { makeDocument } from "../generate/test-document.ts";
import { makeChain, pcr, PCR4, REGION, subjectOf } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { appraise, type AppraisalPolicy } from "./appraise.ts";
import { parsePcrSet, type PcrSet } from "./pcr-set.ts";

const chain = makeChain();
const simulator = makeChain(() => {}, "SIMULATED.nitro-enclaves");
const anchors = [parseTrustAnchor(chain.root), parseTrustAnchor(simulator.root)];

function evidenceWith(
  registers: Record<number, Uint8Array>,
  under = chain,
  consistency: "enforce" | "report" = "enforce",
): Promise<VerifiedEvidence> {
  const pcrs = new Map(Object.entries({ 4: PCR4, ...registers }).map(([index, value]) => [Number(index), value]));
  return verifyEvidence(makeDocument({ chain: under, fields: { pcrs } }).bytes, {
    anchors,
    mode: { kind: "archived", atMs: null, nonce: null },
    signatures,
    consistency,
  });
}
const set = (registers: Record<number, Uint8Array>, allowDebug = false): PcrSet =>
  parsePcrSet(Object.fromEntries(Object.entries(registers).map(([index, value]) => [index, toHex(value)])), { allowDebug });
const policy = (pcrSets: PcrSet[], change: Partial<AppraisalPolicy> = {}): AppraisalPolicy => ({
  pcrSets,
  allowDebug: false,
  allowSimulator: false,
  ...change,
});
const A = { 0: pcr(0xa0), 1: pcr(0xa1), 2: pcr(0xa2) };
const B = { 0: pcr(0xb0), 1: pcr(0xb1), 2: pcr(0xb2) };
const ZERO = { 0: pcr(0), 1: pcr(0), 2: pcr(0) };

describe("appraisal", () => {
  it.each<[string, string, Record<number, Uint8Array>, AppraisalPolicy]>([
    ["an equal set", "accepted", A, policy([set(A)])],
    ["the second of two sets", "accepted", B, policy([set(A), set(B)])],
    [
      "a set with more registers, all equal",
      "accepted",
      { ...A, 3: pcr(0), 8: pcr(8), 16: pcr(16) },
      policy([set({ ...A, 3: pcr(0), 8: pcr(8), 16: pcr(16) })]),
    ],
    ["a production document where debug is allowed", "accepted", A, policy([set(A)], { allowDebug: true })],
    ["debug where it is allowed", "accepted", ZERO, policy([set(ZERO, true)], { allowDebug: true })],
    ["no sets", "reference-values-missing", A, policy([])],
    ["another image", "measurement-mismatch", B, policy([set(A)])],
    ["PCR0 of one release with PCR2 of another", "measurement-mismatch", { ...A, 2: B[2] }, policy([set(A), set(B)])],
    ["a named register that the document lacks", "measurement-mismatch", A, policy([set({ ...A, 8: pcr(8) })])],
    ["a pinned signer and zeros", "measurement-mismatch", { ...A, 8: pcr(0) }, policy([set({ ...A, 8: pcr(8) })])],
    ["a pinned role and zeros", "measurement-mismatch", { ...A, 3: pcr(0) }, policy([set({ ...A, 3: pcr(3) })])],
    ["debug", "debug-refused", ZERO, policy([set(ZERO, true)])],
    ["debug against a good set", "measurement-mismatch", ZERO, policy([set(A)], { allowDebug: true })],
    ["one zero alone", "debug-refused", { ...A, 1: pcr(0) }, policy([set(A)])],
    ["one zero alone where debug is allowed", "debug-refused", { ...A, 1: pcr(0) }, policy([set(A)], { allowDebug: true })],
    ["a missing PCR2", "debug-refused", { 0: A[0], 1: A[1] }, policy([set(A)])],
    ["another region", "region-refused", A, policy([set(A)], { regions: ["us-east-1"] })],
    ["no regions", "region-refused", A, policy([set(A)], { regions: [] })],
    ["the region", "accepted", A, policy([set(A)], { regions: [REGION] })],
    [
      "a hand-made set without image registers",
      "reference-values-missing",
      A,
      policy([new Map([[4, PCR4 as PcrValue]]) as unknown as PcrSet]),
    ],
  ])("%s: %s", async (_, code, registers, given) => {
    const evidence = await evidenceWith(registers);
    if (code === "accepted") expect(appraise(evidence, given)).toMatchObject({ evidence, debug: registers === ZERO, simulated: false });
    else expect(() => appraise(evidence, given)).toThrow(expect.objectContaining({ code }));
  });

  it("takes no region for granted that the certificate does not tell", async () => {
    const odd = makeChain((parts) => (parts.leaf.subject = subjectOf("root", "elsewhere")));
    const evidence = await evidenceWith(A, odd, "report");
    expect(evidence.contradictions).toContain("module-id-leaf-name");
    expect(() => appraise(evidence, policy([set(A)], { regions: [REGION] }))).toThrow(
      expect.objectContaining({ code: "region-refused", expected: REGION, actual: "unknown" }),
    );
    expect(appraise(evidence, policy([set(A)])).evidence.region).toBeNull();
  });

  it("takes a simulator only where the policy says so", async () => {
    const evidence = await evidenceWith(A, simulator);
    expect(() => appraise(evidence, policy([set(A)]))).toThrow(expect.objectContaining({ code: "simulator-refused" }));
    expect(appraise(evidence, policy([set(A)], { allowSimulator: true })).simulated).toBe(true);
  });

  it("names register, set, expected and actual", async () => {
    const evidence = await evidenceWith({ ...A, 1: pcr(9) });
    expect(() => appraise(evidence, policy([set(A), set(B)]))).toThrow(
      `PCR1 of set 1, the closest of 2: the measurements equal none of the trusted sets; expected ${"a1".repeat(48)}, found ${"09".repeat(48)}`,
    );
  });
});
