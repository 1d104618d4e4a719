/**
 * The CRC-32 of two stretches one after the other, from the CRC-32 of each and the length of the second: what the first
 * leaves is multiplied by x^(8 * length) modulo the polynomial (ISO 3309, bit-reversed as in zlib).
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  let power = ONE;
  let square = X_TO_8; // x^8, then its squares
  for (let left = secondBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return (multiply(power, first) ^ second) >>> 0;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31; bit >= 0; bit--) {
    if (((a >>> bit) & 1) === 1) product ^= b;
    b = (b & 1) === 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}

/** The coefficient of x^0 stands in the highest bit. */
const ONE = 0x80000000;
const X_TO_8 = 0x00800000;
const POLYNOMIAL = 0xedb88320;
