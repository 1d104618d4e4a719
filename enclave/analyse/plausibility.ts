import type { Channel } from "@caladrius/wire";
import { ECG_UNITS, type UnitConversion, type Vital } from "./channels.ts";
import { clockOf, type Clock } from "./timing.ts";

/** In place of a value: nothing was measured, or what was measured is not plausible. It is never used and never imputed. */
export const ABSENT = -1;

const MISSING = -2; // in tables only: the sentinel of the channel
const MAX_TABLE = 8192;
const MIN_TABLE = 512;

/** A numeric channel as the detectors read it. */
export interface Column {
  code: string;
  /** place of the channel in the recording */
  index: number;
  vital: Vital;
  preference: number;
  clock: Clock;
  /** fixed-point values in the canonical unit (tenths where the vital has one decimal), or ABSENT */
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

/**
 * Turns raw samples into canonical fixed-point values, once, for all detectors: sentinel and implausible values become
 * ABSENT and are counted. Bounds hold for the value before rounding; rounding is half up to the unit's decimals.
 */
export function readColumn(channel: Channel, index: number, vital: Vital, preference: number, unit: UnitConversion, tally: Tally): Column {
  const { samples, missing } = channel;
  const conversion = conversionOf(channel, unit, vital.decimals);
  const factor = vital.decimals === 1 ? 10 : 1;
  const least = vital.least * factor;
  const most = vital.most * factor;
  const base = rawBound(conversion, least) - 1;
  const size = tableSize(rawBound(conversion, most) + 2 - base, samples.length);
  const table = new Int16Array(size);
  for (let k = 0; k < size; k++) table[k] = convert(base + k, missing, conversion, least, most);
  const values = new Int16Array(samples.length);
  let absent = 0;
  let unseen = 0;
  let gaps = 0;
  for (let i = 0; i < values.length; i++) {
    const raw = samples[i] ?? 0;
    const k = raw - base;
    const value = k >= 0 && k < size ? (table[k] ?? 0) : convert(raw, missing, conversion, least, most);
    if (value < 0) {
      if (value === MISSING) {
        unseen++;
        if (i === 0 || samples[i - 1] !== missing) gaps++;
      } else absent++;
      values[i] = ABSENT;
    } else values[i] = value;
  }
  tally.received += values.length - unseen;
  tally.gaps += gaps;
  reject(tally, `${vital.id}-implausible`, absent);
  return { code: channel.code, index, vital, preference, clock: clockOf(channel), values };
}

function convert(raw: number, missing: number, { slope, intercept, divisor }: Conversion, least: number, most: number): number {
  if (raw === missing) return MISSING;
  const value = (raw * slope + intercept) / divisor;
  return value >= least && value <= most ? Math.floor(value + 0.5) : ABSENT;
}

/** The raw value next to a canonical one; the table around it is one wider on each side, so its own rounding does not matter. */
export function rawBound({ slope, intercept, divisor }: Conversion, value: number): number {
  return Math.floor((value * divisor - intercept) / slope);
}

/** A table pays when the raw range of plausible values is small beside the number of samples; else each sample is converted. */
function tableSize(range: number, samples: number): number {
  return range > 0 && range <= Math.min(MAX_TABLE, Math.max(MIN_TABLE, samples / 2)) ? range : 0;
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
