import { sha256 } from "@noble/hashes/sha2.js";
import { DEFAULT_SKEW_MS } from "../evidence/mode.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import type { TimeAuthority } from "../time/time-authority.ts";
import { verifyTimeStamp, type ProvedTime } from "../time/verify-time-stamp.ts";
import { Refusal } from "../verdict/refusal.ts";
import type { VerifiedResult } from "./verify-result.ts";

/** When a result existed at the latest, as a pinned authority says. */
export interface ResultTime extends ProvedTime {
  /** whether that was while every certificate of its enclave was valid; the stamp does not cover the evidence itself */
  readonly inTime: boolean;
}

/**
 * Verifies the time stamp over a result: a token of a pinned authority for SHA-256 of the result statement, not older than
 * the result says it is. Without a token, or without pinned authorities, no time is proved.
 *
 * @throws Refusal time-evidence-*
 */
export async function verifyTimeEvidence(
  { claims, by }: VerifiedResult,
  { result, timeEvidence }: { readonly result: Uint8Array; readonly timeEvidence?: Uint8Array },
  authorities: readonly TimeAuthority[],
  signatures: SignatureBackend,
): Promise<ResultTime | null> {
  if (timeEvidence === undefined || authorities.length === 0) return null;
  const proved = await verifyTimeStamp(timeEvidence, { digest: sha256(result), authorities, signatures });
  const { fromMs } = claims.interval;
  // Two clocks are compared, the authority's and the NSM's
  if (proved.atMs + DEFAULT_SKEW_MS < fromMs)
    throw new Refusal("time-evidence-early", { expected: `not before ${iso(fromMs)}`, actual: iso(proved.atMs) });
  const { regional, zonal, instance, leaf } = by.appraised.evidence.chain;
  const endMs = Math.min(...[regional, zonal, instance, leaf].map(({ notAfterMs }) => notAfterMs));
  return { ...proved, inTime: proved.atMs <= endMs };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
