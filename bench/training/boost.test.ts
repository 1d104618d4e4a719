import { describe, expect, it } from "vitest";
import { boost, logOdds, type BoostOptions } from "./boost.ts";
import { tableSource } from "./veb-table.ts";

const OPTIONS: BoostOptions = {
  trees: 30,
  depth: 2,
  rate: 0.3,
  lambda: 1,
  leastWeight: 0.5,
  directions: [0, 0],
  columnsPercent: 100,
  groupsPercent: 100,
};

/** Every pair of two numbers from 0 to 19; a label from each. */
const grid = (label: (a: number, b: number) => boolean) => {
  const rows = Array.from({ length: 400 }, (_, i) => Int32Array.of(i % 20, Math.floor(i / 20)));
  return { rows, labels: rows.map(([a = 0, b = 0]) => (label(a, b) ? 1 : 0)), weights: rows.map(() => 1), groups: rows.map(() => 0) };
};

describe("boost", () => {
  it("learns what two columns say together", () => {
    const data = grid((a, b) => a >= 12 && b >= 7);
    const model = boost(data, OPTIONS);
    data.rows.forEach((row, i) => expect(logOdds(model, row) > 0).toBe(data.labels[i] === 1));
  });
  it("gives the same model again", () => {
    const data = grid((a, b) => (a * 7 + b * 5) % 11 < 4);
    expect(tableSource(boost(data, OPTIONS))).toBe(tableSource(boost(data, OPTIONS)));
  });
  it("keeps to a direction", () => {
    const data = grid((a) => a < 10);
    const model = boost(data, { ...OPTIONS, directions: [1, 0] }); // against what the labels say
    const scores = Array.from({ length: 20 }, (_, a) => logOdds(model, Int32Array.of(a, 3)));
    expect(new Set(scores.map((score) => score.toFixed(9))).size).toBe(1);
  });
  it("asks nothing about a column without a direction", () => {
    const model = boost(
      grid((a) => a < 10),
      { ...OPTIONS, directions: [null, 0] },
    );
    expect(model.trees.flatMap(({ splits }) => splits).every(({ column, least }) => column === 1 || least > 100)).toBe(true);
  });
  it("leaves out what weighs nothing", () => {
    const data = grid((a) => a >= 10);
    const weights = data.rows.map(([a = 0]) => (a < 5 ? 0 : 1));
    const turned = { ...data, weights, labels: data.labels.map((label, i) => (weights[i] === 0 ? 1 - label : label)) };
    const model = boost(turned, OPTIONS);
    expect(logOdds(model, Int32Array.of(7, 0))).toBeLessThan(0);
    expect(logOdds(model, Int32Array.of(15, 0))).toBeGreaterThan(0);
  });
});
