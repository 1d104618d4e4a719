import { createHash } from "node:crypto";
import {
  appraise,
  requireConstitution,
  verifyEvidence,
  verifyIdentity,
  type SignatureBackend,
  type TrustSettings,
  type VerifiedIdentity,
} from "@caladrius/attestation-verifier";
import { decodeKeySet, type SealingPublicKey, type SuiteId } from "@caladrius/wire";
import { SubmitError } from "./errors.ts";
import { SUITE_ORDER } from "./suites.ts";

declare const verified: unique symbol;

/** A key to which jobs may be sealed, because its enclave was verified. Only `verifySealingTarget` makes one. */
export interface SealingTarget {
  readonly [verified]: true;
  readonly recipient: SealingPublicKey;
  /** SHA-256 of the key set: the key id of sealed jobs */
  readonly keyId: Uint8Array;
  /** SHA-384 of what was extended into PCR16 */
  readonly constitutionDigest: Uint8Array;
  readonly by: VerifiedIdentity;
}

export interface SealingTargetOptions {
  /** must pin PCR16 in every set: without it the host chooses the constitution */
  readonly trust: TrustSettings;
  /** the 32 fresh bytes that were sent with the request */
  readonly nonce: Uint8Array;
  /** Unix ms */
  readonly nowMs: number;
  readonly signatures: SignatureBackend;
  /** suites that are good enough, the best first; default: all, MLKEM768-X25519 first */
  readonly suites?: readonly SuiteId[];
  /** whose keys were asked for: of this boot alone, or of a fleet; default: as the trust file says */
  readonly keys?: "boot" | "fleet";
}

/**
 * Decides whether jobs may be sealed to the enclave that a host shows: live evidence that repeats our nonce, appraised
 * under the trust file, and an identity to which it commits.
 *
 * @param attestation attacker-controlled
 * @throws ConfigurationError trust-pcr16-missing, reference-values-missing; Refusal of the verifier's three steps;
 * SubmitError fleet-not-trusted, fleet-missing, suite-missing; WireError for an identity whose key set cannot be read
 */
export async function verifySealingTarget(
  attestation: { evidence: Uint8Array; identity: Uint8Array },
  options: SealingTargetOptions,
): Promise<SealingTarget> {
  const { trust, nonce, nowMs, signatures, suites = SUITE_ORDER, keys: wanted = trust.fleet ? "fleet" : "boot" } = options;
  requireConstitution(trust);
  const evidence = await verifyEvidence(attestation.evidence, {
    anchors: trust.anchors,
    mode: { kind: "live", nowMs, nonce, maxAgeMs: trust.maxAgeMs },
    signatures,
  });
  const by = verifyIdentity(appraise(evidence, trust), attestation.identity);
  const { keySet, constitutionDigest } = by.identity;
  const { keys, fleet } = decodeKeySet(keySet);
  if (fleet !== null && (wanted === "boot" || !trust.fleet)) throw new SubmitError("fleet-not-trusted");
  if (fleet === null && wanted === "fleet") throw new SubmitError("fleet-missing");
  const recipient = suites.map((suite) => keys.find((key) => key.suite === suite)).find((key) => key !== undefined);
  if (recipient === undefined) throw new SubmitError("suite-missing", suites.join(", "));
  const keyId = new Uint8Array(createHash("sha256").update(keySet).digest());
  return { recipient, keyId, constitutionDigest, by } as SealingTarget;
}
