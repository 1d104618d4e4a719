import { constants, createCipheriv, createHash, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";
import { concat, der, hex } from "@caladrius/attestation-verifier/generate/der.ts";

/** Parts of a CiphertextForRecipient that a test may want otherwise. */
export interface CmsParts {
  keyIdentifier: Uint8Array;
  /** the content key as RSA encrypted it */
  encryptedKey: Uint8Array;
  iv: Uint8Array;
  /** as AES-256-CBC encrypted it, padding and all */
  ciphertext: Uint8Array;
  /** how the content is written: in a constructed [0], or as the [0] itself */
  form: "constructed" | "primitive";
}

/** What KMS would answer an enclave whose document names this key. */
export function writeCms(spki: Uint8Array, plaintext: Uint8Array, change: Partial<CmsParts> = {}): Uint8Array {
  const contentKey = randomBytes(32);
  const iv = change.iv ?? randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", contentKey, iv);
  return writeParts({
    keyIdentifier: createHash("sha256").update(spki).digest(),
    encryptedKey: oaep(spki, contentKey),
    iv,
    ciphertext: Buffer.concat([cipher.update(plaintext), cipher.final()]),
    form: "constructed",
    ...change,
  });
}

/** RSAES-OAEP with SHA-256 twice and no label. */
export function oaep(spki: Uint8Array, contentKey: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, contentKey);
}

/** In BER with the indefinite lengths that KMS writes. */
function writeParts({ keyIdentifier, encryptedKey, iv, ciphertext, form }: CmsParts): Uint8Array {
  const sha256 = der(0x30, hex("0609608648016503040201"), hex("0500"));
  const mask = der(0x30, hex("06092a864886f70d010108"), sha256);
  const rsa = der(0x30, hex("06092a864886f70d010107"), der(0x30, der(0xa0, sha256), der(0xa1, mask)));
  const recipient = der(0x30, hex("020102"), der(0x80, keyIdentifier), rsa, der(0x04, encryptedKey));
  const aes = der(0x30, hex("060960864801650304012a"), der(0x04, iv));
  const content = form === "constructed" ? indefinite(0xa0, der(0x04, ciphertext)) : der(0x80, ciphertext);
  const encrypted = indefinite(0x30, hex("06092a864886f70d010701"), aes, content);
  return indefinite(
    0x30,
    hex("06092a864886f70d010703"),
    indefinite(0xa0, indefinite(0x30, hex("020102"), der(0x31, recipient), encrypted)),
  );
}

/** X.690 §8.1.3.6 */
export function indefinite(tag: number, ...parts: Uint8Array[]): Uint8Array {
  return concat(Uint8Array.of(tag, 0x80), ...parts, hex("0000"));
}
