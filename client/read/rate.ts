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
  const ranges = roundings(period, decimals)
    .filter(([low]) => low.n > 0n)
    .map(([low, high]): Range => [rational(1000n * high.d, high.n), rational(1000n * low.d, low.n)]);
  const whole = ranges.map(wholeRates);
  const single = whole.find(({ count }) => count === 1n);
  if (single !== undefined) return toRate(rational(single.first, 1n));
  if (whole.every(({ count }) => count === 0n)) return toRate(decimals < 3 ? exact : (simpleIn(ranges) ?? exact));
  return toRate(exact);
}

/**
 * The rate behind a written frequency in samples per second (WFDB header): 0.0166666666667 is 1/60. With fewer than five
 * digits it is what it says, since 0.017 may stand for too many.
 */
export function rateFromHz(text: string): Rate | null {
  const frequency = positive(text);
  if (frequency === null) return null;
  const decimals = writtenDecimals(text);
  if (decimals < 3 || compare(frequency, rational(10_000n, 10n ** BigInt(decimals))) < 0) return toRate(frequency);
  return toRate(simpleIn(roundings(frequency, decimals).filter(([low]) => low.n > 0n)) ?? frequency);
}

type Range = readonly [low: Rational, high: Rational];

function positive(text: string): Rational | null {
  const value = parseDecimal(text);
  return value === null || value.n <= 0n ? null : value;
}

/** What may have been written as `value`: rounded to the last digit, else cut after it. */
function roundings(value: Rational, decimals: number): Range[] {
  const half = rational(1n, 2n * 10n ** BigInt(decimals));
  return [
    [add(value, multiply(half, MINUS_ONE)), add(value, half)],
    [value, add(value, multiply(half, TWO))],
  ];
}

function wholeRates([low, high]: Range): { first: bigint; count: bigint } {
  const first = (low.n + low.d - 1n) / low.d;
  return { first, count: high.n / high.d - first + 1n };
}

function simpleIn(ranges: readonly Range[]): Rational | undefined {
  return ranges.map(([low, high]) => simplestBetween(low, high)).find((value) => value.d <= MAX_SIMPLE_DENOMINATOR);
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
