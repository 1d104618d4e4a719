import type { BootMessage, Bundle, CborValue, Constitution, StatusList } from "@caladrius/wire";
import { encodeIdentity } from "@caladrius/wire";
import { ed25519FromSeed, sha384, type SigningKey } from "../crypto.ts";
import type { Nsm } from "../nsm/client.ts";
import { Clock } from "./clock.ts";
import { gatherEntropy } from "./entropy.ts";
import { attestIdentity, type Evidence } from "./evidence.ts";
import { deriveKeySet, KeyRing, type KeySetKeys } from "./keys.ts";
import { measure, PCR_CONSTITUTION, PCR_POLICY } from "./measure.ts";
import { checkStatusList, readDeployment, refuseWithdrawn } from "./deployment.ts";

/** The program's own name and version, as the bundler stamped them. */
export interface Software {
  name: string;
  version: string;
  commit: string | null;
}

/** Who the enclave is at this moment, and the evidence for it. */
export interface CurrentIdentity {
  bytes: Uint8Array;
  digest: Uint8Array;
  sequence: number;
  /** NSM document without a nonce, renewed every 10 minutes */
  evidence: Evidence;
}

/** Everything that a booted enclave holds. */
export interface Enclave {
  nsm: Nsm;
  clock: Clock;
  software: Software;
  constitution: Constitution;
  constitutionDigest: Uint8Array;
  bundle: Bundle;
  /** of the bundle's detectors, by id */
  detectorParameters: ReadonlyMap<string, CborValue>;
  policyDigest: Uint8Array;
  statusList: StatusList | null;
  keys: KeyRing;
  resultKey: SigningKey;
  bootId: Uint8Array;
  identity: CurrentIdentity;
}

/**
 * Boots from what the host handed over, in the one order that keeps it honest: hash and extend the constitution into
 * PCR16 and the bundle into PCR17, lock both, read both back; only then decode and verify; keys and the first document
 * last. So no byte is parsed that was not measured, and no document leaves without both PCRs.
 *
 * @throws WireError, InvariantError, DependencyError, ConfigurationError: any of them ends the program
 */
export async function bootEnclave(nsm: Nsm, message: BootMessage, software: Software, monotonicMs: () => number): Promise<Enclave> {
  const constitutionDigest = await measure(nsm, PCR_CONSTITUTION, message.constitution);
  const policyDigest = await measure(nsm, PCR_POLICY, message.bundle);
  const { constitution, bundle, detectorParameters } = await readDeployment(message, constitutionDigest);

  const derive = await gatherEntropy(nsm);
  const clock = new Clock(monotonicMs);
  const enclave: Enclave = {
    nsm,
    clock,
    software,
    constitution,
    constitutionDigest,
    bundle,
    detectorParameters,
    policyDigest,
    statusList: null,
    keys: new KeyRing(deriveKeySet(derive("key set", 32), null)),
    resultKey: ed25519FromSeed(derive("result key", 32)),
    bootId: derive("boot id", 16),
    identity: { bytes: NONE, digest: NONE, sequence: -1, evidence: { document: NONE, goodUntilMs: 0 } },
  };
  enclave.identity = await nextIdentity(enclave, enclave.keys.current);
  if (message.statusList !== null) {
    enclave.statusList = checkStatusList(message.statusList, enclave);
    refuseWithdrawn(enclave.statusList, bundle);
  }
  return enclave;
}

/** An identity with the next sequence number over these keys, and evidence for it: at boot, and whenever the key set changes. */
async function nextIdentity(enclave: Enclave, keys: KeySetKeys): Promise<CurrentIdentity> {
  const sequence = enclave.identity.sequence + 1;
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
  const evidence = await attestIdentity(enclave.nsm, enclave.clock, bytes, null);
  return { bytes, digest: sha384(bytes), sequence, evidence };
}

/**
 * New HPKE keys; the ones before stay live until the next rotation. They come into force together with their evidence:
 * as long as there is none, the identity in force names keys that must not leave the ring.
 */
export async function rotateKeys(enclave: Enclave): Promise<void> {
  const derive = await gatherEntropy(enclave.nsm);
  const keys = deriveKeySet(derive("key set", 32), null);
  const identity = await nextIdentity(enclave, keys);
  enclave.keys.rotate(keys);
  enclave.identity = identity;
}

/** Evidence for a caller: a document of its own that repeats the caller's nonce. */
export async function attestWithNonce(enclave: Enclave, nonce: Uint8Array | null): Promise<Uint8Array> {
  return (await attestIdentity(enclave.nsm, enclave.clock, enclave.identity.bytes, nonce)).document;
}

/** New evidence for the same identity: the next clock anchor, off the request path. */
export async function renewEvidence(enclave: Enclave): Promise<void> {
  const { bytes } = enclave.identity;
  const evidence = await attestIdentity(enclave.nsm, enclave.clock, bytes, null);
  if (enclave.identity.bytes === bytes) enclave.identity = { ...enclave.identity, evidence };
}

const NONE: Uint8Array = new Uint8Array(0);

/**
 * Makes sure that the evidence at hand can carry a result issued now: a certificate may end before the next renewal.
 * Costs nothing while it can.
 */
export async function ensureEvidence(enclave: Enclave): Promise<void> {
  if (enclave.clock.now().toMs + EVIDENCE_MARGIN_MS >= enclave.identity.evidence.goodUntilMs) await renewEvidence(enclave);
}

/** Longer than any one job takes. */
const EVIDENCE_MARGIN_MS = 60_000;
