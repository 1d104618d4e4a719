import { constants, createHash, privateEncrypt, publicDecrypt, randomBytes, timingSafeEqual, type KeyObject } from "node:crypto";
import { concatBytes } from "@caladrius/wire";
import { der, objectIdentifier, octetString, sequence } from "../../pki/der.ts";

type Hash = "sha256" | "sha384" | "sha512";

// node:crypto signs messages only, so for a digest the encoding is done here and node does the RSA operation.

/** RSASSA-PKCS1-v1_5 over a digest (RFC 8017 §8.2.1, §9.2 from step 2). */
export function signDigestPkcs1(key: KeyObject, hash: Hash, digest: Uint8Array): Uint8Array {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(hash, digest));
}

/** RSASSA-PKCS1-v1_5 over a digest (RFC 8017 §8.2.2). */
export function verifyDigestPkcs1(key: KeyObject, hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean {
  const found = recovered(key, constants.RSA_PKCS1_PADDING, signature);
  const expected = digestInfo(hash, digest);
  return found !== null && found.length === expected.length && timingSafeEqual(found, expected);
}

/** RSASSA-PSS over a digest, MGF1 with the same hash, salt as long as the hash (RFC 8017 §9.1.1 from step 3). */
export function signDigestPss(key: KeyObject, hash: Hash, digest: Uint8Array): Uint8Array {
  const salt = randomBytes(digest.length);
  const h = hashOf(hash, concatBytes(new Uint8Array(8), digest, salt));
  const length = modulusBytes(key);
  const db = concatBytes(new Uint8Array(length - salt.length - h.length - 2), Uint8Array.of(1), salt);
  const masked = xor(db, mgf1(hash, h, db.length));
  masked[0] = (masked[0] ?? 0) & 0x7f; // these moduli have a whole number of bytes, so one bit is cleared
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, concatBytes(masked, h, Uint8Array.of(0xbc)));
}

/** RSASSA-PSS over a digest, salt as long as the hash (RFC 8017 §9.1.2 from step 3). */
export function verifyDigestPss(key: KeyObject, hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean {
  const encoded = recovered(key, constants.RSA_NO_PADDING, signature);
  const length = modulusBytes(key);
  if (encoded === null || encoded.length !== length || encoded[length - 1] !== 0xbc || ((encoded[0] ?? 0) & 0x80) !== 0) return false;
  const dbLength = length - digest.length - 1;
  const h = encoded.subarray(dbLength, length - 1);
  const db = xor(encoded.subarray(0, dbLength), mgf1(hash, h, dbLength));
  db[0] = (db[0] ?? 0) & 0x7f;
  const saltAt = dbLength - digest.length;
  const zeros = db.subarray(0, saltAt - 1);
  if (db[saltAt - 1] !== 1 || zeros.some((byte) => byte !== 0)) return false;
  return timingSafeEqual(hashOf(hash, concatBytes(new Uint8Array(8), digest, db.subarray(saltAt))), h);
}

function recovered(key: KeyObject, padding: number, signature: Uint8Array): Uint8Array | null {
  if (signature.length !== modulusBytes(key)) return null;
  try {
    return publicDecrypt({ key, padding }, signature);
  } catch {
    return null; // no such padding, or a number that is not below the modulus
  }
}

/** DigestInfo (RFC 8017 §9.2 note 1). */
function digestInfo(hash: Hash, digest: Uint8Array): Uint8Array {
  return sequence(sequence(objectIdentifier(HASH_OID[hash]), der(0x05)), octetString(digest));
}

/** RFC 8017 appendix B.2.1. */
function mgf1(hash: Hash, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0, made = 0; made < length; counter++) {
    const block = hashOf(hash, concatBytes(seed, Uint8Array.of(0, 0, counter >> 8, counter & 255)));
    blocks.push(block);
    made += block.length;
  }
  return concatBytes(...blocks).subarray(0, length);
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

function hashOf(hash: Hash, bytes: Uint8Array): Uint8Array {
  return createHash(hash).update(bytes).digest();
}

function modulusBytes(key: KeyObject): number {
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
}

const HASH_OID: Readonly<Record<Hash, string>> = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
};
