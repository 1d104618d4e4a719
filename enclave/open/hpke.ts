import { AEAD_TAG_BYTES, SUITES, type SuiteId } from "@caladrius/wire";
import { decrypt, encrypt } from "./hpke/aead.ts";
import { HpkeKeyError, HpkeOpenError } from "./hpke/errors.ts";
import { kemMlkem768X25519 } from "./hpke/kem-mlkem768-x25519.ts";
import { kemX25519 } from "./hpke/kem-x25519.ts";
import type { Encapsulate, Kem, KemKeyPair } from "./hpke/kem.ts";
import { keySchedule, type KeySchedule } from "./hpke/schedule.ts";

export { HpkeKeyError, HpkeOpenError } from "./hpke/errors.ts";

/** A recipient's key pair. Private keys lie in key objects behind `decapsulate` and cannot be read back. */
export interface HpkeKeyPair extends KemKeyPair {
  readonly suite: SuiteId;
}

/** A recipient's public key, ready for use: importing costs about half of sealing, so keep it where it is used again. */
export interface HpkePublicKey {
  readonly suite: SuiteId;
  readonly encapsulate: Encapsulate;
}

/** A sealed message and what it is bound to. */
export interface SealedMessage {
  /** encapsulated key: 1120 bytes, or 32 for X25519 */
  enc: Uint8Array;
  info: Uint8Array;
  aad: Uint8Array;
  /** with the tag, at least 16 bytes */
  ciphertext: Uint8Array;
}

const SEED_BYTES = 32;
const KEM: Readonly<Record<SuiteId, Kem>> = { "MLKEM768-X25519": kemMlkem768X25519, X25519: kemX25519 };
const SCHEDULE: Readonly<Record<SuiteId, KeySchedule>> = {
  "MLKEM768-X25519": keySchedule(SUITES["MLKEM768-X25519"]),
  X25519: keySchedule(SUITES.X25519),
};

/**
 * DeriveKeyPair (RFC 9180 §7.1.3; draft-ietf-hpke-pq for MLKEM768-X25519) from a seed of 32 bytes, which the caller
 * may wipe afterwards.
 * @throws HpkeKeyError for another length
 */
export function deriveKeyPair(suite: SuiteId, seed: Uint8Array): HpkeKeyPair {
  if (seed.length !== SEED_BYTES) throw new HpkeKeyError(`a seed of ${seed.length} bytes, expected ${SEED_BYTES}`);
  return { suite, ...KEM[suite].deriveKeyPair(seed) };
}

/**
 * Opens one message sealed in base mode (RFC 9180 §6.1). All of `message` is attacker-controlled.
 * @throws HpkeOpenError, the same for wrong lengths, keys, points of low order, info, aad and tags
 */
export function open(keyPair: HpkeKeyPair, message: SealedMessage): Uint8Array {
  const { enc, info, aad, ciphertext } = message;
  if (enc.length !== SUITES[keyPair.suite].encBytes || ciphertext.length < AEAD_TAG_BYTES) throw new HpkeOpenError();
  try {
    const sharedSecret = keyPair.decapsulate(enc);
    const messageKey = SCHEDULE[keyPair.suite](sharedSecret, info);
    sharedSecret.fill(0);
    try {
      return decrypt(messageKey, aad, ciphertext);
    } finally {
      messageKey.key.fill(0);
    }
  } catch {
    throw new HpkeOpenError();
  }
}

/**
 * Reads a recipient's public key: length, range of the ML-KEM part and order of the X25519 part are checked.
 * @throws HpkeKeyError
 */
export function importPublicKey(suite: SuiteId, bytes: Uint8Array): HpkePublicKey {
  const expected = SUITES[suite].publicKeyBytes;
  if (bytes.length !== expected) throw new HpkeKeyError(`${bytes.length} bytes, expected ${expected} for ${suite}`);
  return { suite, encapsulate: KEM[suite].importPublicKey(bytes) };
}

/** Seals one message in base mode (RFC 9180 §6.1), with fresh randomness from node:crypto. */
export function seal(
  publicKey: HpkePublicKey,
  message: { info: Uint8Array; aad: Uint8Array; plaintext: Uint8Array },
): { enc: Uint8Array; ciphertext: Uint8Array } {
  const { sharedSecret, enc } = publicKey.encapsulate();
  const messageKey = SCHEDULE[publicKey.suite](sharedSecret, message.info);
  sharedSecret.fill(0);
  const ciphertext = encrypt(messageKey, message.aad, message.plaintext);
  messageKey.key.fill(0);
  return { enc, ciphertext };
}
