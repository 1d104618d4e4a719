import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { AEAD_TAG_BYTES } from "@caladrius/wire";
import type { MessageKey } from "./schedule.ts";

// createSecretKey first: Node 24 pays some 15 µs more when a cipher gets its key as bytes.

/** AES-256-GCM, the tag behind the ciphertext (RFC 5116 §5.1). */
export function encrypt({ key, baseNonce }: MessageKey, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", createSecretKey(key), baseNonce);
  cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([body, cipher.getAuthTag()]); // every byte is written, so none need be zeroed first
}

/** @throws when the tag does not match; nothing of the plaintext is returned then */
export function decrypt({ key, baseNonce }: MessageKey, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const end = ciphertext.length - AEAD_TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", createSecretKey(key), baseNonce, { authTagLength: AEAD_TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(end));
  const plaintext = decipher.update(ciphertext.subarray(0, end));
  try {
    decipher.final();
  } catch (error) {
    plaintext.fill(0);
    throw error;
  }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
}
