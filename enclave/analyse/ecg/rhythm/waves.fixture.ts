import type { Channel } from "@caladrius/wire";
import { even } from "../../recordings.fixture.ts";
import { AlarmStream } from "./alarm-stream.ts";
import type { RhythmAlarm } from "./alarm.ts";
import { CINC_2015_LIMITS } from "./rhythm-stream.ts";

/** Samples per second of generated leads. */
export const RATE = 250;

/** A wave of a lead: triangle of so many ms and steps of 5 uV around a time. */
export interface Wave {
  atMs: number;
  widthMs: number;
  height: number;
}

/** A usual beat: QRS and T wave. */
export const sinus = (atMs: number, size = 1): Wave[] => [
  { atMs, widthMs: 80, height: 240 * size },
  { atMs: atMs + 280, widthMs: 160, height: 60 * size },
];
/** Wide, upside down and notched. */
export const ventricular = (atMs: number): Wave[] => [
  { atMs, widthMs: 150, height: -300 },
  { atMs: atMs + 60, widthMs: 60, height: 160 },
];

/** Waves on noise of 15 uV. */
export function samplesOf(waves: readonly Wave[], seconds: number): Int16Array {
  const samples = new Int16Array(seconds * RATE);
  let noise = 1;
  for (let i = 0; i < samples.length; i++) {
    noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
    samples[i] = (noise >> 16) % 4;
  }
  for (const { atMs, widthMs, height } of waves) {
    const half = (widthMs * RATE) / 2000;
    const centre = (atMs * RATE) / 1000;
    for (let i = Math.max(0, Math.ceil(centre - half)); i < Math.min(samples.length, centre + half); i++)
      samples[i] = (samples[i] ?? 0) + Math.round(height * (1 - Math.abs(i - centre) / half));
  }
  return samples;
}

export const timing: Channel["timing"] = { kind: "rate", numerator: RATE, denominator: 1 };
export const lead = (samples: Int16Array, code = "mdc:131330"): Channel =>
  even(code, "mV", [], { samples, timing, scale: { numerator: 1, offset: 0, denominator: 200 } });

/** Times from one to before another. */
export const every = (intervalMs: number, fromMs: number, toMs: number): number[] =>
  Array.from({ length: Math.ceil((toMs - fromMs) / intervalMs) }, (_, i) => fromMs + i * intervalMs);
/** Alarms of leads pushed in pieces, and how many seconds each rose behind its onset. */
export function streamed(
  leads: readonly (Int16Array | Int32Array)[],
  rate: number,
  steps: number[],
  cut: (i: number) => number,
): [RhythmAlarm[], number[]] {
  const alarms: RhythmAlarm[] = [];
  const delays: number[] = [];
  const stream = new AlarmStream(rate, steps, CINC_2015_LIMITS, {
    rise: (_, from, now) => delays.push((now - from) / rate),
    tell: (alarm) => alarms.push(alarm),
  });
  const [first = new Int16Array(0)] = leads;
  for (let at = 0, i = 0; at < first.length; i++) {
    const to = Math.min(first.length, at + cut(i));
    stream.push(first, leads[1] ?? null, at, to);
    at = to;
  }
  stream.end();
  return [alarms.toSorted((a, b) => a.from - b.from || (a.code < b.code ? -1 : 1)), delays];
}
