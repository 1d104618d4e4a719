import type { RsaPublicKey } from "./backend.ts";

/** Whether key and signature have the form of ECDSA on a curve with coordinates of `size` bytes. */
export function hasEcdsaForm(size: number, publicKey: Uint8Array, signature: Uint8Array): boolean {
  // SEC 1 §2.3.4: 04 = uncompressed; compressed points would be a second encoding of one key
  return publicKey.length === 1 + 2 * size && publicKey[0] === 0x04 && signature.length === 2 * size;
}

/** Whether key and signature can be Ed25519: lengths, canonical y, and no key of small order. */
export function hasEd25519Form(publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const y = littleEndian(publicKey) & MASK_Y;
  // A key of small order "verifies" signatures over any message (RFC 8032 §8.4 leaves the check to the caller).
  return y < P && !SMALL_ORDER_Y.has(y);
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

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

const P = 2n ** 255n - 19n;
const MASK_Y = 2n ** 255n - 1n;
/** y of the points of order 4, 1, 2, 8 and 8; the sign of x does not matter. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);
