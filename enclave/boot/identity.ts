import { encodeIdentity, identityCommitment } from "@caladrius/wire";
import { sha384 } from "../crypto.ts";
import type { Enclave } from "./boot.ts";
import { gatherEntropy } from "./entropy.ts";
import { attestCommitment, type Evidence } from "./evidence.ts";
import { deriveKeySet, type KeySetKeys } from "./keys.ts";

/**
 * Who the enclave is towards those who seal to one key set, and the evidence for it. An enclave has one identity with
 * the keys of its boot and one for each epoch of a fleet that it serves; result key and boot id are the same in all.
 */
export interface CurrentIdentity {
  readonly bytes: Uint8Array;
  readonly digest: Uint8Array;
  /** counts over all identities of a boot */
  readonly sequence: number;
  /** NSM document without a nonce, renewed every 10 minutes */
  evidence: Evidence;
}

/** An identity over these keys with the next sequence number, and evidence for it. A number is used up only by success. */
export function makeIdentity(enclave: Omit<Enclave, "identity" | "status">, keys: KeySetKeys): Promise<CurrentIdentity> {
  return enclave.turns.identity.take(async () => {
    const sequence = enclave.nextSequence;
    const bytes = encodeIdentity({
      version: 1,
      software: enclave.software,
      keySet: keys.encoded,
      resultKey: enclave.resultKey.publicKey,
      constitutionDigest: enclave.constitutionDigest,
      policyDigest: enclave.policyDigest,
      bootId: enclave.bootId,
      sequence,
    });
    const evidence = await attestCommitment(enclave.nsm, enclave.clock, identityCommitment(bytes), null);
    enclave.nextSequence = sequence + 1;
    return { bytes, digest: sha384(bytes), sequence, evidence };
  });
}

/**
 * New HPKE keys of this boot; the ones before stay live until the next rotation. They come into force together with
 * their evidence: as long as there is none, the identity in force names keys that must not leave the ring.
 */
export async function rotateKeys(enclave: Enclave): Promise<void> {
  const derive = await gatherEntropy(enclave.nsm);
  const keys = deriveKeySet(derive("key set", 32), null);
  const identity = await makeIdentity(enclave, keys);
  enclave.keys.rotate(keys);
  enclave.identity = identity;
}

/** Evidence for a caller: a document of its own over one of the identities, that repeats the caller's nonce. */
export async function attestWithNonce(
  enclave: Enclave,
  nonce: Uint8Array | null,
  identity: CurrentIdentity = enclave.identity,
): Promise<Uint8Array> {
  return (await attestCommitment(enclave.nsm, enclave.clock, identityCommitment(identity.bytes), nonce)).document;
}

/** New evidence for every identity in force: the next clock anchors, off the request path. Keys of ended epochs go. */
export async function renewEvidence(enclave: Enclave): Promise<void> {
  await renew(enclave, enclave.identity); // first, for the time: without it nobody knows which epochs have ended
  for (const { identity } of enclave.epochs.live(enclave.clock.now())) await renew(enclave, identity);
}

/**
 * Makes sure that the evidence at hand can carry a result issued now: a certificate may end before the next renewal.
 * Costs nothing while it can.
 */
export async function ensureEvidence(enclave: Enclave): Promise<void> {
  const now = enclave.clock.now();
  for (const identity of [enclave.identity, ...enclave.epochs.live(now).map((epoch) => epoch.identity)])
    if (now.toMs + EVIDENCE_MARGIN_MS >= identity.evidence.goodUntilMs) await renew(enclave, identity);
}

async function renew({ nsm, clock }: Enclave, identity: CurrentIdentity): Promise<void> {
  identity.evidence = await attestCommitment(nsm, clock, identityCommitment(identity.bytes), null);
}

/** Longer than any one job takes. */
const EVIDENCE_MARGIN_MS = 60_000;
