import { constants, createCipheriv, createHash, publicEncrypt, type KeyObject } from "node:crypto";
import { cbcAlgorithm, constructedContent, envelopedData, oaepAlgorithm, OID, oneRecipient, primitiveContent } from "./enveloped-data.ts";

/** How the encrypted content stands in the message: KMS has been seen to write both. */
export type ContentForm = "constructed" | "primitive";

/**
 * Encrypts to the key of an attestation document as KMS does for `CiphertextForRecipient`: BER CMS EnvelopedData
 * (RFC 5652 §6), one recipient named by SHA-256 of its SPKI, RSAES-OAEP with SHA-256 over a fresh AES-256 key, AES-256-CBC
 * with PKCS #7 padding (RFC 5652 §6.3). Nothing authenticates it: whoever has the public key can write one.
 *
 * @param publicKey RSA; `readRecipient` gives one of 2048 to 4096 bits
 * @param plaintext at most 65000 bytes
 * @param random source of the content key and the IV; the seed of OAEP comes from OpenSSL
 * @throws InvariantError der-length
 */
export function encryptForRecipient(
  publicKey: KeyObject,
  plaintext: Uint8Array,
  random: (length: number) => Uint8Array,
  { content = "constructed" }: { content?: ContentForm } = {},
): Uint8Array {
  const contentKey = random(32);
  const iv = random(16);
  const cipher = createCipheriv("aes-256-cbc", contentKey, iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const encryptedKey = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, contentKey);
  return envelopedData({
    recipients: oneRecipient({ keyId: recipientKeyId(publicKey), algorithm: oaepAlgorithm(OID.sha256), encryptedKey }),
    contentAlgorithm: cbcAlgorithm(OID.aes256Cbc, iv),
    content: content === "constructed" ? constructedContent(ciphertext) : primitiveContent(ciphertext),
  });
}

/** The subject key identifier under which KMS names a recipient: SHA-256 of the SPKI's DER, 32 bytes. */
export function recipientKeyId(publicKey: KeyObject): Uint8Array {
  return createHash("sha256")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest();
}
