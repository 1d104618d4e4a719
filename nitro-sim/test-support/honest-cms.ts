import { constants, createCipheriv, publicEncrypt, randomBytes, type KeyObject } from "node:crypto";
import { concatBytes } from "@caladrius/wire";
import { recipientKeyId } from "../kms/recipient/encrypt-for-recipient.ts";
import {
  cbcAlgorithm,
  constructedContent,
  envelopedData,
  oaepAlgorithm,
  OID,
  oneRecipient,
  type EnvelopedParts,
  type KeyTransRecipient,
} from "../kms/recipient/enveloped-data.ts";

/** What an honest message is made of, to be replaced piece by piece. */
export interface HonestCms {
  readonly plaintext: Uint8Array;
  readonly contentKey: Uint8Array;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly recipient: KeyTransRecipient;
  /** the encoded parts of the message */
  readonly parts: EnvelopedParts;
  /** the message itself */
  readonly bytes: Uint8Array;
}

/** name -> bytes */
export type Forgeries = Readonly<Record<string, Uint8Array>>;

/** A message as KMS writes it, with what it was made of. */
export function honestCms(publicKey: KeyObject, plaintext: Uint8Array): HonestCms {
  const [contentKey, iv] = [randomBytes(32), randomBytes(16)];
  const ciphertext = cbc("aes-256-cbc", contentKey, iv, pkcs7(plaintext));
  const recipient = {
    keyId: recipientKeyId(publicKey),
    algorithm: oaepAlgorithm(OID.sha256),
    encryptedKey: wrap(publicKey, contentKey),
  };
  const parts = {
    recipients: oneRecipient(recipient),
    contentAlgorithm: cbcAlgorithm(OID.aes256Cbc, iv),
    content: constructedContent(ciphertext),
  };
  return { plaintext, contentKey, iv, ciphertext, recipient, parts, bytes: envelopedData(parts) };
}

/** RSAES-OAEP, MGF1 with the same hash. */
export function wrap(publicKey: KeyObject, contentKey: Uint8Array, oaepHash = "sha256"): Uint8Array {
  return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, contentKey);
}

/** AES-CBC over whole blocks. */
export function cbc(algorithm: string, key: Uint8Array, iv: Uint8Array, padded: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(padded), cipher.final()]);
}

/** Adds the padding of PKCS #7. */
export function pkcs7(plaintext: Uint8Array): Uint8Array {
  const count = 16 - (plaintext.length % 16);
  return concatBytes(plaintext, new Uint8Array(count).fill(count));
}

/** NULL. */
export const NULL: Uint8Array = Uint8Array.of(0x05, 0x00);
