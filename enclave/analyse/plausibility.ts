import type { Channel } from "@caladrius/wire";
import { ECG_UNITS, type UnitConversion, type Vital } from "./channels.ts";
import { clockOf, type Clock } from "./timing.ts";

/** In place of a value: nothing was measured, or what was measured is not plausible. It is never used and never imputed. */
export const ABSENT = -1;

/** A numeric channel as the detectors read it: raw samples, what they mean, and where something changes. */
export interface Column {
  code: string;
  /** place of the channel in the recording */
  index: number;
  vital: Vital;
  preference: number;
  clock: Clock;
  samples: Int16Array | Int32Array;
  missing: number;
  conversion: Conversion;
  /** plausibility bounds in the fixed-point form */
  least: number;
  most: number;
  /** marks samples that were rejected for contradicting another channel; null when there are none */
  withdrawn: Uint8Array | null;
  runs: Runs;
}

/** Stretches of samples that no detector can tell apart, in order, for evenly sampled channels; empty for others. */
export interface Runs {
  count: number;
  /** index of the first sample of each run */
  starts: Int32Array;
  /** fixed-point value of that sample, or ABSENT for a run of absent samples */
  values: Int16Array;
}

/** What was counted while samples were read. */
export interface Tally {
  received: number;
  gaps: number;
  rejected: Map<string, number>;
}

/** An empty tally. */
export function newTally(): Tally {
  return { received: 0, gaps: 0, rejected: new Map() };
}

/** Counts rejected samples under a reason. */
export function reject(tally: Tally, reason: string, samples: number): void {
  if (samples > 0) tally.rejected.set(reason, (tally.rejected.get(reason) ?? 0) + samples);
}

/** Physical value of a raw sample in a canonical unit, times 10^decimals: (raw * slope + intercept) / divisor. */
export interface Conversion {
  slope: number;
  intercept: number;
  divisor: number;
}

/** Joins the scale of a channel with a unit conversion. */
export function conversionOf(channel: Channel, unit: UnitConversion, decimals: number): Conversion {
  const { numerator, offset, denominator } = channel.scale;
  const factor = decimals === 1 ? 10 : 1;
  return {
    slope: numerator * unit.multiply * factor,
    intercept: (offset * unit.multiply + unit.add * denominator) * factor,
    divisor: denominator * unit.divide,
  };
}

/** Describes a numeric channel. Bounds hold for the value before rounding. */
export function columnOf(channel: Channel, index: number, vital: Vital, preference: number, unit: UnitConversion): Column {
  const factor = vital.decimals === 1 ? 10 : 1;
  return {
    code: channel.code,
    index,
    vital,
    preference,
    clock: clockOf(channel),
    samples: channel.samples,
    missing: channel.missing,
    conversion: conversionOf(channel, unit, vital.decimals),
    least: vital.least * factor,
    most: vital.most * factor,
    withdrawn: null,
    runs: NO_RUNS,
  };
}

const NO_RUNS: Runs = { count: 0, starts: new Int32Array(0), values: new Int16Array(0) };

/** Fixed-point value of sample i, rounded half up to the decimals of its unit; ABSENT for sentinel, implausible or withdrawn. */
export function valueOf(column: Column, i: number): number {
  const raw = column.samples[i] ?? 0;
  if (raw === column.missing || (column.withdrawn !== null && column.withdrawn[i] === 1)) return ABSENT;
  return convert(column, raw);
}

/** Fixed-point value of a raw sample that is not the sentinel, or ABSENT. */
function convert({ conversion, least, most }: Column, raw: number): number {
  const value = (raw * conversion.slope + conversion.intercept) / conversion.divisor;
  return value >= least && value <= most ? Math.floor(value + 0.5) : ABSENT;
}

/** Counts the absent samples in [from, to), all of which must be absent. */
export function countAbsent({ samples, missing, withdrawn, vital }: Column, from: number, to: number, tally: Tally): void {
  let unseen = 0;
  let crossed = 0;
  for (let i = from; i < to; i++) {
    if (samples[i] === missing) {
      unseen++;
      if (i === 0 || samples[i - 1] !== missing) tally.gaps++;
    } else if (withdrawn !== null && withdrawn[i] === 1) crossed++;
  }
  tally.received -= unseen;
  reject(tally, `${vital.id}-implausible`, to - from - unseen - crossed);
}

/** The raw value next to a canonical one; the table around it is one wider on each side, so its own rounding does not matter. */
export function rawBound({ slope, intercept, divisor }: Conversion, value: number): number {
  return Math.floor((value * divisor - intercept) / slope);
}

/** Counts samples and gaps of a channel that no detector reads. */
export function countOnly(channel: Channel, tally: Tally): void {
  const { samples, missing } = channel;
  let unseen = 0;
  let last = missing - 1;
  for (let i = 0; i < samples.length; i++) {
    const raw = samples[i] ?? 0;
    if (raw === missing) {
      unseen++;
      if (last !== missing) tally.gaps++;
    }
    last = raw;
  }
  tally.received += samples.length - unseen;
}

/** Microvolts per raw step and the raw bounds of what an ECG amplifier can deliver (±1 V with electrode offset), or null for another unit. */
export function ecgScale(channel: Channel): { conversion: Conversion; least: number; most: number } | null {
  const unit = ECG_UNITS.get(channel.unit);
  if (unit === undefined) return null;
  const conversion = conversionOf(channel, unit, 0);
  return { conversion, least: rawBound(conversion, -MAX_MICROVOLTS) + 1, most: rawBound(conversion, MAX_MICROVOLTS) };
}

const MAX_MICROVOLTS = 1_000_000;
