import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reference, Stretch } from "./annotations.ts";
import { matchBeats, type Match, type MatchOptions } from "./match.ts";

/** At 1000 samples per second the window is 150 samples. */
const compare = (beats: number[], detected: number[], over: Partial<MatchOptions & { vf: Stretch[] }> = {}): Match => {
  const { vf = [], ...options } = over;
  const reference: Reference = { beats, types: beats.map(() => 1), vf };
  return matchBeats(reference, detected, { rate: 1000, ...options });
};
const counts = ({ pairs, missed, extra }: Match): number[] => [pairs.length, missed.length, extra.length];

const VF = [{ from: 2000, to: 6000 }];

/** Counts worked out by hand: found, missed, extra. */
const PAIRS: [string, number[], number[], [number, number, number], Parameters<typeof compare>[2]?][] = [
  ["the same beats", [1000, 2000, 3000], [1000, 2000, 3000], [3, 0, 0]],
  ["one extra between two", [1000, 3000], [1000, 2000, 3000], [2, 0, 1]],
  ["one missed between two", [1000, 2000, 3000], [1000, 3000], [2, 1, 0]],
  ["nothing detected", [1000, 2000], [], [0, 2, 0]],
  ["nothing to detect", [], [1000, 2000], [0, 0, 2]],
  ["late by the whole window", [1000], [1150], [1, 0, 0]],
  ["late by more", [1000], [1151], [0, 1, 1]],
  ["early by the whole window", [1000], [850], [1, 0, 0]],
  ["early by more", [1000], [849], [0, 1, 1]],
  ["two within the window, the second nearer", [1000], [950, 1040], [1, 0, 1]],
  ["two within the window, the first nearer", [1000], [980, 1040], [1, 0, 1]],
  ["two within the window, equally near", [1000], [960, 1040], [1, 0, 1]],
  ["two references for one, the second nearer", [1000, 1100], [1060], [1, 1, 0]],
  ["two references for one, the first nearer", [1000, 1100], [1040], [1, 1, 0]],
  ["a missed beat beside an extra one out of reach", [1000, 2000], [1300, 2000], [1, 1, 1]],
  ["a row that is late by 100", [1000, 1300, 1600, 1900], [1100, 1400, 1700, 2000], [4, 0, 0]],
  ["a row that is late by more than half its interval", [1000, 1200, 1400], [1120, 1320, 1520], [2, 1, 1]],
  ["detected inside VF, its ends included", [1000, 7000], [1000, 2000, 4000, 6000, 7000], [2, 0, 0], { vf: VF }],
  ["detected just outside VF", [1000, 7000], [1000, 1999, 6001, 7000], [2, 0, 2], { vf: VF }],
  ["detected inside VF for a beat behind it", [1000, 6100], [1000, 5990], [2, 0, 0], { vf: VF }],
  ["a beat beside VF that is missed", [1000, 6100], [1000], [1, 1, 0], { vf: VF }],
  ["before the start", [500, 800, 1500], [510, 1500], [1, 0, 0], { startSeconds: 1 }],
  ["the first beat found just before the start", [500, 1100, 2000], [510, 990, 2000], [2, 0, 0], { startSeconds: 1 }],
  ["detected just behind the start for a beat before it", [900, 2000], [1010, 2000], [1, 0, 0], { startSeconds: 1 }],
  ["detected behind the start, out of reach", [900, 2000], [1151, 2000], [1, 0, 1], { startSeconds: 1 }],
  ["behind the end", [1000, 5000], [1000, 4500], [1, 0, 0], { length: 4000 }],
  ["a pair across the end", [1000, 3990], [1000, 4010], [2, 0, 0], { length: 4000 }],
];

