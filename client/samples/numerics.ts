import type { Channel, Recording, RecordingEvent } from "@caladrius/wire";
import { courseAt, type Course } from "./curve.ts";
import { randomSource } from "./random.ts";

/** What a numerics subject does: one course per channel, and where the sensor or the signal fails. */
export interface NumericsScript {
  subject: string;
  seconds: number;
  courses: Record<NumericCode, Course>;
  /** samples that the sensor did not deliver, in seconds from the start */
  dropouts: readonly { code: NumericCode; from: number; to: number }[];
  /** values that no body has, in seconds from the start */
  artefacts: readonly { code: NumericCode; from: number; to: number; value: number }[];
  events: readonly { second: number; kind: RecordingEvent["kind"]; value: string }[];
}

export type NumericCode = keyof typeof CHANNELS;

/** unit, decimals, wander: deviation and correlation time of the slow part, deviation of the fast one, limits of the signal */
const CHANNELS = {
  "loinc:8867-4": { unit: "/min", decimals: 0, slow: 1.6, slowSeconds: 90, fast: 0.5, low: 20, high: 220 },
  "loinc:9279-1": { unit: "/min", decimals: 0, slow: 0.7, slowSeconds: 120, fast: 0.25, low: 4, high: 60 },
  "loinc:2708-6": { unit: "%", decimals: 0, slow: 0.35, slowSeconds: 60, fast: 0.1, low: 50, high: 100 },
  "loinc:8480-6": { unit: "mm[Hg]", decimals: 0, slow: 2.2, slowSeconds: 150, fast: 0.6, low: 40, high: 260 },
  "loinc:8462-4": { unit: "mm[Hg]", decimals: 0, slow: 1.4, slowSeconds: 150, fast: 0.4, low: 20, high: 150 },
  "loinc:8310-5": { unit: "Cel", decimals: 1, slow: 0.03, slowSeconds: 600, fast: 0.01, low: 33, high: 42 },
} as const;

/**
 * Makes the numerics of one subject at one sample a second: each channel follows its course, with a slow wander (first
 * order autoregressive, as in beat-to-beat control) and a little fast noise, rounded as a monitor shows it.
 */
export function makeNumerics(script: NumericsScript, startMs: number, seed: number): Recording {
  const codes = Object.keys(CHANNELS).filter((code): code is NumericCode => code in CHANNELS);
  const channels = codes.map((code, i) => makeChannel(script, code, startMs, seed, i));
  const events = script.events.map(({ second, kind, value }) => ({ atMs: startMs + 1000 * second, kind, value }));
  return { subject: script.subject, device: "sample-monitor", channels, events };
}

function makeChannel(script: NumericsScript, code: NumericCode, startMs: number, seed: number, stream: number): Channel {
  const { unit, decimals, slow, slowSeconds, fast, low, high } = CHANNELS[code];
  const denominator = 10 ** decimals;
  const random = randomSource(seed, stream);
  const memory = Math.exp(-1 / slowSeconds);
  const samples = new Int16Array(script.seconds);
  let wander = slow * random.normal();
  for (let second = 0; second < script.seconds; second++) {
    wander = memory * wander + slow * Math.sqrt(1 - memory * memory) * random.normal();
    const value = courseAt(script.courses[code], second) + wander + fast * random.normal();
    samples[second] = Math.round(Math.min(high, Math.max(low, value)) * denominator);
  }
  for (const { from, to, value } of script.artefacts.filter((one) => one.code === code)) samples.fill(value * denominator, from, to);
  for (const { from, to } of script.dropouts.filter((one) => one.code === code)) samples.fill(MISSING, from, to);
  const scale = { numerator: 1, offset: 0, denominator };
  return { code, unit, startMs, timing: { kind: "rate", numerator: 1, denominator: 1 }, samples, scale, missing: MISSING };
}

const MISSING = -32_768;
