import type { Channel } from "@caladrius/wire";

/** Latest time that a finding can carry: 9999-12-31T23:59:59.999Z. */
export const MAX_TIME_MS = 253_402_300_799_999;

/** When the samples of one channel were taken. */
export interface Clock {
  startMs: number;
  /** samples in the channel */
  length: number;
  /** sample i is at startMs + floor(i * stepNumerator / stepDenominator), unless `times` says otherwise */
  stepNumerator: number;
  stepDenominator: number;
  /** milliseconds after startMs for irregular samples, strictly increasing; else null */
  times: Uint32Array | Float64Array | null;
  /** time between samples in whole milliseconds, rounded up; 0 for irregular ones */
  intervalMs: number;
  /** end of the last sample's interval, or the time of the last irregular sample; startMs when empty */
  endMs: number;
}

/** Reads the timing of a channel. Hostile values are bounded by the recording format; `endMs` may still pass MAX_TIME_MS for offsets. */
export function clockOf(channel: Channel): Clock {
  const { startMs, timing } = channel;
  const length = channel.samples.length;
  if (timing.kind === "offsets") {
    const last = length === 0 ? 0 : (timing.offsetsMs[length - 1] ?? 0);
    return { startMs, length, stepNumerator: 0, stepDenominator: 1, times: timing.offsetsMs, intervalMs: 0, endMs: startMs + last };
  }
  const stepNumerator = 1000 * timing.denominator;
  const stepDenominator = timing.numerator;
  const endMs = startMs + Math.ceil((length * stepNumerator) / stepDenominator);
  return { startMs, length, stepNumerator, stepDenominator, times: null, intervalMs: Math.ceil(stepNumerator / stepDenominator), endMs };
}

/** Time of sample i in Unix milliseconds, rounded down. */
export function sampleMs(clock: Clock, i: number): number {
  if (clock.times !== null) return clock.startMs + (clock.times[i] ?? 0);
  return clock.startMs + Math.floor((i * clock.stepNumerator) / clock.stepDenominator);
}

/** Index of the last sample at or before `ms`, or -1. */
export function indexAt(clock: Clock, ms: number): number {
  let low = -1;
  let high = clock.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    if (sampleMs(clock, middle) <= ms) low = middle;
    else high = middle - 1;
  }
  return low;
}
