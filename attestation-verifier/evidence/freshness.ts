import { equalBytes } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";
import { DEFAULT_SKEW_MS, type LiveMode, type TimeMode } from "./mode.ts";
import type { DecodedEvidence } from "./payload.ts";

/**
 * Judges the document's time and nonce under the mode and returns the time at which its certificates must be valid
 * (Unix ms). All comparisons are written so that NaN refuses.
 * @throws Refusal freshness-required, nonce-*, timestamp-future, timestamp-age
 */
export function verifyFreshness(evidence: Pick<DecodedEvidence, "timestampMs" | "nonce">, mode: TimeMode): number {
  const { timestampMs } = evidence;
  verifyNonce(evidence.nonce, mode.nonce);
  if (mode.kind === "live") return verifyAge(timestampMs, mode);
  // A caller without types may say anything else, and must not get the tolerance of archived mode for it
  if (mode.kind !== "archived") throw new Refusal("freshness-required", { subject: "mode", expected: "live or archived" });
  const atMs = mode.atMs ?? timestampMs;
  if (!isTime(atMs)) throw new Refusal("freshness-required", { subject: "time of verification", expected: "Unix milliseconds" });
  if (!(timestampMs <= atMs + DEFAULT_SKEW_MS))
    throw new Refusal("timestamp-future", { expected: `not after ${iso(atMs)}`, actual: iso(timestampMs) });
  return Math.max(atMs, timestampMs);
}

function verifyAge(timestampMs: number, { nowMs, maxAgeMs, nonce, skewMs = DEFAULT_SKEW_MS }: LiveMode): number {
  if (nonce === null && maxAgeMs === null) throw new Refusal("freshness-required");
  if (!isTime(nowMs) || !(skewMs >= 0) || (maxAgeMs !== null && !(maxAgeMs >= 0)))
    throw new Refusal("freshness-required", { subject: "time, skew or maximum age", expected: "milliseconds" });
  if (!(timestampMs <= nowMs + skewMs))
    throw new Refusal("timestamp-future", { expected: `not after ${iso(nowMs)}`, actual: iso(timestampMs) });
  if (maxAgeMs !== null && !(nowMs - timestampMs <= maxAgeMs))
    throw new Refusal("timestamp-age", {
      expected: `at most ${Math.round(maxAgeMs / 1000)} s`,
      actual: `${Math.round((nowMs - timestampMs) / 1000)} s`,
    });
  return Math.max(nowMs, timestampMs); // a document from within the skew must not fail its own notBefore
}

function verifyNonce(actual: Uint8Array | null, expected: Uint8Array | null): void {
  if (expected === null) return;
  if (expected.length === 0) throw new Refusal("freshness-required", { subject: "nonce", expected: "1 to 512 bytes", actual: "0" });
  if (actual === null || actual.length === 0) throw new Refusal("nonce-missing");
  if (!equalBytes(actual, expected))
    throw new Refusal("nonce-mismatch", { expected: `${expected.length} bytes asked for`, actual: `${actual.length} other bytes` });
}

function isTime(ms: number): boolean {
  return Number.isInteger(ms) && Math.abs(ms) <= MAX_DATE_MS;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The range of Date (ECMA-262 §21.4.1.1). */
const MAX_DATE_MS = 8.64e15;
