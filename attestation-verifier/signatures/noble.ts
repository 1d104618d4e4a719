import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { concatBytes, equalBytes, fromHex } from "@caladrius/wire";
import { bytesToNumberBE, bytesToNumberLE, numberToBytesBE } from "@noble/curves/utils.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { HashName, RsaPublicKey, SignatureBackend } from "./backend.ts";
import { hasEcdsaForm, hasEd25519Form, hasRsaForm } from "./lengths.ts";

/**
 * Signature checks in plain JavaScript, where neither node:crypto nor WebCrypto will do. About eight times slower. With the
 * lengths checked, noble throws nothing: it answers no for points that are not on the curve and numbers out of range.
 */
export const signatures: SignatureBackend = {
  verifyEs384(publicKey, message, signature) {
    // lowS: false, because AWS signs with high and low s alike
    return hasEcdsaForm(48, publicKey, signature) && p384.verify(signature, message, publicKey, { lowS: false });
  },
  verifyEs256(publicKey, message, signature) {
    return hasEcdsaForm(32, publicKey, signature) && p256.verify(signature, message, publicKey, { lowS: false });
  },
  verifyEd25519(publicKey, message, signature) {
    return (
      hasEd25519Form(publicKey, signature) &&
      ed25519.verify(signature, message, publicKey, { zip215: false }) &&
      holdsWithoutCofactor(publicKey, message, signature)
    );
  },
  verifyRsa(publicKey, hash, message, signature) {
    return hasRsaForm(publicKey, signature) && equalBytes(openRsa(publicKey, signature), encodeMessage(hash, message, signature.length));
  },
};

/** The same: here a key needs no import that could be kept. Every back end has this function. */
export function createSignatures(): SignatureBackend {
  return signatures;
}

/**
 * RFC 8032 §5.1.7 step 3 without the cofactor, as OpenSSL and BoringSSL do it: encode([S]B - [k]A) equals R. noble
 * multiplies by eight first, and would accept signatures of odd keys which the other two back ends refuse.
 */
function holdsWithoutCofactor(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519;
  const r = signature.subarray(0, 32);
  const k = Point.Fn.create(bytesToNumberLE(sha512(concatBytes(r, publicKey, message))));
  const s = bytesToNumberLE(signature.subarray(32));
  const expected = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(publicKey).multiplyUnsafe(k));
  return equalBytes(expected.toBytes(), r);
}

/** RSAVP1 (RFC 8017 §5.2.2): signature^exponent mod modulus as bytes; no bytes for a number that is not below the modulus. */
function openRsa({ modulus, exponent }: RsaPublicKey, signature: Uint8Array): Uint8Array {
  const n = bytesToNumberBE(modulus);
  const s = bytesToNumberBE(signature);
  if (s >= n) return new Uint8Array(0);
  let power = 1n;
  for (const bit of bytesToNumberBE(exponent).toString(2)) {
    power = (power * power) % n;
    if (bit === "1") power = (power * s) % n;
  }
  return numberToBytesBE(power, modulus.length);
}

/**
 * EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01, FF …, 00, DigestInfo. It is made anew and compared, never parsed: parsers that
 * skip padding accept forgeries for small exponents (CVE-2006-4339, RFC 8017 §8.2.2 note).
 */
function encodeMessage(hash: HashName, message: Uint8Array, length: number): Uint8Array {
  const { head, digest } = DIGEST_INFO[hash];
  const info = concatBytes(head, digest(message));
  const encoded = new Uint8Array(length).fill(0xff);
  encoded.set([0, 1]);
  encoded.set([0], length - info.length - 1);
  encoded.set(info, length - info.length);
  return encoded;
}

/** DigestInfo up to the digest (RFC 8017 §9.2 note 1); the parameters are NULL, never absent. */
const DIGEST_INFO: Readonly<Record<HashName, { head: Uint8Array; digest: (message: Uint8Array) => Uint8Array }>> = {
  "SHA-256": { head: fromHex("3031300d060960864801650304020105000420"), digest: sha256 },
  "SHA-384": { head: fromHex("3041300d060960864801650304020205000430"), digest: sha384 },
  "SHA-512": { head: fromHex("3051300d060960864801650304020305000440"), digest: sha512 },
};
