import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AfStream, type AfBeat, type AfEpisode, type AfListener } from "./af-stream.ts";
import { Irregularity } from "./irregularity.ts";

const RATE = 250;
const LIMITS = { permille: 450, holdMs: 30_000 };

/** A stream of numbers in [0, 1) that is the same on every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** Beats from intervals in ms; V marks ventricular ones. */
function beatsOf(intervals: readonly number[], ventricular: readonly number[] = []): AfBeat[] {
  let ms = 0;
  return intervals.map((interval, i) => ({ at: Math.round(((ms += interval) * RATE) / 1000), ventricular: ventricular.includes(i) }));
}

interface Told {
  scores: [number, number][];
  unknown: [number, number][];
  episodes: AfEpisode[];
}

function runOver(beats: readonly AfBeat[], finish: (stream: AfStream) => void = (stream) => stream.pause()): Told {
  const told: Told = { scores: [], unknown: [], episodes: [] };
  const listener: AfListener = {
    score: (at, permille) => told.scores.push([at, permille]),
    unknown: (from, to) => told.unknown.push([from, to]),
    episode: (episode) => told.episodes.push(episode),
  };
  const stream = new AfStream(RATE, LIMITS, listener);
  for (const beat of beats) stream.beat(beat);
  finish(stream);
  return told;
}

const repeat = (count: number, pattern: readonly number[]): number[] =>
  Array.from({ length: count }, (_, i) => pattern[i % pattern.length]!);
const fibrillation = (count: number, seed = 7): number[] => {
  const random = numbers(seed);
  return Array.from({ length: count }, () => 420 + Math.round(600 * random()));
};
const jitter = (intervals: readonly number[], ms: number): number[] => {
  const random = numbers(3);
  return intervals.map((interval) => interval + Math.round(ms * (random() - 0.5)));
};
const sinusArrhythmia = Array.from({ length: 200 }, (_, i) => 800 + Math.abs(((i * 40) % 320) - 160));

describe("AfStream", () => {
  it("tells an episode from its first to its last beat", () => {
    const before = jitter(repeat(100, [800]), 30);
    const told = runOver(beatsOf([...before, ...fibrillation(100), ...jitter(repeat(100, [800]), 30)]));
    expect(told.episodes).toHaveLength(1);
    const [{ from, to, beats, irregularityPermille }] = told.episodes as [AfEpisode];
    expect(Math.abs(from / RATE - 80)).toBeLessThan(12);
    expect(Math.abs(to / RATE - 152)).toBeLessThan(12);
    expect(beats).toBeGreaterThan(70);
    expect(irregularityPermille).toBeGreaterThan(LIMITS.permille);
  });
  it.each<[string, number[], number[]?]>([
    ["sinus rhythm", jitter(repeat(200, [800]), 40)],
    ["respiratory sinus arrhythmia", sinusArrhythmia],
    ["bigeminy of the atria", jitter(repeat(200, [520, 980]), 30)],
    ["trigeminy of the atria", jitter(repeat(201, [800, 520, 1060]), 30)],
    ["Wenckebach block", jitter(repeat(200, [760, 820, 860, 1300]), 20)],
    ["2:1 block that comes and goes", jitter([...repeat(70, [700]), ...repeat(70, [1400]), ...repeat(70, [700])], 20)],
    ["a paced heart", repeat(200, [857])],
    ["single ectopic beats", jitter(repeat(200, [800, 800, 800, 800, 800, 800, 480, 1120]), 30)],
    ["frequent ventricular beats at any time", ventricularStorm().intervals, ventricularStorm().ventricular],
  ])("tells no episode in %s", (_, intervals, ventricular) => {
    const told = runOver(beatsOf(intervals, ventricular));
    expect(told.episodes).toEqual([]);
    expect(told.scores.every(([, permille]) => permille >= 0 && permille < LIMITS.permille)).toBe(true);
  });
  it("tells none that lasts less than 30 s", () => {
    const around = jitter(repeat(60, [800]), 30);
    expect(runOver(beatsOf([...around, ...fibrillation(24), ...around])).episodes).toEqual([]);
  });
  it("joins what a few regular beats divide", () => {
    const told = runOver(beatsOf([...fibrillation(80), ...jitter(repeat(20, [700]), 20), ...fibrillation(80, 11)]));
    expect(told.episodes).toHaveLength(1);
  });
  it("says where there are too few intervals to tell", () => {
    const few = beatsOf(repeat(20, [800]));
    expect(runOver(few)).toMatchObject({ unknown: [[few[0]!.at, few[19]!.at]], episodes: [] });
    const pauses = beatsOf(repeat(400, [3500]));
    expect(runOver(pauses).scores.every(([, permille]) => permille === -1)).toBe(true);
    expect(runOver(pauses).unknown).toHaveLength(1);
  });
  it("gives every beat one score, in order, whatever comes", () => {
    const beat = fc.record({ ms: fc.integer({ min: 1, max: 5000 }), ventricular: fc.boolean(), isLast: fc.boolean() });
    fc.assert(
      fc.property(fc.array(beat, { maxLength: 600 }), (all) => {
        const scores: [number, number][] = [];
        const episodes: AfEpisode[] = [];
        const stream = new AfStream(RATE, LIMITS, {
          score: (at, permille) => scores.push([at, permille]),
          episode: (episode) => episodes.push(episode),
        });
        let ms = 0;
        const beats = all.map((one) => ({ at: Math.round(((ms += one.ms) * RATE) / 1000), ventricular: one.ventricular }));
        beats.forEach((one, i) => {
          stream.beat(one);
          if (all[i]?.isLast === true && i % 50 === 0) stream.pause();
        });
        stream.pause();
        expect(scores.map(([at]) => at)).toEqual(beats.map(({ at }) => at));
        for (const [, permille] of scores) expect(Number.isInteger(permille) && permille >= -1 && permille <= 10_000).toBe(true);
        for (const { from, to } of episodes) expect((to - from) / RATE).toBeGreaterThanOrEqual(30);
      }),
      { numRuns: 40 },
    );
  });
});

describe("Irregularity", () => {
  it("is two tolerances beside the mean interval where every window looks like every other", () => {
    const irregularity = new Irregularity();
    for (let i = 0; i < 40; i++) irregularity.push(1000);
    // 32 × 31 / 2 pairs match, 31 × 30 / 2 of which begin inside the window and go on matching
    expect(irregularity.permille()).toBe(Math.round((1000 * (2 * 30 * 496)) / (465 * 1000)));
    expect(irregularity.meanMs).toBe(1000);
  });
  it("widens its tolerance until five pairs match", () => {
    const irregularity = new Irregularity();
    for (let i = 0; i < 32; i++) irregularity.push(300 + 60 * i); // apart by 60: no pair within 30 ms, 30 pairs within 60
    expect(irregularity.permille()).toBe(Math.round((1000 * 2 * 60 * 31) / (30 * 1230)));
  });
});

/** Ventricular beats at random, each early and with a pause of random length behind it. */
function ventricularStorm(): { intervals: number[]; ventricular: number[] } {
  const random = numbers(5);
  const intervals: number[] = [];
  const ventricular: number[] = [];
  while (intervals.length < 300) {
    if (random() < 0.25) {
      ventricular.push(intervals.length);
      intervals.push(400 + Math.round(200 * random()), 900 + Math.round(400 * random()));
    }
    intervals.push(790 + Math.round(20 * random()));
  }
  return { intervals, ventricular };
}
