import { PLAUSIBLE, type Channel, type PlausibleValues } from "@caladrius/wire";
import type { Point } from "./columns.ts";
import { ReadError } from "./problems.ts";
import { compare, type Rational } from "./rational.ts";

/*
 * Values that no patient has are told here and handed on: the enclave leaves them out, and its attested coverage counts
 * them, which this program cannot promise to anybody else.
 */

/** A value outside its signal's bounds, as a warning; null for one within, or of a signal without bounds. */
export function implausible(code: string, unit: string, value: number, where: string): (() => ReadError) | null {
  const bounds = boundsOf(code);
  if (bounds === null || (value >= bounds.least && value <= bounds.most)) return null;
  const expected = `${bounds.least} to ${bounds.most} ${unit} of ${code}`;
  return () => new ReadError("value-implausible", where, expected, String(Number(value.toPrecision(6))));
}

/**
 * A value so large that the decimals of all others of its column would be lost beside it, as what should stand there
 * instead; null for any that a sensor can give, plausible or not.
 */
export function tooLarge(unit: string, { n, d }: Rational): string | null {
  const most = unit === "1" ? MOST_OF_COUNTS : MOST_OF_UNITS; // waves without a unit are counts of a converter
  return (n < 0n ? -n : n) <= most * d ? null : `a number up to ${most} ${unit}`;
}

/** Implausible samples of a channel, as `implausible` tells them. */
export function* implausibleSamples({ code, unit, samples, scale, missing }: Channel, where: string): Generator<() => ReadError> {
  if (boundsOf(code) === null) return;
  for (const [i, raw] of samples.entries()) {
    if (raw === missing) continue;
    const warning = implausible(code, unit, (raw * scale.numerator + scale.offset) / scale.denominator, `${where}, sample ${i}`);
    if (warning !== null) yield warning;
  }
}

/** A systolic pressure that is not above the diastolic one of the same time: one is wrong, and nothing says which. */
export function* invertedPressures(subject: string, points: ReadonlyMap<string, readonly Point[]>): Generator<() => ReadError> {
  for (const [systolic, diastolic] of PRESSURE_PAIRS) {
    const lowerAt = new Map((points.get(diastolic) ?? []).map(({ atMs, value }) => [atMs, value]));
    for (const { atMs, value } of points.get(systolic) ?? []) {
      const lower = lowerAt.get(atMs) ?? null;
      if (value === null || lower === null || compare(value, lower) > 0) continue;
      const where = `subject ${subject} at ${new Date(atMs).toISOString()}`;
      yield () => new ReadError("value-implausible", where, "a systolic pressure above the diastolic", "one that is not");
    }
  }
}

/** Changes between neighbours that are faster than a body's. */
export function* jumps(code: string, points: readonly Point[]): Generator<() => ReadError> {
  const perMinute = Object.hasOwn(JUMPS, code) ? JUMPS[code] : undefined;
  if (perMinute === undefined) return;
  let last: { atMs: number; value: number } | null = null;
  for (const { atMs, value } of points) {
    if (value === null) continue;
    const number = Number(value.n) / Number(value.d);
    const allowed = last === null ? 0 : perMinute * Math.max(1, (atMs - last.atMs) / 60_000);
    if (last !== null && Math.abs(number - last.value) > allowed) {
      const before = last.value;
      const where = `${code} at ${new Date(atMs).toISOString()}`;
      yield () => new ReadError("value-jump", where, `at most ${perMinute} a minute`, `${before} to ${number}`);
    }
    last = { atMs, value: number };
  }
}

function boundsOf(code: string): PlausibleValues | null {
  return Object.hasOwn(BOUNDS, code) ? (BOUNDS[code] ?? null) : null;
}

/** Beside 100 000 a column of 32 bits still has four decimals. */
const MOST_OF_UNITS = 100_000n;
const MOST_OF_COUNTS = 2_000_000_000n;

/** Pressures that stand together. */
const PRESSURE_PAIRS: readonly (readonly [systolic: string, diastolic: string])[] = [
  ["loinc:8480-6", "loinc:8462-4"],
  ["mdc:150037", "mdc:150038"],
];

const BOUNDS: Readonly<Record<string, PlausibleValues>> = {
  "loinc:8867-4": PLAUSIBLE["heart-rate"],
  "mdc:149530": PLAUSIBLE["heart-rate"],
  "loinc:9279-1": PLAUSIBLE["respiratory-rate"],
  "loinc:2708-6": PLAUSIBLE.spo2,
  "loinc:8480-6": PLAUSIBLE.systolic,
  "loinc:8462-4": PLAUSIBLE.diastolic,
  "loinc:8478-0": PLAUSIBLE["mean-pressure"],
  "mdc:150037": PLAUSIBLE.systolic,
  "mdc:150038": PLAUSIBLE.diastolic,
  "mdc:150039": PLAUSIBLE["mean-pressure"],
  "loinc:8310-5": PLAUSIBLE.temperature,
  "loinc:2339-0": PLAUSIBLE.glucose,
  "loinc:9269-2": PLAUSIBLE.gcs,
};

/** Faster changes in a minute than these are told, and used. */
const JUMPS: Readonly<Record<string, number>> = { "loinc:8310-5": 1, "loinc:2339-0": 4 };
