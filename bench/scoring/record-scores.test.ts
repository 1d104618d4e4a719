import { describe, expect, it } from "vitest";
import { agreementOf } from "./agreement.ts";
import { bootstrap, randomFrom, ratesOf, scoreOf, summarise, tableOf, type RecordScore } from "./record-scores.ts";

const good: RecordScore = { record: "a", beats: 100, found: 99, missed: 1, extra: 0, rrMs: 10 };
const poor: RecordScore = { record: "b", beats: 300, found: 270, missed: 30, extra: 30, rrMs: 30 };

describe("scores of records", () => {
  it("tells gross and average figures apart", () => {
    const { gross, average, ...rest } = summarise([good, poor]);
    expect(rest).toEqual({ records: 2, beats: 400, missed: 31, extra: 30, rrMs: 20 });
    expect([gross.sensitivity, gross.precision]).toEqual([(100 * 369) / 400, (100 * 369) / 399]);
    expect([average.sensitivity, average.precision]).toEqual([94.5, 95]);
  });
  it("takes the root of the mean square over intervals", () => {
    const match = { pairs: [[1, 1] as [number, number]], missed: [2], extra: [3, 4], intervals: 4, squaredMs: 100 };
    expect(scoreOf("r", match)).toEqual({ record: "r", beats: 2, found: 1, missed: 1, extra: 2, rrMs: 5 });
  });
  it("counts nothing of nothing as right", () => {
    expect(ratesOf({ found: 0, missed: 0, extra: 0 })).toEqual({ sensitivity: 100, precision: 100 });
  });
  it("gives one interval for one seed, around the figure", () => {
    const scores = Array.from({ length: 20 }, (_, i) => ({ ...good, found: 90 + (i % 10), missed: 10 - (i % 10) }));
    const figure = (drawn: readonly RecordScore[]): number => summarise(drawn).gross.sensitivity;
    const interval = bootstrap(scores, figure, 7);
    expect(bootstrap(scores, figure, 7)).toEqual(interval);
    expect(randomFrom(8)()).not.toBe(randomFrom(7)());
    expect(interval.from).toBeLessThan(94.5);
    expect(interval.to).toBeGreaterThan(94.5);
    // The mean of 20 values with standard deviation 2.87: 1.96 standard errors are 1.26.
    expect(interval.to - interval.from).toBeCloseTo(2.5, 0);
    expect(bootstrap([good, good], figure)).toEqual({ from: 99, to: 99 });
  });
  it("draws evenly", () => {
    const random = randomFrom(3);
    const draws = Array.from({ length: 10_000 }, () => Math.floor(random() * 10));
    for (let digit = 0; digit < 10; digit++) expect(Math.abs(draws.filter((one) => one === digit).length - 1000)).toBeLessThan(120);
  });
  it("prints a line a record and two below", () => {
    expect(tableOf([good, poor])).toHaveLength(5);
    expect(tableOf([good])[1]).toMatch(/^ +a +100 +1 +0 +99\.000 +100\.000 +10\.0$/);
  });
});

describe("agreementOf", () => {
  it("tells which errors lie near a dispute", () => {
    const found = { beats: [100, 300, 900], disputed: [300, 380], unassessed: [{ from: 500, to: 549 }] };
    const match = { pairs: [], missed: [150, 481], extra: [300], intervals: 0, squaredMs: 0 };
    expect(agreementOf({ rate: 100, length: 1000 }, found, match)).toEqual({
      beats: 3,
      unanimous: 2,
      seconds: 10,
      flaggedSeconds: 2.8,
      errors: 3,
      flaggedErrors: 1,
      unassessedSeconds: 1,
    });
  });
});