describe("matchBeats", () => {
  it.each(PAIRS)("counts as by hand: %s", (_, beats, detected, expected, over) => {
    expect(counts(compare(beats, detected, over))).toEqual(expected);
  });
  it("pairs with the nearer of two", () => {
    expect(compare([1000], [950, 1040]).pairs).toEqual([[1000, 1040]]);
    expect(compare([1000], [980, 1040]).pairs).toEqual([[1000, 980]]);
    expect(compare([1000, 1100], [1060]).pairs).toEqual([[1100, 1060]]);
  });
  it("rounds the window to samples", () => {
    expect(counts(compare([1000], [1054], { rate: 360 }))).toEqual([1, 0, 0]);
    expect(counts(compare([1000], [1055], { rate: 360 }))).toEqual([0, 1, 1]);
    expect(counts(compare([1000], [1019], { rate: 128 }))).toEqual([1, 0, 0]); // 19.2 samples
    expect(counts(compare([1000], [1038], { rate: 250 }))).toEqual([1, 0, 0]); // 37.5 samples
  });
  it("adds up errors of RR intervals", () => {
    expect(compare([1000, 2000, 3000], [1010, 1990, 3000])).toMatchObject({ intervals: 2, squaredMs: 20 ** 2 + 10 ** 2 });
    expect(compare([1000, 2000, 3000], [1010, 1990, 3000], { rate: 500 })).toMatchObject({ squaredMs: 40 ** 2 + 20 ** 2 });
    // Told at the missed beat and at the one behind it: 2000 instead of 1000.
    expect(compare([1000, 2000, 3000, 4000], [1000, 2000, 4000])).toMatchObject({ intervals: 3, squaredMs: 2 * 1000 ** 2 });
    expect(compare([1000, 7000, 8000], [1000, 7000, 8010], { vf: VF })).toMatchObject({ intervals: 1, squaredMs: 10 ** 2 });
  });

  const times = fc.uniqueArray(fc.integer({ min: 1, max: 20_000 }), { maxLength: 60 }).map((all) => all.toSorted((a, b) => a - b));
  it("counts every beat once, within the window and in order", () => {
    fc.assert(
      fc.property(times, times, (beats, detected) => {
        const { pairs, missed, extra } = compare(beats, detected);
        expect([...pairs.map(([at]) => at), ...missed].toSorted((a, b) => a - b)).toEqual(beats);
        expect([...pairs.map(([, at]) => at), ...extra].toSorted((a, b) => a - b)).toEqual(detected);
        for (const [a, b] of pairs) expect(Math.abs(a - b)).toBeLessThanOrEqual(150);
        expect(pairs.map(([, at]) => at)).toEqual(pairs.map(([, at]) => at).toSorted((a, b) => a - b));
      }),
    );
  });
  it("is the same the other way round, and anywhere in time", () => {
    fc.assert(
      fc.property(times, times, fc.integer({ min: 0, max: 1e6 }), (beats, detected, shift) => {
        const { pairs, missed, extra } = compare(beats, detected);
        const back = compare(detected, beats);
        expect([back.pairs.map(([a, b]) => [b, a]), back.missed, back.extra]).toEqual([pairs, extra, missed]);
        const shifted = (all: number[]): number[] => all.map((at) => at + shift);
        expect(counts(compare(shifted(beats), shifted(detected)))).toEqual([pairs.length, missed.length, extra.length]);
      }),
    );
  });
  it("leaves out no unmatched beat but those inside VF", () => {
    fc.assert(
      fc.property(times, times, fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 0, max: 9000 }), (beats, detected, from, lasts) => {
        const vf = [{ from, to: from + lasts }];
        const isIn = (at: number): boolean => at >= from && at <= from + lasts;
        const truth = beats.filter((at) => !isIn(at));
        const { pairs, missed, extra } = compare(truth, detected, { vf });
        expect(pairs.length + missed.length).toBe(truth.length);
        expect(extra.some(isIn)).toBe(false);
        const paired = new Set(pairs.map(([, at]) => at));
        expect(extra).toEqual(detected.filter((at) => !isIn(at) && !paired.has(at)));
      }),
    );
  });
});
