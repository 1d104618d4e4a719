import { expandLabel, extractLabel, labeledExpand, labeledExtract, NOTHING, suiteId } from "./kdf.ts";

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
  const suite = suiteId("HPKE", ids.kem, ids.kdf, ids.aead);
  const infoHashLabel = extractLabel(suite, "info_hash");
  const secretLabel = extractLabel(suite, "secret");
  const keyLabel = expandLabel(suite, "key", KEY_BYTES);
  const baseNonceLabel = expandLabel(suite, "base_nonce", NONCE_BYTES);
  const pskIdHash = labeledExtract(NOTHING, extractLabel(suite, "psk_id_hash"), NOTHING);
  return (sharedSecret, info) => {
    const infoHash = labeledExtract(NOTHING, infoHashLabel, info);
    const context = Buffer.concat([BASE_MODE, pskIdHash, infoHash]);
    const secret = labeledExtract(sharedSecret, secretLabel, NOTHING);
    const key = labeledExpand(secret, keyLabel, context);
    const baseNonce = labeledExpand(secret, baseNonceLabel, context);
    secret.fill(0);
    return { key, baseNonce };
  };
}
