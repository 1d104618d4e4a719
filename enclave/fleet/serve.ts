import { decodeFleetEpoch, equalBytes, type FleetEpoch, type FleetServeReply } from "@caladrius/wire";
import type { Enclave } from "../boot/boot.ts";
import { makeIdentity } from "../boot/identity.ts";
import type { KeySetKeys } from "../boot/keys.ts";
import { KmsError } from "../kms/port.ts";
import { Refused } from "../refused.ts";
import { verifyFleetEpoch, type VerifiedEpoch } from "./record.ts";
import { contextOf, deriveFleetKeys, kmsOf, PART_BYTES } from "./seed.ts";

/**
 * Serves an epoch of a fleet: verifies its record, has KMS decrypt exactly the blobs that the record names, and compares
 * the public keys that come of it with the record's. Until all of that has held, nothing has changed. The same record
 * again is answered as before and KMS is not asked.
 *
 * @param body a FleetEpoch; hostile
 * @throws Refused no-kms, fleet-record-refused, fleet-keys-differ, fleet-epoch-ended, overloaded; KmsError;
 * DependencyError nsm-*, time-unknown; WireError, LimitError
 */
export async function serveFleet(enclave: Enclave, body: Uint8Array): Promise<FleetServeReply> {
  kmsOf(enclave);
  const epoch = decodeFleetEpoch(body);
  return enclave.turns.fleet.take(() => serve(enclave, epoch));
}

async function serve(enclave: Enclave, epoch: FleetEpoch): Promise<FleetServeReply> {
  const known = enclave.epochs.live(enclave.clock.now()).find(({ statement }) => equalBytes(statement, epoch.record));
  if (known !== undefined) return { keyId: known.keys.keyId, notAfter: known.record.notAfter };

  const verified = await verifyFleetEpoch(enclave, epoch);
  enclave.epochs.admit(verified.record, enclave.clock.now());
  const keys = await unwrapKeys(enclave, verified);
  const identity = await makeIdentity(enclave, keys);
  enclave.epochs.add({ record: verified.record, statement: epoch.record.slice(), keys, identity }, enclave.clock.now());
  return { keyId: keys.keyId, notAfter: verified.record.notAfter };
}

/** The record says what must come out: a KMS that decrypts to something else has been lied to, or lies. */
async function unwrapKeys(enclave: Enclave, { candidate, record }: VerifiedEpoch): Promise<KeySetKeys> {
  const { kms } = kmsOf(enclave);
  const parts: Uint8Array[] = [];
  try {
    for (const { keyArn, blob } of candidate.wrapped) {
      const part = await kms.decrypt(keyArn, blob, contextOf(enclave, record.fleet, record.epoch));
      parts.push(part);
      if (part.length !== PART_BYTES) throw new Refused("fleet-keys-differ");
    }
    const keys = deriveFleetKeys(enclave, record.fleet, record.epoch, parts);
    if (!equalBytes(keys.encoded, candidate.keySet)) throw new Refused("fleet-keys-differ");
    return keys;
  } catch (error) {
    if (error instanceof KmsError && error.code === "kms-blob") throw new Refused("fleet-keys-differ");
    throw error;
  } finally {
    for (const part of parts) part.fill(0);
  }
}
