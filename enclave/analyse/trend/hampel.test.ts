import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Baseline } from "./baseline.ts";
import { Cusum } from "./cusum.ts";
import { Ewma } from "./ewma.ts";
import { Hampel } from "./hampel.ts";

/** The definition, with sorting. */
function artefacts(values: readonly number[], window: number, tenths: number, least: number): boolean[] {
  const half = (window - 1) / 2;
  const middle = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0;
  return values.map((value, i) => {
    const around = values.slice(Math.max(0, i - half), i + half + 1);
    const median = middle(around);
    const deviation = middle(around.map((one) => Math.abs(one - median)));
    const distance = Math.abs(value - median);
    return distance > least && distance * 100_000 > tenths * 14_826 * deviation;
  });
}

function streamed(values: readonly number[], hampel: Hampel): boolean[] {
  const found: boolean[] = [];
  values.forEach((value, i) => {
    if (!hampel.push(value, i)) return;
    expect([hampel.value, hampel.atMs]).toEqual([values[found.length], found.length]);
    found.push(hampel.artefact);
  });
  while (hampel.flush()) found.push(hampel.artefact);
  return found;
}

describe("Hampel", () => {
  it("is exact for any values and window, and again after a flush", () => {
    const values = fc.array(fc.oneof(fc.integer({ min: 60, max: 64 }), fc.integer({ min: -400, max: 400 })), { maxLength: 150 });
    const settings = fc.record({
      half: fc.integer({ min: 1, max: 30 }),
      tenths: fc.constantFrom(10, 20, 30),
      least: fc.constantFrom(0, 1, 5, 300),
    });
    fc.assert(
      fc.property(values, values, settings, (first, second, { half, tenths, least }) => {
        const hampel = new Hampel(2 * half + 1, tenths, least);
        for (const list of [first, second]) expect(streamed(list, hampel)).toEqual(artefacts(list, 2 * half + 1, tenths, least));
      }),
      { numRuns: 300 },
    );
  });
  it("takes a spike and leaves a step", () => {
    const spike = Array.from({ length: 41 }, (_, i) => (i === 20 ? 140 : 70 + (i % 3)));
    expect(streamed(spike, new Hampel(15, 30, 5)).flatMap((found, i) => (found ? [i] : []))).toEqual([20]);
    const step = Array.from({ length: 41 }, (_, i) => (i < 20 ? 70 : 110) + (i % 3));
    expect(streamed(step, new Hampel(15, 30, 5))).not.toContain(true);
  });
});

describe("EWMA, CUSUM and baseline", () => {
  it("averages to within one step of the real-valued average", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 1000 }),
        (values, permille) => {
          const ewma = new Ewma(permille);
          let real = values[0] ?? 0;
          values.forEach((value, i) => {
            if (i > 0) real += ((value - real) * permille) / 1000;
            expect(Math.abs(ewma.push(value) - real)).toBeLessThanOrEqual(0.5 * (1000 / permille) + 1e-6);
          });
        },
      ),
    );
  });
  it("sums by hand", () => {
    const cusum = new Cusum(100, 5);
    const sums = [104, 108, 112, 103, 80, 60, 100].map((value, i) => {
      cusum.push(value, i);
      return [cusum.up, cusum.down, cusum.upSinceMs, cusum.downSinceMs];
    });
    expect(sums).toEqual([
      [0, 0, 0, 0],
      [3, 0, 1, 1],
      [10, 0, 1, 2],
      [8, 0, 1, 3],
      [0, 15, 1, 4],
      [0, 50, 5, 4],
      [0, 45, 6, 4],
    ]);
  });
  it("learns mean and spread by hand", () => {
    const baseline = new Baseline();
    for (const value of [2, 4, 4, 4, 5, 5, 7, 9]) baseline.push(1000 * value);
    expect([baseline.count, baseline.mean, baseline.spread]).toEqual([8, 5000, 2138]); // sqrt(32 / 7)
  });
});
