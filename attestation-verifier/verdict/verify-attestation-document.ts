import { appraise, type AppraisedEvidence } from "../appraise/appraise.ts";
import type { TimeMode } from "../evidence/mode.ts";
import { verifyEvidence, type VerifyEvidenceOptions } from "../evidence/verify-evidence.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import type { TrustSettings } from "../trust/trust-file.ts";
import type { Code } from "./code.ts";
import { evidenceClaims, type EvidenceClaims } from "./evidence-claims.ts";
import { accept, refuse, type NotChecked, type Verdict } from "./verdict.ts";

/** What a caller may ask for beyond a trust file and a time. */
export type EvidenceOptions = Pick<VerifyEvidenceOptions, "consistency" | "crls">;

/**
 * Decides about a bare attestation document: evidence and appraisal under a trust file. In live mode the trust file's
 * maximum age counts where `mode` names none.
 *
 * @returns a verdict, for any bytes; it throws only where a back end lacks an algorithm
 * @example
 * const verdict = await verifyAttestationDocument(bytes, parseTrustFile(text), { kind: "archived", atMs: null, nonce: null }, signatures);
 */
export async function verifyAttestationDocument(
  bytes: Uint8Array,
  trust: TrustSettings,
  mode: TimeMode,
  signatures: SignatureBackend,
  options: EvidenceOptions = {},
): Promise<Verdict<EvidenceClaims>> {
  const leftOpen = (revocation: boolean): NotChecked[] => [
    ...(revocation ? [] : (["revocation"] as const)),
    ...(mode.kind === "archived" ? (["time"] as const) : []),
    "lifecycle",
  ];
  try {
    const evidence = await verifyEvidence(bytes, { ...options, anchors: trust.anchors, mode: withMaxAge(mode, trust), signatures });
    const appraised = appraise(evidence, trust);
    return accept(evidenceClaims(appraised), {
      mode: mode.kind,
      atMs: evidence.atMs,
      reasons: evidenceReasons(appraised),
      notChecked: leftOpen(evidence.revocation.complete),
    });
  } catch (error) {
    return refuse(error, { mode: mode.kind, notChecked: leftOpen(false) });
  }
}

/** The caller's maximum age, else the trust file's. */
export function withMaxAge(mode: TimeMode, { maxAgeMs }: Pick<TrustSettings, "maxAgeMs">): TimeMode {
  return mode.kind === "live" && mode.maxAgeMs === null ? { ...mode, maxAgeMs } : mode;
}

/** Why accepted evidence is still not affirming. */
export function evidenceReasons({ simulated, debug, evidence }: AppraisedEvidence): Set<Code> {
  const reasons = new Set<Code>();
  if (simulated) reasons.add("simulator");
  if (debug) reasons.add("debug");
  if (evidence.contradictions.length > 0) reasons.add("inconsistent");
  if (evidence.mode === "archived") reasons.add("time-not-proved");
  return reasons;
}
