import type { Channel } from "@caladrius/wire";
import { randomFrom } from "./record-scores.ts";

/** What disturbs a lead: tremor of muscles, or an electrode that moves. */
export type NoiseKind = "electrode motion" | "muscle";

/**
 * Adds generated noise to a whole lead, so that its signal-to-noise ratio is `decibels` by the convention of WFDB's nst(1):
 * the signal counts as a sine wave as high as the normal QRS complexes from peak to peak, the noise by its RMS amplitude.
 * Seeded: the same arguments give the same samples.
 * @param beats sample numbers of normal beats
 */
export function addNoise(
  lead: Channel,
  rate: number,
  beats: readonly number[],
  how: { kind: NoiseKind; decibels: number; seed: number },
): Channel {
  const noise = makeNoise(how.kind, lead.samples.length, rate, how.seed);
  const wanted = qrsPeakToPeak(lead, rate, beats) / Math.sqrt(8) / 10 ** (how.decibels / 20);
  const gain = wanted / rmsOf(noise, rate);
  const samples = lead.samples.slice();
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] ?? 0;
    if (value !== lead.missing) samples[i] = Math.max(-32_767, Math.min(32_767, Math.round(value + gain * (noise[i] ?? 0))));
  }
  return { ...lead, samples };
}

/** Mean height from peak to peak within 50 ms of the first 300 normal beats, in raw steps; the twentieth part at either end is left out. */
export function qrsPeakToPeak({ samples }: Channel, rate: number, beats: readonly number[]): number {
  const reach = Math.round(0.05 * rate);
  return trimmedMean(
    beats.slice(0, WINDOWS).map((at) => {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = Math.max(0, at - reach); i <= Math.min(samples.length - 1, at + reach); i++) {
        least = Math.min(least, samples[i] ?? 0);
        most = Math.max(most, samples[i] ?? 0);
      }
      return most - least;
    }),
  );
}

/** Mean over the first 300 seconds of each second's RMS about its mean, trimmed as above. */
export function rmsOf(values: Float64Array, rate: number): number {
  const second = Math.round(rate);
  const windows = Math.min(WINDOWS, Math.floor(values.length / second));
  return trimmedMean(
    Array.from({ length: windows }, (_, window) => {
      const part = values.subarray(window * second, (window + 1) * second);
      const mean = part.reduce((sum, value) => sum + value, 0) / second;
      return Math.sqrt(part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / second);
    }),
  );
}

/** Noise of one kind, in no unit. */
export function makeNoise(kind: NoiseKind, length: number, rate: number, seed: number): Float64Array {
  return kind === "muscle" ? muscle(length, rate, seed) : electrodeMotion(length, rate, seed);
}

/** White noise above 25 Hz (second order) and below 150 Hz, whose strength comes and goes over seconds. */
function muscle(length: number, rate: number, seed: number): Float64Array {
  const random = randomFrom(seed);
  const [first, second] = [bandPass(rate, 25, 150), bandPass(rate, 25, 150)];
  const effort = lowPass(rate, 0.2);
  return Float64Array.from({ length }, () => second(first(gauss(random))) * (0.6 + 8 * Math.abs(effort(gauss(random)))));
}

/** Wander between 1 and 8 Hz with jerks on it, about one in 1.5 s, that rise at once and die away in 40 to 250 ms, like QRS complexes. */
function electrodeMotion(length: number, rate: number, seed: number): Float64Array {
  const random = randomFrom(seed);
  const band = bandPass(rate, 1, 8);
  const smooth = lowPass(rate, 25);
  let [jerk, keeps] = [0, 0];
  return Float64Array.from({ length }, () => {
    if (random() < 1 / (1.5 * rate)) {
      jerk += gauss(random) * 1.2;
      keeps = Math.exp(-1 / (rate * (0.04 + 0.21 * random())));
    }
    jerk *= keeps;
    return 2 * band(gauss(random)) + smooth(jerk);
  });
}

/** A filter of first order, one value at a time. */
function lowPass(rate: number, hertz: number): (value: number) => number {
  const part = 1 - Math.exp((-2 * Math.PI * hertz) / rate);
  let state = 0;
  return (value) => (state += part * (value - state));
}

function bandPass(rate: number, from: number, to: number): (value: number) => number {
  const [below, above] = [lowPass(rate, from), lowPass(rate, Math.min(to, 0.45 * rate))];
  return (value) => {
    const passed = above(value);
    return passed - below(passed);
  };
}

/** Normally distributed, by the sum of twelve. */
function gauss(random: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum;
}

function trimmedMean(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const cut = Math.floor(sorted.length / 20);
  const kept = sorted.slice(cut, sorted.length - cut);
  return kept.reduce((sum, value) => sum + value, 0) / Math.max(1, kept.length);
}

const WINDOWS = 300;
