import { timingSafeEqual } from "node:crypto";
import { encodeFleetCandidate, fleetCommitment, MAX_KMS_BLOB_BYTES, type FleetBirthReply, type FleetBirthRequest } from "@caladrius/wire";
import type { Enclave } from "../boot/boot.ts";
import { attestCommitment } from "../boot/evidence.ts";
import { KmsError } from "../kms/port.ts";
import { contextOf, deriveFleetKeys, kmsOf, PART_BYTES } from "./seed.ts";

/**
 * Makes keys for an epoch of a fleet: a data key under every KMS key of the constitution, each read back once, since
 * what cannot be read back would serve nobody. The answer is public; the enclave forgets the keys, and serves them as
 * any other does, when the quorum has signed a record that names them. Two births are two candidates.
 *
 * @throws Refused no-kms, overloaded; KmsError; DependencyError nsm-*
 */
export function bearFleet(enclave: Enclave, request: FleetBirthRequest): Promise<FleetBirthReply> {
  kmsOf(enclave);
  return enclave.turns.fleet.take(() => bear(enclave, request));
}

async function bear(enclave: Enclave, { fleet, epoch }: FleetBirthRequest): Promise<FleetBirthReply> {
  const { keyArns } = kmsOf(enclave);
  const parts: Uint8Array[] = [];
  const wrapped: { keyArn: string; blob: Uint8Array }[] = [];
  try {
    for (const keyArn of keyArns) {
      const { part, blob } = await wrappedPart(enclave, keyArn, contextOf(enclave, fleet, epoch));
      parts.push(part);
      wrapped.push({ keyArn, blob });
    }
    const keySet = deriveFleetKeys(enclave, fleet, epoch, parts).encoded;
    const { constitutionDigest, bootId } = enclave;
    const candidate = encodeFleetCandidate({ version: 1, fleet, epoch, constitutionDigest, keySet, wrapped, bootId });
    const { document } = await attestCommitment(enclave.nsm, enclave.clock, fleetCommitment(candidate), null);
    return { candidate, evidence: document };
  } finally {
    for (const part of parts) part.fill(0);
  }
}

async function wrappedPart(
  enclave: Enclave,
  keyArn: string,
  context: Readonly<Record<string, string>>,
): Promise<{ part: Uint8Array; blob: Uint8Array }> {
  const { kms } = kmsOf(enclave);
  const { plaintext, blob } = await kms.generateDataKey(keyArn, context);
  try {
    if (plaintext.length !== PART_BYTES || blob.length < 1 || blob.length > MAX_KMS_BLOB_BYTES) throw new KmsError("kms-answer-refused");
    const again = await kms.decrypt(keyArn, blob, context);
    const same = again.length === PART_BYTES && timingSafeEqual(plaintext, again);
    again.fill(0);
    if (!same) throw new KmsError("kms-answer-refused");
    return { part: Uint8Array.from(plaintext), blob };
  } finally {
    plaintext.fill(0);
  }
}
