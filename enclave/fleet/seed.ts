import { hkdfSync } from "node:crypto";
import { encodeCbor, fleetContext, toHex } from "@caladrius/wire";
import type { Enclave, CredentialedKms } from "../boot/boot.ts";
import { deriveKeySet, type KeySetKeys } from "../boot/keys.ts";
import { Refused } from "../refused.ts";

/** KMS, and the keys under which the constitution keeps a fleet's seed, in its order. @throws Refused no-kms */
export function kmsOf({ kms, constitution }: Enclave): { kms: CredentialedKms; keyArns: readonly string[] } {
  if (kms === null || constitution.kms === null) throw new Refused("no-kms");
  return { kms, keyArns: constitution.kms.keys };
}

/** The encryption context of a seed's parts under this constitution. */
export function contextOf({ constitutionDigest }: Enclave, fleet: string, epoch: number): Readonly<Record<string, string>> {
  return fleetContext(fleet, epoch, toHex(constitutionDigest));
}

/** Bytes of each part of a seed. */
export const PART_BYTES = 32;

/**
 * A fleet's keys from the parts of its seed, one from each KMS key: nobody who lacks one of them learns anything.
 * The parts are wiped.
 */
export function deriveFleetKeys(enclave: Enclave, fleet: string, epoch: number, parts: readonly Uint8Array[]): KeySetKeys {
  const joined = Buffer.concat(parts);
  const info = encodeCbor([fleet, epoch, enclave.constitutionDigest]);
  const seed = new Uint8Array(hkdfSync("sha256", joined, SALT, info, SEED_BYTES));
  for (const secret of [joined, ...parts]) secret.fill(0);
  const keys = deriveKeySet(seed, fleet);
  seed.fill(0);
  return keys;
}

const SALT = "caladrius fleet";
const SEED_BYTES = 32;
