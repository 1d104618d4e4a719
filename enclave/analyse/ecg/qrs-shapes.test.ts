import { describe, expect, it } from "vitest";
import { cutLengthsOf, QrsCuts } from "./qrs-cuts.ts";
import { QrsShapes } from "./qrs-shapes.ts";

const RATE = 360;
const { group, half, shift } = cutLengthsOf(RATE);
const LENGTH = 2 * (half + shift) + 1;

/** A cut with a triangle of a width, moved by some values, on a baseline. */
const triangle = (width: number, { move = 0, height = 1000, base = 0 } = {}): number[] =>
  Array.from({ length: LENGTH }, (_, k) => base + height * Math.max(0, 1 - Math.abs(k - half - shift - move) / width));

function taught(...cuts: number[][]): QrsShapes {
  const shapes = new QrsShapes(RATE);
  for (let i = 0; i < 10; i++) for (const cut of cuts) shapes.learn(cut);
  return shapes;
}

describe("QrsShapes", () => {
  it("knows nothing before a shape has come five times", () => {
    const shapes = new QrsShapes(RATE);
    for (let i = 0; i < 5; i++) {
      expect(shapes.oddness(triangle(3))).toBeNull();
      shapes.learn(triangle(3));
    }
    expect(shapes.oddness(triangle(3))).toBeNull(); // shares fade: five less what has faded
    shapes.learn(triangle(3));
    expect(shapes.oddness(triangle(3))).toBeCloseTo(0);
  });
  it("finds what is moved, higher or on another baseline common, and another shape odd", () => {
    const shapes = taught(triangle(3));
    for (const move of [-3, -1, 0, 2, 3]) expect(shapes.oddness(triangle(3, { move }))).toBeLessThan(0.1);
    expect(shapes.oddness(triangle(3, { height: 250, base: -4000 }))).toBeLessThan(0.1);
    expect(shapes.oddness(triangle(3, { height: -1000 }))).toBeGreaterThan(4);
    expect(shapes.oddness(Array.from({ length: LENGTH }, (_, k) => (k < half + shift ? 0 : 1000)))).toBeGreaterThan(4);
  });
  it("knows several shapes, and none of a flat line", () => {
    const shapes = taught(triangle(2), triangle(6, { height: -2000 }));
    expect(shapes.oddness(triangle(2))).toBeLessThan(0.1);
    expect(shapes.oddness(triangle(6, { height: -2000 }))).toBeLessThan(0.1);
    expect(shapes.oddness(Array<number>(LENGTH).fill(7))).toBeNull();
  });
  it("forgets the rarest for a new one", () => {
    const shapes = taught(triangle(2));
    for (let i = 0; i < 40; i++) shapes.learn(Array.from({ length: LENGTH }, (_, k) => ((k * (i + 3) * 7919) % 101) - 50));
    expect(shapes.oddness(triangle(2))).toBeLessThan(0.1);
  });
});

describe("QrsCuts", () => {
  it("sums the samples around one, and holds the outermost at the ends", () => {
    const cuts = new QrsCuts(RATE);
    const samples = Int16Array.from({ length: 40_000 }, (_, i) => (i * 37) % 1009);
    for (let at = 0; at < samples.length; at += 2000) cuts.push(samples, at, at + 2000);
    const sumAt = (from: number): number => {
      let sum = 0;
      for (let j = 0; j < group; j++) sum += samples[Math.min(samples.length - 1, Math.max(0, from + j))] ?? 0;
      return sum;
    };
    for (const at of [39_999, 39_990, 35_001, 24_000])
      expect(cuts.at(at)).toEqual(Array.from({ length: LENGTH }, (_, k) => sumAt(at + (k - half - shift) * group)));
    const fresh = new QrsCuts(RATE);
    fresh.push(samples, 0, 500);
    expect(fresh.at(3)[0]).toBe(sumAt(-1000));
  });
});
