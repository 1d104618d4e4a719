import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { KMS_SUITE, kmsJobAad, sealedJobInfo, type SealedJob, type SealedJobHeader } from "@caladrius/wire";
import type { CurrentIdentity } from "../boot/identity.ts";
import type { KeySetKeys } from "../boot/keys.ts";
import { decrypt } from "./hpke/aead.ts";
import { open } from "./hpke.ts";

/** What opens a job, and in whose name it is answered. */
export interface JobKeys {
  /** as the header names it and the request must have signed it */
  keyId: Uint8Array;
  /** behind salts and decoys */
  disclosureSeed: KeyObject;
  /** the identity that these keys are of */
  identity: CurrentIdentity;
  /** The padded content. @throws whatever, for everything that does not open */
  open(job: SealedJob): Uint8Array;
}

/** Keys of a key set, null for a suite that it lacks. */
export function hpkeJobKeys(
  keys: KeySetKeys,
  { suite }: SealedJobHeader,
  identity: CurrentIdentity,
  constitutionDigest: Uint8Array,
): JobKeys | null {
  const pair = suite === KMS_SUITE ? undefined : keys.pairs.get(suite);
  if (pair === undefined) return null;
  const { keyId, disclosureSeed } = keys;
  return {
    keyId,
    disclosureSeed,
    identity,
    open: ({ enc, headerBytes, ciphertext }) =>
      open(pair, { enc, info: sealedJobInfo(keyId, constitutionDigest), aad: headerBytes, ciphertext }),
  };
}

/**
 * A data key that KMS made for one job. Salts and decoys come from it too: whoever unwraps it gives the same ones.
 * @param dataKey 32 bytes; the caller wipes them
 */
export function dataKeyJobKeys(
  dataKey: Uint8Array,
  { keyId }: SealedJobHeader,
  identity: CurrentIdentity,
  constitutionDigest: Uint8Array,
): JobKeys {
  const seed = new Uint8Array(hkdfSync("sha256", dataKey, "caladrius data key", "disclosures", DATA_KEY_BYTES));
  const disclosureSeed = createSecretKey(seed);
  seed.fill(0);
  return {
    keyId,
    disclosureSeed,
    identity,
    open: ({ headerBytes, ciphertext }) =>
      decrypt({ key: dataKey, baseNonce: ZERO_NONCE }, kmsJobAad(constitutionDigest, headerBytes), ciphertext),
  };
}

/** Bytes of a data key. */
export const DATA_KEY_BYTES = 32;
/** A data key encrypts once. */
const ZERO_NONCE: Uint8Array = new Uint8Array(12);
