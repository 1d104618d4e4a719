import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COLUMN, FEATURES } from "./features.ts";
import { SPLITS } from "./model-table.ts";
import { ShapeScores } from "./shape-scores.ts";

/** Joins scores of beats of these shapes, in order. */
function joined(beats: readonly (readonly [shape: number, score: number])[]): number[] {
  const scores = new ShapeScores();
  return beats.map(([shape, score]) => {
    const row = new Int32Array(FEATURES.length);
    row[COLUMN.shape] = shape;
    return scores.join(row, score);
  });
}

describe("ShapeScores", () => {
  it("gives half a beat's own score and half the mean of its shape's, by hand", () => {
    expect(
      joined([
        [0, 1000],
        [1, -3000],
        [0, 2000],
        [1, -1000],
        [0, -600],
      ]),
    ).toEqual([1000, -3000, 1750, -1500, 100]);
  });
  it("carries a doubtful beat over the limit when those before it of its shape were sure, and no beat of another shape", () => {
    const sure = Array.from({ length: 10 }, (): [number, number] => [2, 4000]);
    expect(joined([...sure, [2, -1000]]).at(-1)).toBeGreaterThan(1000);
    expect(joined([...sure, [3, -1000]]).at(-1)).toBe(-1000);
  });
  it("forgets a shape whose place another took, and knows none of a beat without a shape", () => {
    expect(
      joined([
        [5, 4000],
        [13, -1000],
        [5, -1000],
        [-1, 300],
      ]),
    ).toEqual([4000, -1000, -1000, 300]);
  });
  it("stays between the least and the greatest score of a shape", () => {
    const beats = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: -9000, max: 9000 })), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(beats, (all) => {
        const results = joined(all);
        all.forEach(([shape], i) => {
          const same = all.slice(0, i + 1).flatMap(([other, score]) => (other === shape ? [score] : []));
          expect(results[i]).toBeGreaterThanOrEqual(Math.min(...same) - 1e-6);
          expect(results[i]).toBeLessThanOrEqual(Math.max(...same) + 1e-6);
        });
      }),
    );
  });
  it("reads a name that the table does not ask", () => {
    expect(SPLITS.filter((column, i) => i % 2 === 0 && column === COLUMN.shape)).toEqual([]);
  });
});
