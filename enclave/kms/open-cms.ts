import { constants, createDecipheriv, privateDecrypt, timingSafeEqual, type KeyObject } from "node:crypto";
import { sha256 } from "../crypto.ts";
import { KmsError } from "./port.ts";
import { readCms } from "./read-cms.ts";

/** An RSA key that KMS encrypts answers to. */
export interface CmsRecipient {
  privateKey: KeyObject;
  /** DER of the SubjectPublicKeyInfo, as the attestation document carries it */
  spki: Uint8Array;
}

/** What opening is asked for. */
export interface OpenCmsOptions {
  /** how many bytes the plaintext has; an answer of any other length is refused */
  plaintextBytes: number;
  randomBytes: (bytes: number) => Uint8Array;
}

/**
 * Opens a CiphertextForRecipient. Whoever knows the public key can make one, so that it opens says nothing about where
 * it came from: the TLS connection and what the plaintext is then compared with do.
 *
 * What is wrong about it cannot be told from outside. The form is public and so is the length; behind them every input
 * goes the same way: the content key that OAEP gives or a random one, a whole decryption, all of the padding compared at
 * once, one answer. CBC has no integrity and this is no oracle for it.
 *
 * @throws KmsError kms-answer-refused, the only one
 */
export function openCms(bytes: Uint8Array, recipient: CmsRecipient, { plaintextBytes, randomBytes }: OpenCmsOptions): Uint8Array {
  const refusal = new KmsError("kms-answer-refused"); // made in any case: it costs more than what it would tell about
  const cms = readCms(bytes);
  const paddingBytes = BLOCK_BYTES - (plaintextBytes % BLOCK_BYTES); // RFC 5652 §6.3
  if (
    cms === null ||
    cms.iv.length !== BLOCK_BYTES ||
    cms.ciphertext.length !== plaintextBytes + paddingBytes ||
    cms.encryptedKey.length !== RSA_BYTES ||
    !Buffer.from(cms.keyIdentifier).equals(sha256(recipient.spki))
  ) {
    throw refusal;
  }
  const stranger = randomBytes(KEY_BYTES);
  const key = contentKey(cms.encryptedKey, recipient.privateKey) ?? stranger;
  const decipher = createDecipheriv("aes-256-cbc", key, cms.iv).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(cms.ciphertext), decipher.final()]);
  const padding = Buffer.alloc(paddingBytes, paddingBytes);
  const refused = Number(key === stranger) | Number(!timingSafeEqual(padded.subarray(plaintextBytes), padding));
  const plaintext = new Uint8Array(padded.subarray(0, plaintextBytes)); // a copy
  key.fill(0);
  padded.fill(0);
  if (refused === 0) return plaintext;
  plaintext.fill(0);
  throw refusal;
}

/** RFC 8017 §7.1.2; null for what was not encrypted to this key, or is no key of AES-256. */
function contentKey(encryptedKey: Uint8Array, privateKey: KeyObject): Uint8Array | null {
  try {
    const key = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, encryptedKey);
    return key.length === KEY_BYTES ? key : null;
  } catch {
    return null;
  }
}

const BLOCK_BYTES = 16;
const KEY_BYTES = 32;
const RSA_BYTES = 256;
