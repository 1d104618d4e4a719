import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAnnotations, referenceOf, type Annotation } from "./annotations.ts";

const entry = (code: number, low: number): number[] => [low & 255, (code << 2) | (low >> 8)];
const skip = (interval: number): number[] => [
  ...entry(59, 0),
  (interval >> 16) & 255,
  (interval >> 24) & 255,
  interval & 255,
  (interval >> 8) & 255,
];
const file = (...parts: number[][]): Uint8Array => Uint8Array.from([...parts.flat(), 0, 0]);
const plain = (at: number, type: number): Annotation => ({ at, type, subtype: 0, channel: 0, num: 0, aux: "" });

describe("readAnnotations", () => {
  it("reads entries, a long interval, and the fields that follow an entry", () => {
    const bytes = file(
      entry(28, 18),
      [...entry(63, 3), ..."(N\0".split("").map((one) => one.charCodeAt(0)), 0],
      entry(1, 59),
      skip(70_000),
      entry(5, 1023),
      entry(61, 0xff),
      entry(62, 1),
      entry(60, 2),
      entry(1, 10),
      entry(62, 0),
    );
    expect(readAnnotations(bytes)).toEqual([
      { ...plain(18, 28), aux: "(N\0" },
      plain(77, 1),
      { ...plain(77 + 70_000 + 1023, 5), subtype: -1, channel: 1, num: 2 },
      { ...plain(77 + 70_000 + 1033, 1), num: 2 },
    ]);
  });
  it("goes back where the long interval is negative", () => {
    expect(readAnnotations(file(entry(1, 500), skip(-100), entry(1, 0))).map(({ at }) => at)).toEqual([500, 400]);
  });
  it("ends at the mark, and without one at the end", () => {
    expect(readAnnotations(file(entry(1, 5), [0, 0], entry(1, 5)))).toHaveLength(1);
    expect(readAnnotations(Uint8Array.from(entry(1, 5)))).toHaveLength(1);
  });
  it("refuses a text that goes past the end", () => {
    expect(() => readAnnotations(Uint8Array.from([...entry(1, 5), ...entry(63, 40)]))).toThrow("past the end");
    expect(() => readAnnotations(Uint8Array.from([...entry(59, 0), 1]))).toThrow(RangeError);
  });
  it("reads back what was written", () => {
    const field = fc.record({
      interval: fc.integer({ min: 0, max: 5_000_000 }),
      type: fc.integer({ min: 1, max: 49 }),
      subtype: fc.integer({ min: -128, max: 127 }),
      channel: fc.integer({ min: 0, max: 255 }),
      num: fc.integer({ min: -128, max: 127 }),
      aux: fc.string({ maxLength: 9, unit: "grapheme-ascii" }),
    });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (all) => {
        const parts = all.map(({ interval, type, subtype, channel, num, aux }) => [
          ...(interval > 1023 ? [...skip(interval), ...entry(type, 0)] : entry(type, interval)),
          ...entry(61, subtype & 255),
          ...entry(62, channel),
          ...entry(60, num & 255),
          ...(aux === "" ? [] : [...entry(63, aux.length), ...Buffer.from(aux, "latin1"), ...(aux.length % 2 === 1 ? [0] : [])]),
        ]);
        let at = 0;
        const expected = all.map(({ interval, ...rest }) => ({ at: (at += interval), ...rest }));
        expect(readAnnotations(file(...parts))).toEqual(expected);
      }),
    );
  });
});

describe("referenceOf", () => {
  it("takes beats and leaves out what lies in VF", () => {
    const annotations = [
      plain(5, 28),
      plain(10, 1),
      plain(20, 14),
      plain(30, 32),
      plain(35, 31),
      plain(40, 1),
      plain(50, 33),
      plain(60, 5),
    ];
    expect(referenceOf(annotations)).toEqual({ beats: [10, 60], types: [1, 5], vf: [{ from: 30, to: 50 }] });
  });
  it("lets VF without an end last", () => {
    expect(referenceOf([plain(10, 1), plain(30, 32), plain(40, 1)])).toEqual({
      beats: [10],
      types: [1],
      vf: [{ from: 30, to: Number.POSITIVE_INFINITY }],
    });
  });
});
