import { labeledExpand, labeledExtract, labelPrefix, NOTHING } from "./kdf.ts";

/** Key and nonce of a context's first message. */
export interface MessageKey {
  /** 32 bytes */
  key: Uint8Array;
  /** 12 bytes */
  baseNonce: Uint8Array;
}

/** Turns a KEM's shared secret into the key of one message. */
export type KeySchedule = (sharedSecret: Uint8Array, info: Uint8Array) => MessageKey;

const BASE_MODE = Uint8Array.of(0);
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** KeySchedule of base mode (RFC 9180 §5.1) with HKDF-SHA256, for AEADs with 32-byte keys and 12-byte nonces. */
export function keySchedule(ids: { kem: number; kdf: number; aead: number }): KeySchedule {
  const prefix = labelPrefix("HPKE", ids.kem, ids.kdf, ids.aead);
  const pskIdHash = labeledExtract(prefix, NOTHING, "psk_id_hash", NOTHING);
  return (sharedSecret, info) => {
    const infoHash = labeledExtract(prefix, NOTHING, "info_hash", info);
    const context = Buffer.concat([BASE_MODE, pskIdHash, infoHash]);
    const secret = labeledExtract(prefix, sharedSecret, "secret", NOTHING);
    const key = labeledExpand(prefix, secret, "key", context, KEY_BYTES);
    const baseNonce = labeledExpand(prefix, secret, "base_nonce", context, NONCE_BYTES);
    secret.fill(0);
    return { key, baseNonce };
  };
}
