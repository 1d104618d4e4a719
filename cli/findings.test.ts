import { describe, expect, it } from "vitest";
import { formatMeasurement, formatSeconds, formatSpan, saidOf } from "./findings.ts";

describe("formatMeasurement", () => {
  it.each([
    [{ name: "rate", value: 1234, decimals: 2, unit: "/min" }, "rate 12.34 /min"],
    [{ name: "t", value: -5, decimals: 3, unit: "Cel" }, "t -0.005 Cel"],
    [{ name: "score", value: 7, decimals: 0, unit: "1" }, "score 7"],
    [{ name: "big", value: 9007199254740991, decimals: 9, unit: "mV" }, "big 9007199.254740991 mV"],
  ])("writes %j exactly", (measurement, expected) => {
    expect(formatMeasurement(measurement)).toBe(expected);
  });
});

describe("formatSeconds", () => {
  it.each([
    [0, "0 s"],
    [1.25, "1.3 s"],
    [60, "1 min"],
    [3599.6, "1 h"],
    [5400, "1 h 30 min"],
  ])("writes %d", (seconds, expected) => {
    expect(formatSeconds(seconds)).toBe(expected);
  });
});

describe("formatSpan", () => {
  it("is a moment when it has no length", () => {
    expect(formatSpan(0, 0)).toBe("1970-01-01T00:00:00Z");
    expect(formatSpan(0, 90_000)).toBe("1970-01-01T00:00:00Z +1 min 30 s");
  });
});

describe("saidOf", () => {
  const nothing = { denial: null, level: "findings", finding: [], "alarm-summary": null } as const;
  const alarms = { anyAlarm: true, highestPriority: "high", secondsNotAssessed: 0 } as const;

  it("never says that there are no findings where they were withheld", () => {
    const quiet = { ...alarms, anyAlarm: false, highestPriority: "none" } as const;
    expect(saidOf({ ...nothing, "alarm-summary": quiet }).text).toBe("no findings");
    expect(saidOf({ ...nothing, "alarm-summary": alarms }).text).toBe("alarm, highest priority high (findings withheld)");
    expect(saidOf({ ...nothing, level: null, "alarm-summary": alarms }).text).toBe("alarm, highest priority high (findings withheld)");
    expect(saidOf({ ...nothing, level: null, "alarm-summary": quiet }).text).toBe("no alarm (findings withheld)");
    expect(saidOf(nothing).text).toBe("alarm unknown: withheld, as all findings are");
    expect(saidOf({ ...nothing, level: "alarm", "alarm-summary": alarms }).text).toBe("alarm, highest priority high (findings withheld)");
    expect(saidOf({ ...nothing, level: "alarm", "alarm-summary": { ...alarms, anyAlarm: false } }).text).toBe(
      "no alarm (findings withheld)",
    );
    expect(saidOf({ ...nothing, level: "alarm" }).text).toBe("alarm unknown: withheld, as all findings are");
    expect(saidOf({ ...nothing, level: null, denial: "purpose-unknown" }).text).toBe("denied: purpose-unknown");
  });
});
