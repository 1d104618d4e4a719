import { equalBytes, toHex } from "@caladrius/wire";
import { isZeroPcr, type PcrValue } from "../evidence/pcr.ts";
import type { VerifiedEvidence } from "../evidence/verify-evidence.ts";
import { Refusal } from "../verdict/refusal.ts";
import { IMAGE_PCRS, type PcrSet } from "./pcr-set.ts";

/** What a relying party accepts. A parsed trust file is one. */
export interface AppraisalPolicy {
  /** alternatives, each matched as a whole; empty = nothing is accepted */
  readonly pcrSets: readonly PcrSet[];
  readonly allowDebug: boolean;
  readonly allowSimulator: boolean;
  /** AWS regions, such as "eu-central-1"; null or left out = any */
  readonly regions?: readonly string[] | null;
}

declare const appraised: unique symbol;

/** Evidence of an enclave whose measurements the policy trusts. Only `appraise` makes one. */
export interface AppraisedEvidence {
  readonly [appraised]: true;
  readonly evidence: VerifiedEvidence;
  /** the set that matched */
  readonly pcrSet: PcrSet;
  readonly debug: boolean;
  readonly simulated: boolean;
}

/**
 * Second step: decides whether what ran is what the policy names (RFC 9334 §8.5). One set must match whole: every
 * register it names is in the document and equal. Debug and simulator evidence pass only where the policy says so.
 * @throws Refusal reference-values-missing, simulator-refused, debug-refused, region-refused, measurement-mismatch
 */
export function appraise(evidence: VerifiedEvidence, policy: AppraisalPolicy): AppraisedEvidence {
  const { simulated } = evidence.chain.anchor;
  if (simulated && policy.allowSimulator !== true) throw new Refusal("simulator-refused");
  const hidden = IMAGE_PCRS.filter((index) => isZero(evidence.pcrs.get(index)));
  const debug = hidden.length > 0;
  // One zero is enough: a test for "all registers are zero" never fires on a real debug document
  if (debug && (policy.allowDebug !== true || hidden.length < IMAGE_PCRS.length))
    throw new Refusal("debug-refused", {
      subject: hidden.map((index) => `PCR${index}`).join(", "),
      expected: "measurements",
      actual: "zeros",
    });
  const { regions = null } = policy;
  if (regions !== null && (evidence.region === null || !regions.includes(evidence.region)))
    throw new Refusal("region-refused", { expected: regions.join(", ") || "none", actual: evidence.region ?? "unknown" });
  return { evidence, pcrSet: matchingSet(evidence.pcrs, policy.pcrSets), debug, simulated } as AppraisedEvidence;
}

function matchingSet(pcrs: ReadonlyMap<number, PcrValue>, sets: readonly PcrSet[]): PcrSet {
  if (sets.length === 0) throw new Refusal("reference-values-missing");
  let closest: { index: number; of: number; expected: PcrValue } | null = null;
  for (const [of, set] of sets.entries()) {
    if (!IMAGE_PCRS.every((index) => set.has(index))) continue; // never made by parsePcrSet
    const difference = [...set].find(([index, expected]) => !isEqual(pcrs.get(index), expected));
    if (difference === undefined) return set;
    const [index, expected] = difference;
    if (closest === null || index > closest.index) closest = { index, of, expected };
  }
  if (closest === null) throw new Refusal("reference-values-missing", { expected: "sets with PCR0, PCR1 and PCR2" });
  const actual = pcrs.get(closest.index);
  throw new Refusal("measurement-mismatch", {
    subject: `PCR${closest.index}${sets.length > 1 ? ` of set ${closest.of + 1}, the closest of ${sets.length}` : ""}`,
    expected: toHex(closest.expected),
    actual: actual === undefined ? "none" : toHex(actual),
  });
}

function isEqual(actual: PcrValue | undefined, expected: PcrValue): boolean {
  return actual !== undefined && equalBytes(actual, expected);
}

/** A register that measures the image and is missing hides as much as a zero one. */
function isZero(value: PcrValue | undefined): boolean {
  return value === undefined || isZeroPcr(value);
}
