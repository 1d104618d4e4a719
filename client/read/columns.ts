import { MAX_CHANNEL_SAMPLES, type Channel, type ChannelTiming } from "@caladrius/wire";
import { gcd, roundedQuotient, type Rational } from "./rational.ts";
import { ReadError } from "./problems.ts";

/** One charted value in its channel's unit; null where the file says that there is none. */
export interface Point {
  atMs: number;
  value: Rational | null;
}

/**
 * Puts values of one signal, sorted by time and without two of one time, into a column of integers: exactly where a
 * common denominator up to 10^9 fits 32 bits, else rounded to the finest decimal step that fits. Values at even
 * distances of up to a minute (one slot in five may be empty) get a rate, all others one offset each.
 * @throws ReadError time-range, value-range
 */
export function channelFromPoints(code: string, unit: string, points: readonly Point[]): Channel {
  const startMs = points[0]?.atMs ?? 0;
  const lastMs = points.at(-1)?.atMs ?? 0;
  if (lastMs - startMs > MAX_SPAN_MS) {
    throw new ReadError("time-range", code, "values within 49 days", `${Math.floor((lastMs - startMs) / 86_400_000)} days`);
  }
  const denominator = commonDenominator(points, code);
  const raw = points.map(({ value }) => (value === null ? null : Number(roundedQuotient(value.n * denominator, value.d))));
  const { timing, slots } = timingOf(points, startMs, lastMs);
  const narrow = raw.every((value) => value === null || Math.abs(value) < -MISSING_16);
  const missing = narrow ? MISSING_16 : MISSING_32;
  const samples = narrow ? new Int16Array(slots).fill(missing) : new Int32Array(slots).fill(missing);
  const stepMs = timing.kind === "rate" ? (1000 * timing.denominator) / timing.numerator : 0;
  raw.forEach((value, i) => {
    const slot = timing.kind === "rate" ? Math.round(((points[i]?.atMs ?? 0) - startMs) / stepMs) : i;
    if (value !== null) samples[slot] = value;
  });
  return { code, unit, startMs, timing, samples, scale: { numerator: 1, offset: 0, denominator: Number(denominator) }, missing };
}

function commonDenominator(points: readonly Point[], code: string): bigint {
  let denominator = 1n;
  for (const { value } of points) {
    if (value === null) continue;
    denominator *= value.d / gcd(denominator, value.d);
    if (denominator > MAX_DENOMINATOR) break;
  }
  if (fits(points, denominator)) return denominator;
  for (let step = MAX_DENOMINATOR; step >= 1n; step /= 10n) if (fits(points, step)) return step;
  throw new ReadError("value-range", code, "values within 32 bits", "a larger one");
}

function fits(points: readonly Point[], denominator: bigint): boolean {
  if (denominator > MAX_DENOMINATOR) return false;
  return points.every(({ value }) => {
    if (value === null) return true;
    const raw = roundedQuotient(value.n * denominator, value.d);
    return raw > BigInt(MISSING_32) && raw < BigInt(-MISSING_32);
  });
}

function timingOf(points: readonly Point[], startMs: number, lastMs: number): { timing: ChannelTiming; slots: number } {
  const offsetsMs = Uint32Array.from(points, ({ atMs }) => atMs - startMs);
  let stepMs = 0;
  for (const offset of offsetsMs) stepMs = gcdOf(stepMs, offset);
  const slots = stepMs === 0 ? 1 : (lastMs - startMs) / stepMs + 1;
  const even = stepMs > 0 && stepMs <= MAX_STEP_MS && slots <= points.length * MAX_EMPTY && slots <= MAX_CHANNEL_SAMPLES;
  if (!even) return { timing: { kind: "offsets", offsetsMs }, slots: points.length };
  const divisor = gcdOf(1000, stepMs);
  return { timing: { kind: "rate", numerator: 1000 / divisor, denominator: stepMs / divisor }, slots };
}

function gcdOf(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Raw values that mean "no sample" in channels made here. */
export const MISSING_16: number = -32_768;
export const MISSING_32: number = -2_147_483_648;

const MAX_DENOMINATOR = 1_000_000_000n;
const MAX_SPAN_MS = 2 ** 32 - 1; // offsets are 32 bits
const MAX_STEP_MS = 60_000;
const MAX_EMPTY = 1.25;
