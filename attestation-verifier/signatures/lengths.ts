import { fromHex } from "@caladrius/wire";
import type { RsaPublicKey } from "./backend.ts";

/** Whether key and signature have the form of ECDSA on a curve with coordinates of `size` bytes. */
export function hasEcdsaForm(size: number, publicKey: Uint8Array, signature: Uint8Array): boolean {
  // SEC 1 §2.3.4: 04 = uncompressed; compressed points would be a second encoding of one key
  return publicKey.length === 1 + 2 * size && publicKey[0] === 0x04 && signature.length === 2 * size;
}

/** Whether key and signature can be Ed25519: lengths, and neither key nor R of small order or out of canonical form. */
export function hasEd25519Form(publicKey: Uint8Array, signature: Uint8Array): boolean {
  // A key of small order "verifies" signatures over any message (RFC 8032 §8.4 leaves the check to the caller). An R of small
  // order comes of no honest signer; OpenSSL and WebCrypto's specification refuse it, so all back ends do.
  return publicKey.length === 32 && signature.length === 64 && hasOrdinaryY(publicKey) && hasOrdinaryY(signature);
}

/** Whether key and signature can be RSA of 2048 to 4096 bits: minimal numbers, both odd, an exponent from 3 to below 2^32. */
export function hasRsaForm({ modulus, exponent }: RsaPublicKey, signature: Uint8Array): boolean {
  const [highest = 0] = modulus;
  return (
    modulus.length >= 256 &&
    modulus.length <= 512 &&
    highest >= (modulus.length === 256 ? 0x80 : 1) &&
    isOdd(modulus) &&
    exponent.length <= 4 &&
    (exponent[0] ?? 0) >= (exponent.length === 1 ? 3 : 1) &&
    isOdd(exponent) &&
    signature.length === modulus.length
  );
}

function isOdd(bigEndian: Uint8Array): boolean {
  return ((bigEndian[bigEndian.length - 1] as number) & 1) === 1;
}

/** Whether the y in the first 32 bytes (little endian, RFC 8032 §5.1.2) is below p and belongs to no point of small order. */
function hasOrdinaryY(encoded: Uint8Array): boolean {
  return !SMALL_ORDER_Y.some((y) => isY(encoded, y)) && !isBeyondP(encoded);
}

/** The highest bit is the sign of x and does not matter. */
function isY(encoded: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (encoded[i] !== y[i]) return false;
  return ((encoded[31] as number) & 0x7f) === y[31];
}

/** p is 2^255 - 19: only its lowest byte is neither ff nor, without the sign, 7f. */
function isBeyondP(encoded: Uint8Array): boolean {
  if ((encoded[0] as number) < 0xed || ((encoded[31] as number) & 0x7f) !== 0x7f) return false;
  for (let i = 1; i < 31; i++) if (encoded[i] !== 0xff) return false;
  return true;
}

/** y of the points of order 4, 1, 2, 8 and 8. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
].map(fromHex);
