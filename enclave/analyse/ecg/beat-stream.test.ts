import { describe, expect, it } from "vitest";
import { BeatStream } from "./beat-stream.ts";
import type { Voted } from "./vote.ts";

/** Seeded, uniform in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e37_79b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

interface Generated {
  rate: number;
  seconds: number;
  /** how strong the noise is beside a QRS, at its worst */
  noise: number;
  seed: number;
}

/** Beats with early ones, pauses and small ones, in noise and jerks that come and go; 5 µV a step. */
function generate({ rate, seconds, noise, seed }: Generated): { samples: Int16Array; beats: number[] } {
  const random = randomFrom(seed);
  const samples = new Int16Array(rate * seconds);
  const beats: number[] = [];
  const sharp = Math.round(0.015 * rate);
  for (let at = rate; at < samples.length - rate;) {
    const kind = random();
    const height = kind < 0.05 ? 40 : kind < 0.15 ? -260 : 200;
    for (let k = -3 * sharp; k <= 3 * sharp; k++) {
      const part = 1 - Math.abs(k) / (3 * sharp);
      samples[at + k] = (samples[at + k] ?? 0) + Math.round(height * part * part);
    }
    beats.push(at);
    at += Math.round(rate * (0.8 + 0.1 * random()) * (kind < 0.02 ? 3 : kind > 0.9 ? 0.55 : 1));
  }
  let jerk = 0;
  for (let i = 0; i < samples.length; i++) {
    const strength = noise * Math.max(0, Math.sin(i / (17 * rate)));
    if (random() < 1 / rate) jerk += 300 * (random() - 0.5) * strength;
    jerk *= 1 - 8 / rate;
    samples[i] = (samples[i] ?? 0) + Math.round(jerk + 120 * strength * (random() - 0.5));
  }
  return { samples, beats };
}

/** What is told when [0, from) and [to, end) have a second lead and what lies between has none, pushed in pieces that `next` gives. */
function run(leads: readonly Int16Array[], rate: number, alone: { from: number; to: number }, next: () => number): Voted[] {
  const told: Voted[] = [];
  const stream = new BeatStream(rate, [5, 5], (voted) => told.push(voted));
  const [first, second] = leads as [Int16Array, Int16Array];
  for (let at = 0; at < first.length;) {
    const isAlone = at >= alone.from && at < alone.to;
    const turn = at < alone.from ? alone.from : at < alone.to ? alone.to : first.length;
    const end = Math.min(turn, at + next());
    stream.push(first, isAlone ? null : second, at, end);
    at = end;
  }
  stream.end();
  return told;
}

describe("BeatStream", () => {
  it.each([
    [100, 0.2],
    [250, 0.5],
    [360, 0.9],
    [360, 1.6],
    [1000, 0.7],
  ])("tells the same however the samples are cut: %i samples/s, noise %f", (rate, noise) => {
    const seconds = rate === 1000 ? 60 : 150;
    const leads = [3, 4].map((seed) => generate({ rate, seconds, noise, seed }).samples);
    const alone = { from: 40 * rate, to: 55 * rate };
    const whole = run(leads, rate, alone, () => leads[0]!.length);
    expect(whole.filter(({ isBeat }) => isBeat).length).toBeGreaterThan(seconds / 2);
    expect(whole.some(({ isDisputed }) => isDisputed)).toBe(true);
    for (const [seed, longest] of [
      [5, 40],
      [6, 700],
      [7, 9000],
    ] as const) {
      const random = randomFrom(seed);
      expect(run(leads, rate, alone, () => 1 + Math.floor(longest * random()))).toEqual(whole);
    }
  });

  it("claims less of noise than of beats where jerks look like QRS complexes to every detector", () => {
    const rate = 250;
    const { samples, beats } = generate({ rate, seconds: 300, noise: 1.2, seed: 11 });
    const told: Voted[] = [];
    const stream = new BeatStream(rate, [5, 0], (voted) => told.push(voted));
    stream.push(samples, null, 0, samples.length);
    stream.end();
    const isNear = (at: number): boolean => beats.some((beat) => Math.abs(beat - at) <= 0.15 * rate);
    const rejected = told.filter(({ votes, isBeat }) => votes >= 2 && !isBeat);
    const wrong = rejected.filter(({ at }) => isNear(at)).length;
    expect(rejected.length - wrong).toBeGreaterThan(3 * wrong);
    expect(rejected.length).toBeGreaterThan(5);
  });
});
