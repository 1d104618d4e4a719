import { describe, expect, it } from "vitest";
import { count, formatLength, formatQuantity, formatTime, formatTimeBeside } from "./format.ts";

const MARCH = Date.UTC(2026, 2, 1, 12, 0, 5);

describe("times and lengths", () => {
  it("are in UTC, and leave out a day that is said already", () => {
    expect(formatTime(MARCH + 999)).toBe("2026-03-01 12:00:05 UTC");
    expect(formatTimeBeside(MARCH + 1000, MARCH)).toBe("12:00:06");
    expect(formatTimeBeside(MARCH + 86_400_000, MARCH)).toBe("2026-03-02 12:00:05 UTC");
  });

  it.each([
    [0, "0 s"],
    [1500, "1.5 s"],
    [60_000, "1 min"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [5_400_000, "1 h 30 min"],
    [90_000_000, "1 d 1 h"],
  ])("%d ms are %s", (ms, text) => {
    expect(formatLength(ms)).toBe(text);
  });
});

describe("formatQuantity", () => {
  it.each([
    [391, 1, "Cel", "39.1 °C"],
    [-5, 2, "mV", "−0.05 mV"],
    [9, 0, "{score}", "9"],
    [9, 0, "1", "9"],
    [600_000, 0, "ms", "10 min"],
    [1500, 0, "ms", "1500 ms"],
    [120, 0, "/min", "120 per min"],
    [9007199254740991, 9, "g", "9007199.254740991 g"],
  ])("%d with %d decimals in %s is %s", (value, decimals, unit, text) => {
    expect(formatQuantity({ name: "x", value, decimals, unit })).toBe(text);
  });
});

it("counts in words", () => {
  expect([count(1, "finding"), count(2, "finding"), count(1200, "entry", "entries")]).toEqual(["1 finding", "2 findings", "1,200 entries"]);
});
