import { add, compare, multiply, parseDecimal, rational, writtenDecimals, type Rational } from "./rational.ts";

/** Samples per second as a fraction, each part 1 to 1 000 000 as a recording holds it. */
export interface Rate {
  numerator: number;
  denominator: number;
}

/**
 * The rate behind a written sampling period in milliseconds (FHIR R4 SampledData.period). 360 Hz is written as 2.777…,
 * cut or rounded somewhere: the one whole rate, else the simplest fraction, whose period is written like this; where
 * the text leaves several whole rates open, exactly what it says. Returns null when it is no positive decimal number.
 */
export function rateFromPeriodMs(text: string): Rate | null {
  const period = positive(text);
  if (period === null) return null;
  const exact = rational(1000n * period.d, period.n);
  const decimals = writtenDecimals(text);
  if (exact.d === 1n || decimals === 0) return toRate(exact);
  for (const [low, high] of roundings(period, decimals)) {
    if (low.n <= 0n) continue;
    const found = simpleRate(rational(1000n * high.d, high.n), rational(1000n * low.d, low.n), decimals);
    if (found !== null) return toRate(found);
  }
  return toRate(exact);
}

/** The rate behind a written frequency in samples per second (WFDB header): 0.0166666666667 is 1/60. */
export function rateFromHz(text: string): Rate | null {
  const frequency = positive(text);
  if (frequency === null) return null;
  const decimals = writtenDecimals(text);
  if (decimals < 3) return toRate(frequency);
  for (const [low, high] of roundings(frequency, decimals)) {
    const found = low.n <= 0n ? null : simplestBetween(low, high);
    if (found !== null && found.d <= MAX_SIMPLE_DENOMINATOR) return toRate(found);
  }
  return toRate(frequency);
}

function positive(text: string): Rational | null {
  const value = parseDecimal(text);
  return value === null || value.n <= 0n ? null : value;
}

/** What may have been written as `value`: rounded to the last digit, else cut after it. */
function roundings(value: Rational, decimals: number): [Rational, Rational][] {
  const half = rational(1n, 2n * 10n ** BigInt(decimals));
  return [
    [add(value, multiply(half, MINUS_ONE)), add(value, half)],
    [value, add(value, multiply(half, TWO))],
  ];
}

function simpleRate(low: Rational, high: Rational, decimals: number): Rational | null {
  const first = (low.n + low.d - 1n) / low.d;
  const last = high.n / high.d;
  if (first === last) return rational(first, 1n);
  if (first < last || decimals < 3) return null; // too few digits to tell
  const simplest = simplestBetween(low, high);
  return simplest.d <= MAX_SIMPLE_DENOMINATOR ? simplest : null;
}

/** The fraction of smallest denominator in [low, high], by continued fractions (0 < low <= high). */
function simplestBetween(low: Rational, high: Rational): Rational {
  const whole = low.n / low.d;
  const ceiling = rational((low.n + low.d - 1n) / low.d, 1n);
  if (compare(ceiling, high) <= 0) return ceiling;
  const below = simplestBetween(rational(high.d, high.n - whole * high.d), rational(low.d, low.n - whole * low.d));
  return rational(whole * below.n + below.d, below.n);
}

function toRate(value: Rational): Rate | null {
  if (value.n < 1n || value.n > MAX_PART || value.d > MAX_PART) return null;
  return { numerator: Number(value.n), denominator: Number(value.d) };
}

const MINUS_ONE: Rational = { n: -1n, d: 1n };
const TWO: Rational = { n: 2n, d: 1n };
const MAX_SIMPLE_DENOMINATOR = 1000n;
const MAX_PART = 1_000_000n;
