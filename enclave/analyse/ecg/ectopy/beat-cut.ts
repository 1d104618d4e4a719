import type { Segment } from "../energy.ts";
import type { GroupLead } from "../groups.ts";

/** Where the parts of a beat lie in a cut, in working samples. */
export interface CutLayout {
  /** raw samples that are averaged into one working sample */
  group: number;
  /** working samples per second */
  rate: number;
  /** working samples in a cut */
  length: number;
  /** the beat's own place */
  centre: number;
  /** half of the QRS window */
  half: number;
  /** how far a beat may be moved to fit a known shape */
  shift: number;
  /** behind the beat, where the window that holds the T wave ends */
  tail: number;
}

/** Layout of the cuts of leads of this raw rate: -0.29 s to +0.44 s around the beat, 100 to 240 working samples per second. */
export function layoutOf(rawRate: number): CutLayout {
  const group = Math.max(1, Math.floor(rawRate / LEAST_RATE));
  const rate = rawRate / group;
  const samples = (seconds: number): number => Math.round(seconds * rate);
  const [half, shift, tail] = [samples(HALF_SECONDS), samples(SHIFT_SECONDS), samples(TAIL_SECONDS)];
  const centre = samples(HEAD_SECONDS) + shift;
  return { group, rate, length: centre + tail + shift + 1, centre, half, shift, tail };
}

/**
 * Averages a lead around raw sample `at` into `cut`, in microvolts. What lies outside the stretch is its outermost sample.
 * Sums are sums of integers and hence exact.
 */
export function cutBeat({ lead }: Pick<GroupLead, "lead">, { from, to }: Segment, at: number, layout: CutLayout, cut: Float64Array): void {
  const { samples, microvolts } = lead;
  const { group, length, centre } = layout;
  const gain = microvolts / group;
  let raw = at - centre * group - (group >> 1);
  const isInside = raw >= from && raw + length * group <= to;
  for (let i = 0; i < length; i++) {
    let sum = 0;
    if (isInside) for (let k = 0; k < group; k++) sum += samples[raw + k] ?? 0;
    else for (let k = 0; k < group; k++) sum += samples[Math.max(from, Math.min(to - 1, raw + k))] ?? 0;
    cut[i] = sum * gain;
    raw += group;
  }
}

const LEAST_RATE = 120;
const HEAD_SECONDS = 0.25;
const HALF_SECONDS = 0.14;
const SHIFT_SECONDS = 0.04;
const TAIL_SECONDS = 0.4;
