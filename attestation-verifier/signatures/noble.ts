import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { concatBytes, equalBytes } from "@caladrius/wire";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { SignatureBackend } from "./backend.ts";
import { hasEcdsaForm, hasEd25519Form } from "./lengths.ts";

/** Signature checks in plain JavaScript, where neither node:crypto nor WebCrypto will do. About eight times slower. */
export const signatures: SignatureBackend = {
  verifyEs384(publicKey, message, signature) {
    // lowS: false, because AWS signs with high and low s alike
    return hasEcdsaForm(48, publicKey, signature) && answer(() => p384.verify(signature, message, publicKey, { lowS: false }));
  },
  verifyEs256(publicKey, message, signature) {
    return hasEcdsaForm(32, publicKey, signature) && answer(() => p256.verify(signature, message, publicKey, { lowS: false }));
  },
  verifyEd25519(publicKey, message, signature) {
    return (
      hasEd25519Form(publicKey, signature) &&
      answer(() => ed25519.verify(signature, message, publicKey, { zip215: false }) && holdsWithoutCofactor(publicKey, message, signature))
    );
  },
};

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

/** noble throws on points that are not on the curve and on numbers out of range: both mean "no". */
function answer(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
