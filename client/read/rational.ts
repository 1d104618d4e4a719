/** An exact fraction: reduced, the denominator positive. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

export function rational(n: bigint, d: bigint): Rational {
  const divisor = gcd(n, d);
  const sign = d < 0n ? -1n : 1n;
  return { n: (sign * n) / divisor, d: (sign * d) / divisor };
}

export function add(a: Rational, b: Rational): Rational {
  return rational(a.n * b.d + b.n * a.d, a.d * b.d);
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.n * b.n, a.d * b.d);
}

/** Less than, equal to or greater than zero, as `a` relates to `b`. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Positive, also of negative numbers; gcd(0, 0) is 1, so that it can always divide. */
export function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (x > MAX_SAFE || y > MAX_SAFE) {
    if (y === 0n) return x;
    [x, y] = [y, x % y];
  }
  // Nearly all numbers in files are small, and small ones are quicker so.
  let [p, q] = [Number(x), Number(y)];
  while (q !== 0) [p, q] = [q, p % q];
  return p === 0 ? 1n : BigInt(p);
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Nearest integer of n/d for d > 0, halves away from zero. */
export function roundedQuotient(n: bigint, d: bigint): bigint {
  return n < 0n ? -((-2n * n + d) / (2n * d)) : (2n * n + d) / (2n * d);
}

/**
 * Reads a decimal number exactly. At most 30 digits and an exponent within ±30: whatever is longer is no measurement.
 * Returns null outside that grammar.
 */
export function parseDecimal(text: string): Rational | null {
  const match = /^([+-]?)(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const [, sign = "", whole = "", fraction = "", exponentText = "0"] = match;
  const exponent = Number(exponentText) - fraction.length;
  if (Number(exponentText) < -30 || Number(exponentText) > 30) return null;
  const digits = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`);
  return exponent >= 0 ? { n: digits * 10n ** BigInt(exponent), d: 1n } : rational(digits, 10n ** BigInt(-exponent));
}

/** Digits after the decimal point as written; 0 when there is an exponent, which no instrument writes. */
export function writtenDecimals(text: string): number {
  return /^[+-]?\d+\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
}
