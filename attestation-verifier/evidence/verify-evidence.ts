import { verifyRevocation, type RevocationReport } from "../revocation/verify-revocation.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import type { TrustAnchor } from "./anchor.ts";
import { readChain, verifyChainSignatures, verifyValidity, type Chain } from "./chain.ts";
import { verifyConsistency, type ConsistencyRule, type Whereabouts } from "./consistency.ts";
import { decodeEnvelope } from "./envelope.ts";
import { verifyFreshness } from "./freshness.ts";
import type { TimeMode } from "./mode.ts";
import { parsePayload, type DecodedEvidence } from "./payload.ts";

declare const verified: unique symbol;

/**
 * Evidence whose origin is verified: Nitro hardware (or the simulator, if `chain.anchor.simulated`) made it, for the time
 * of the mode. Nothing is decided yet about what ran. Only `verifyEvidence` makes one.
 */
export interface VerifiedEvidence extends DecodedEvidence, Whereabouts {
  readonly [verified]: true;
  readonly chain: Chain;
  readonly mode: TimeMode["kind"];
  /** Unix ms at which the certificates were valid */
  readonly atMs: number;
  readonly revocation: RevocationReport;
}

/** What evidence is verified against: roots, time, and the library that checks signatures. */
export interface VerifyEvidenceOptions {
  /** pinned roots; empty = nothing verifies */
  readonly anchors: readonly TrustAnchor[];
  readonly mode: TimeMode;
  readonly signatures: SignatureBackend;
  /** what becomes of documents that contradict themselves; default "enforce" */
  readonly consistency?: ConsistencyRule;
  /** certificate revocation lists in DER (RFC 5280 §5); those of other issuers than the chain's mean nothing */
  readonly crls?: readonly Uint8Array[];
}

/**
 * First step: from bytes to evidence of known origin. Checks the COSE envelope (RFC 9052 §4.2), the payload's types and
 * limits (AWS attestation_process.md §3.2), the certificates and their chain from a pinned root (RFC 5280 §6.1), time and
 * nonce under the mode, five signatures, and that what the document says twice agrees.
 *
 * @param bytes a document of at most 16 KiB, attacker-controlled; copied first, so later changes do not matter
 * @throws Refusal envelope-*, payload-*, bundle-*, certificate-*, chain-*, freshness-*, timestamp-*, nonce-*,
 * document-signature, crl-*, chain-revoked, module-id-*
 */
export async function verifyEvidence(bytes: Uint8Array, options: VerifyEvidenceOptions): Promise<VerifiedEvidence> {
  const { anchors, mode, signatures, consistency = "enforce", crls = [] } = options;
  const envelope = decodeEnvelope(new Uint8Array(bytes)); // slice() of a Node Buffer would be a view
  const evidence = parsePayload(envelope.payload);
  const chain = readChain(evidence.cabundle, evidence.certificate, anchors);
  const { leaf } = chain;
  if (!(evidence.timestampMs >= leaf.notBeforeMs && evidence.timestampMs <= leaf.notAfterMs))
    throw new Refusal("timestamp-window", {
      expected: `${new Date(leaf.notBeforeMs).toISOString()} to ${new Date(leaf.notAfterMs).toISOString()}`,
      actual: new Date(evidence.timestampMs).toISOString(),
    });
  const atMs = verifyFreshness(evidence, mode);
  verifyValidity(chain, atMs);
  const [, genuine] = await Promise.all([
    verifyChainSignatures(chain, signatures),
    // Inside a promise of its own, so that whatever a back end throws here leaves no other promise unheard
    (async () => signatures.verifyEs384(leaf.publicKey, envelope.toBeSigned, envelope.signature))(),
  ]);
  if (genuine !== true) throw new Refusal("document-signature");
  const revocation = await verifyRevocation(chain, crls, atMs, signatures);
  const whereabouts = verifyConsistency(evidence, chain, consistency);
  return { ...evidence, ...whereabouts, chain, mode: mode.kind, atMs, revocation } as VerifiedEvidence;
}
