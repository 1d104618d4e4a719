import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { channelFromPoints, type Point } from "./columns.ts";
import { scaleOf } from "./fixed-point.ts";
import { parseInstantMs } from "./instant.ts";
import { rateFromHz, rateFromPeriodMs } from "./rate.ts";
import { parseDecimal, rational, roundedQuotient } from "./rational.ts";

const decimal = (text: string): ReturnType<typeof rational> => parseDecimal(text) ?? rational(0n, 1n);

const column = (...points: [atMs: number, text: string | null][]): ReturnType<typeof channelFromPoints> =>
  channelFromPoints(
    "loinc:8310-5",
    "Cel",
    points.map(([atMs, text]): Point => ({ atMs, value: text === null ? null : decimal(text) })),
  );

describe("rates", () => {
  it.each([
    ["2.7777777777777777", 360, 1],
    ["2.777777777777778", 360, 1],
    ["2.778", 360, 1],
    ["2.777", 360, 1],
    ["2.78", 360, 1],
    ["4", 250, 1],
    ["4.0", 250, 1],
    ["2.5", 400, 1],
    ["3", 1000, 3],
    ["1.302083", 768, 1],
    ["3.90625", 256, 1],
    ["3.906", 256, 1],
    ["7.8125", 128, 1],
    ["16.667", 60, 1],
    ["1000", 1, 1],
    ["60000", 1, 60],
    ["1333.333", 3, 4],
    ["2.8", 2500, 7], // 351 to 363 Hz are written so
    ["1e3", 1, 1],
  ])("reads a period of %s ms as %i/%i", (text, numerator, denominator) => {
    expect(rateFromPeriodMs(text)).toEqual({ numerator, denominator });
  });

  it.each(["0", "-4", "", "four", "1e-20", "1e30", "NaN"])("refuses a period of %j ms", (text) => {
    expect(rateFromPeriodMs(text)).toBeNull();
  });

  it("finds every whole rate again from its period, rounded or cut after eight digits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.boolean(), (hertz, cut) => {
        const text = cut ? (1000 / hertz).toFixed(12).slice(0, -4) : (1000 / hertz).toFixed(8);
        expect(rateFromPeriodMs(text)).toEqual({ numerator: hertz, denominator: 1 });
      }),
    );
  });

  it("reads frequencies", () => {
    expect(rateFromHz("360")).toEqual({ numerator: 360, denominator: 1 });
    expect(rateFromHz("0.0166666666667")).toEqual({ numerator: 1, denominator: 60 });
    expect(rateFromHz("128.5")).toEqual({ numerator: 257, denominator: 2 });
    expect(rateFromHz("0.1")).toEqual({ numerator: 1, denominator: 10 });
    expect(rateFromHz("125.125")).toEqual({ numerator: 1001, denominator: 8 });
  });

  it("takes a frequency of few digits for what it says", () => {
    expect(rateFromHz("0.001")).toEqual({ numerator: 1, denominator: 1000 });
    expect(rateFromHz("0.017")).toEqual({ numerator: 17, denominator: 1000 });
    expect(rateFromHz("0.016667")).toEqual({ numerator: 1, denominator: 60 });
  });
});

describe("decimals", () => {
  it("reads exactly and refuses what is no measurement", () => {
    expect(decimal("36.70")).toEqual({ n: 367n, d: 10n });
    expect(decimal("-1.5e2")).toEqual({ n: -150n, d: 1n });
    for (const text of ["", "1.", ".5", "1e31", "1e-31", "1e999", "0x10", "1_0", " 1", "1".repeat(31), "Infinity"])
      expect(parseDecimal(text)).toBeNull();
  });

  it("rounds halves away from zero", () => {
    expect([-3n, -1n, 1n, 3n, 5n].map((n) => roundedQuotient(n, 2n))).toEqual([-2n, -1n, 1n, 2n, 3n]);
  });

  it("scales exactly, or not at all", () => {
    expect(scaleOf(decimal("0.005"), decimal("-5.12"))).toEqual({ numerator: 1, offset: -1024, denominator: 200 });
    expect(scaleOf(decimal("0"), decimal("0"))).toBeNull();
    expect(scaleOf(decimal("-1"), decimal("0"))).toBeNull();
    expect(scaleOf(decimal("1e-20"), decimal("0"))).toBeNull();
  });
});

describe("instants", () => {
  it.each([
    ["2026-01-01T08:00:00Z", Date.UTC(2026, 0, 1, 8)],
    ["2026-01-01T08:00:00.1239+01:00", Date.UTC(2026, 0, 1, 7, 0, 0, 123)],
    ["2018-11-13T17:59:02-05:00", Date.UTC(2018, 10, 13, 22, 59, 2)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["9999-12-31T23:59:59.999Z", 253_402_300_799_999],
  ])("reads %s", (text, atMs) => {
    expect(parseInstantMs(text)).toBe(atMs);
  });

  it.each([
    "2026-01-01",
    "2026-01-01T08:00:00",
    "2026-01-01T08:00Z",
    "2025-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "1969-12-31T23:59:59Z",
    "2026-01-01T00:00:00+15:00",
    "9999-12-31T23:59:59-01:00",
    "0000-00-00T00:00:00Z",
    "",
  ])("refuses %j", (text) => {
    expect(parseInstantMs(text)).toBeNull();
  });

  it("reads back what toISOString writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (atMs) => {
        expect(parseInstantMs(new Date(atMs).toISOString())).toBe(atMs);
      }),
    );
  });
});

describe("columns", () => {
  it("keeps decimals exactly, Fahrenheit beside Celsius too", () => {
    const mixed = channelFromPoints("loinc:8310-5", "Cel", [
      { atMs: 0, value: decimal("37.2") },
      { atMs: 7_000_000, value: rational(5n * 986n - 5n * 320n, 90n) },
    ]);
    expect(mixed.scale).toEqual({ numerator: 1, offset: 0, denominator: 5 });
    expect([...mixed.samples]).toEqual([186, 185]);
  });

  it("gives even series a rate, with empty slots, and others offsets", () => {
    const even = column([1000, "1"], [2000, null], [3000, "3"], [5000, "5"], [6000, "6"], [7000, "7"]);
    expect(even.timing).toEqual({ kind: "rate", numerator: 1, denominator: 1 });
    expect([...even.samples]).toEqual([1, even.missing, 3, even.missing, 5, 6, 7]);
    const charted = column([0, "1"], [3_600_000, "2"], [7_200_000, "3"]);
    expect(charted.timing).toEqual({ kind: "offsets", offsetsMs: Uint32Array.of(0, 3_600_000, 7_200_000) });
    expect(column([5, "1"]).timing).toEqual({ kind: "offsets", offsetsMs: Uint32Array.of(0) });
  });

  it("rounds where 32 bits cannot hold the decimals, and refuses what cannot be held at all", () => {
    const fine = column([0, "36.123456789012"], [1, "-999.5"]);
    expect(fine.samples).toBeInstanceOf(Int32Array);
    expect([...fine.samples].map((raw) => raw / fine.scale.denominator)).toEqual([36.123457, -999.5]);
    expect(() => column([0, "1e10"])).toThrow(/32 bits/);
    expect(() => column([0, "1"], [50 * 86_400_000, "1"])).toThrow(/49 days/);
  });

  it("never lets a value pass for the missing one", () => {
    const edge = column([0, "-32768"], [1, null]);
    expect(edge.samples).toBeInstanceOf(Int32Array);
    expect(edge.samples[0]).not.toBe(edge.missing);
  });
});
