import type { Channel, Recording } from "@caladrius/wire";
import { randomSource, type RandomSource } from "./random.ts";

/** What an ECG subject does. Times in seconds from the start. */
export interface EcgScript {
  subject: string;
  seconds: number;
  samplesPerSecond: number;
  /** beats per minute at rest */
  heartRate: number;
  /** no beat at all */
  pauses: readonly { from: number; to: number }[];
  /** beats at a fast even rate */
  runs: readonly { from: number; beats: number; rate: number }[];
  /** the share of beats that come early from the ventricle */
  ectopicShare: number;
  /** leads off: samples missing */
  dropouts: readonly { from: number; to: number }[];
  /** an electrode knocked: a jump of so many mV that dies away */
  spikes: readonly { at: number; millivolts: number }[];
  /** deviation of the noise, mV */
  noise: number;
}

interface Beat {
  atSeconds: number;
  /** distance from the beat before */
  rr: number;
  ventricular: boolean;
}

/** One wave of the heart: place on the cycle (radians, R at 0), height in lead II and V1 (mV), width (radians). */
interface Wave {
  theta: number;
  heights: readonly [leadII: number, leadV1: number];
  width: number;
}

// McSharry et al., IEEE Trans Biomed Eng 50(3), 2003, table I: angles and widths; heights as a limb and a chest lead show.
const SINUS: readonly Wave[] = [
  { theta: -Math.PI / 3, heights: [0.12, 0.06], width: 0.25 },
  { theta: -Math.PI / 12, heights: [-0.1, 0.02], width: 0.1 },
  { theta: 0, heights: [1.1, 0.25], width: 0.1 },
  { theta: Math.PI / 12, heights: [-0.2, -0.75], width: 0.1 },
  { theta: Math.PI / 2, heights: [0.28, 0.12], width: 0.4 },
];
/** A beat from the ventricle: no P wave, wide, T against it. */
const VENTRICULAR: readonly Wave[] = [
  { theta: 0, heights: [1.4, -1.1], width: 0.28 },
  { theta: 0.5, heights: [-0.5, 0.3], width: 0.3 },
  { theta: Math.PI / 2, heights: [-0.4, 0.35], width: 0.45 },
];

const GAIN = 200; // raw units per mV, baseline 1024, as an 11-bit converter over ±5 mV has
const BASELINE = 1024;
const MISSING = -32_768;

/**
 * Makes two leads (II and V1) after ECGSYN's idea: each heart beat is one turn of a limit cycle on which P, Q, R, S and T
 * are Gaussians of the angle; the turn takes one RR interval, which breathing (0.25 Hz) and blood pressure control
 * (0.1 Hz) stretch and shrink. Added are baseline wander, noise, and what the script says.
 * @returns the recording and the true times of its R waves
 */
export function makeEcg(script: EcgScript, startMs: number, seed: number): { recording: Recording; beatTimesMs: number[] } {
  const beats = beatsOf(script, randomSource(seed, 100));
  const codes = ["mdc:131330", "mdc:131331"] as const;
  const channels = codes.map((code, lead): Channel => {
    const millivolts = renderLead(script, beats, lead, randomSource(seed, 200 + lead));
    const samples = Int16Array.from(millivolts, (value) => Math.max(-2047, Math.min(2047, Math.round(value * GAIN) + BASELINE)));
    for (const { from, to } of script.dropouts) samples.fill(MISSING, from * script.samplesPerSecond, to * script.samplesPerSecond);
    const timing = { kind: "rate" as const, numerator: script.samplesPerSecond, denominator: 1 };
    return { code, unit: "mV", startMs, timing, samples, scale: { numerator: 1, offset: -BASELINE, denominator: GAIN }, missing: MISSING };
  });
  const recording = { subject: script.subject, device: "sample-holter", channels, events: [] };
  return { recording, beatTimesMs: beats.map(({ atSeconds }) => startMs + Math.round(1000 * atSeconds)) };
}

function beatsOf(script: EcgScript, random: RandomSource): Beat[] {
  const beats: Beat[] = [];
  const base = 60 / script.heartRate;
  let at = 0.4;
  let compensate = false;
  while (at < script.seconds - 0.5) {
    const sway = 1 + 0.035 * Math.sin(2 * Math.PI * 0.25 * at) + 0.02 * Math.sin(2 * Math.PI * 0.1 * at) + 0.008 * random.normal();
    const run = script.runs.find(({ from, beats: count, rate }) => at >= from && at < from + (count * 60) / rate);
    const ectopic: boolean = random.uniform() < script.ectopicShare && run === undefined && !compensate && beats.length > 4;
    // An early beat is followed by a pause, so that the two take as long as two of the others.
    const rr = run === undefined ? base * sway * (ectopic ? 0.68 : compensate ? 1.32 : 1) : 60 / run.rate;
    compensate = ectopic;
    at += rr;
    const pause = script.pauses.find(({ from, to }) => at > from && at < to);
    if (pause !== undefined) at = pause.to;
    beats.push({ atSeconds: at, rr, ventricular: ectopic });
  }
  return beats;
}

function renderLead(script: EcgScript, beats: readonly Beat[], lead: number, random: RandomSource): Float64Array {
  const { samplesPerSecond, seconds } = script;
  const signal = new Float64Array(seconds * samplesPerSecond);
  for (const beat of beats) {
    // Bazett's square root keeps QRS and T from shrinking as fast as the interval does.
    const turn = Math.sqrt(Math.min(1.3, Math.max(0.3, beat.rr)));
    for (const { theta, heights, width } of beat.ventricular ? VENTRICULAR : SINUS) {
      const height = heights[lead] ?? 0;
      const centre = beat.atSeconds + (theta * turn) / (2 * Math.PI);
      const spread = (width * turn) / (2 * Math.PI);
      const first = Math.max(0, Math.floor((centre - 4 * spread) * samplesPerSecond));
      const last = Math.min(signal.length - 1, Math.ceil((centre + 4 * spread) * samplesPerSecond));
      for (let i = first; i <= last; i++) {
        const away = (i / samplesPerSecond - centre) / spread;
        signal[i] = (signal[i] ?? 0) + height * Math.exp(-0.5 * away * away);
      }
    }
  }
  for (let i = 0; i < signal.length; i++) {
    const t = i / samplesPerSecond;
    let value =
      (signal[i] ?? 0) +
      0.06 * Math.sin(2 * Math.PI * 0.25 * t + lead) +
      0.03 * Math.sin(2 * Math.PI * 0.05 * t) +
      script.noise * random.normal();
    for (const { at, millivolts } of script.spikes) if (t >= at && t < at + 1) value += millivolts * Math.exp(-8 * (t - at));
    signal[i] = value;
  }
  return signal;
}
