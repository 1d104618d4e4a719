import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { ConfigurationError, concatBytes, utf8Encode } from "@caladrius/wire";
import { openPrivateFile } from "../private-file.ts";

/** Seals what lies on disk and the headers of ciphertext blobs, each under a key of its own. */
export interface MasterKey {
  /** nonce (12) || AES-256-GCM ciphertext || tag (16); `about` is authenticated and must be said again to open it */
  seal(purpose: Purpose, about: string, plaintext: Uint8Array): Uint8Array;
  /** null where the bytes were not sealed under this key, for this purpose, about this */
  open(purpose: Purpose, about: string, sealed: Uint8Array): Uint8Array | null;
}

/** What a key derived from the master key is for. */
export type Purpose = "key material" | "ciphertext header" | "check";

/** Opens the master key file of a data folder, 32 bytes, made at the first start. @throws ConfigurationError kms-master-key, kms-file-mode, kms-data */
export async function openMasterKey(path: string): Promise<MasterKey> {
  const secret = await openPrivateFile(path, () => randomBytes(KEY_BYTES));
  if (secret.length !== KEY_BYTES) throw new ConfigurationError("kms-master-key", `${path} holds ${secret.length} bytes, not ${KEY_BYTES}`);
  const derive = (purpose: Purpose): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", secret, utf8Encode("caladrius simulated kms"), utf8Encode(purpose), KEY_BYTES));
  const keys: Readonly<Record<Purpose, Uint8Array>> = {
    "key material": derive("key material"),
    "ciphertext header": derive("ciphertext header"),
    check: derive("check"),
  };
  return {
    seal: (purpose, about, plaintext) => sealWith(keys[purpose], utf8Encode(about), plaintext),
    open: (purpose, about, sealed) => openWith(keys[purpose], utf8Encode(about), sealed),
  };
}

/** nonce (12, random) || AES-256-GCM ciphertext || tag (16). */
export function sealWith(key: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return concatBytes(nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** The plaintext of `sealWith`, null for other bytes. */
export function openWith(key: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < SEAL_OVERHEAD) return null;
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(aad)
    .setAuthTag(sealed.subarray(tagAt));
  try {
    return concatBytes(decipher.update(sealed.subarray(NONCE_BYTES, tagAt)), decipher.final());
  } catch {
    return null;
  }
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** By how much `sealWith` makes longer. */
export const SEAL_OVERHEAD: number = NONCE_BYTES + TAG_BYTES;
