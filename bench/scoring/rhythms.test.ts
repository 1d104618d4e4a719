import { describe, expect, it } from "vitest";
import { areaUnderCurve, overlap, rhythmsOf } from "./rhythms.ts";

const rhythm = (at: number, aux: string, type = 28) => ({ at, type, subtype: 0, channel: 0, num: 0, aux });

describe("rhythms", () => {
  it("divides a record", () => {
    const annotations = [rhythm(10, "(N\0"), rhythm(15, "", 1), rhythm(40, "(AFIB\0"), rhythm(60, "MISSB"), rhythm(70, "(N")];
    expect(rhythmsOf(annotations, 100)).toEqual([
      { name: "", from: 0, to: 10 },
      { name: "N", from: 10, to: 40 },
      { name: "AFIB", from: 40, to: 70 },
      { name: "N", from: 70, to: 100 },
    ]);
  });
  it("adds up what overlaps", () => {
    expect(
      overlap(
        [
          { from: 0, to: 10 },
          { from: 20, to: 30 },
        ],
        [{ from: 5, to: 22 }],
      ),
    ).toBe(7);
  });
  it("has the area of pairs in order", () => {
    expect(areaUnderCurve([3, 4], [1, 2])).toBe(1);
    expect(areaUnderCurve([1], [1, 0, 2, 3])).toBe(0.375);
    expect(areaUnderCurve([1, 2], [1, 2])).toBe(0.5);
  });
});
