import type { CborValue, Channel, Finding } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "./index.ts";
import { charted, even, recordingOf, START_MS } from "./recordings.fixture.ts";

function findings(channels: Channel[], parameters: [string, CborValue][] = []): Finding[] {
  return analyse(recordingOf(channels), { detectors: ["thresholds"], parameters: new Map([["thresholds", new Map(parameters)]]) }).findings;
}

/** [code, onset, end] in seconds. */
function brief(list: Finding[]): [string, number, number][] {
  return list.map(({ code, onsetMs, endMs }) => [code, (onsetMs - START_MS) / 1000, (endMs - START_MS) / 1000]);
}

/** A heart rate of 70 with other values in [from, to). */
function heartRate(...parts: [number, number, number][]): Channel {
  return even(
    "loinc:8867-4",
    "/min",
    Array.from({ length: 600 }, (_, i) => parts.find(([from, to]) => i >= from && i < to)?.[2] ?? 70),
  );
}

describe("thresholds", () => {
  it.each([
    [50, []],
    [49, ["heart-rate-low"]],
    [40, ["heart-rate-low"]],
    [39, ["heart-rate-low", "heart-rate-very-low"]],
    [120, []],
    [121, ["heart-rate-high"]],
    [140, ["heart-rate-high"]],
    [141, ["heart-rate-high", "heart-rate-very-high"]],
  ])("at a heart rate of %i", (value, codes) => {
    expect(
      findings([heartRate([100, 200, value])])
        .map(({ code }) => code)
        .toSorted(),
    ).toEqual(codes);
  });
  it("states onset, end, priority and evidence", () => {
    const [low, veryLow] = findings([heartRate([100, 150, 45], [150, 160, 33], [160, 200, 44])]);
    expect(low).toEqual({
      code: "heart-rate-low",
      detector: "thresholds",
      channel: "loinc:8867-4",
      onsetMs: START_MS + 100_000,
      endMs: START_MS + 200_000,
      priority: "medium",
      technical: false,
      confidencePermille: null,
      evidence: [
        { name: "lowest", value: 33, decimals: 0, unit: "/min" },
        { name: "limit", value: 50, decimals: 0, unit: "/min" },
      ],
    });
    expect(veryLow).toMatchObject({
      code: "heart-rate-very-low",
      priority: "high",
      onsetMs: START_MS + 150_000,
      endMs: START_MS + 160_000,
    });
  });
  it("needs the minimum duration", () => {
    expect(findings([heartRate([100, 109, 45])])).toEqual([]);
    expect(brief(findings([heartRate([100, 110, 45])]))).toEqual([["heart-rate-low", 100, 110]]);
    expect(brief(findings([heartRate([100, 101, 45])], [["minimum-seconds", 0]]))).toEqual([["heart-rate-low", 100, 101]]);
  });
  it("ends only when the value is back inside by the hysteresis", () => {
    expect(brief(findings([heartRate([100, 120, 45], [120, 140, 51], [140, 160, 45])]))).toEqual([["heart-rate-low", 100, 160]]);
    expect(brief(findings([heartRate([100, 120, 45], [120, 140, 52], [140, 160, 45])]))).toEqual([
      ["heart-rate-low", 100, 120],
      ["heart-rate-low", 140, 160],
    ]);
    expect(findings([heartRate([100, 160, 51])])).toEqual([]); // the hysteresis begins nothing
  });
  it("bridges short absences and ends at long ones", () => {
    expect(brief(findings([heartRate([100, 120, 45], [120, 150, -32_768], [150, 170, 45])]))).toEqual([["heart-rate-low", 100, 170]]);
    const channel = heartRate([100, 120, 45], [120, 200, -32_768], [200, 220, 45]);
    expect(brief(findings([channel]))).toEqual([
      ["heart-rate-low", 100, 120],
      ["heart-rate-low", 200, 220],
    ]);
    const { coverage } = analyse(recordingOf([channel]), { detectors: ["thresholds"] });
    expect(coverage).toMatchObject({ gaps: 1, notAssessedMs: 80_000, samplesReceived: 520 });
    expect(coverage.unassessed).toEqual([
      { detector: "thresholds", channel: "loinc:8867-4", fromMs: START_MS + 120_000, toMs: START_MS + 200_000, reason: "no-value" },
    ]);
  });
  it("closes what stands at the end, and before an absence at the end", () => {
    expect(brief(findings([heartRate([580, 600, 150])]))).toEqual([
      ["heart-rate-very-high", 580, 600],
      ["heart-rate-high", 580, 600],
    ]);
    expect(brief(findings([heartRate([500, 520, 125], [520, 600, -32_768])]))).toEqual([["heart-rate-high", 500, 520]]);
  });
  it("takes every charted value alone and joins neighbours", () => {
    const channel = charted("loinc:2708-6", "%", [
      [0, 97],
      [3600, 88],
      [7200, 84],
      [10_800, 95],
      [100_000, 80],
    ]);
    expect(brief(findings([channel]))).toEqual(
      [
        ["spo2-low", 3600, 10_800],
        ["spo2-very-low", 7200, 10_800],
        ["spo2-very-low", 100_000, 100_000],
        ["spo2-low", 100_000, 100_000],
      ].toSorted((a, b) => Number(a[1]) - Number(b[1]) || (a[0] === "spo2-very-low" ? -1 : 1)),
    );
  });
  it("leaves glucose to its own detector unless it is given limits", () => {
    expect(findings([charted("loinc:2339-0", "mg/dL", [[0, 40]])])).toEqual([]);
  });
  it("converts units first", () => {
    const glucose = charted(
      "loinc:15074-8",
      "mmol/L",
      [
        [0, 29],
        [60, 55],
      ],
      { scale: { numerator: 1, offset: 0, denominator: 10 } },
    );
    expect(findings([glucose], [["glucose-very-low", 54]])[0]).toMatchObject({
      code: "glucose-very-low",
      evidence: [{ value: 52, unit: "mg/dL" }, { value: 54 }],
    });
    const fever = even(
      "loinc:8310-5",
      "[degF]",
      Array.from({ length: 60 }, () => 1042),
      { scale: { numerator: 1, offset: 0, denominator: 10 } },
    );
    expect(findings([fever])[0]?.evidence[0]).toEqual({ name: "highest", value: 401, decimals: 1, unit: "Cel" });
  });
  it("takes limits as parameters, null for none", () => {
    const channel = heartRate([100, 200, 45]);
    expect(findings([channel], [["heart-rate-low", null]])).toEqual([]);
    expect(brief(findings([channel], [["heart-rate-low", 45]]))).toEqual([]);
    expect(brief(findings([channel], [["heart-rate-very-low", 46]])).map(([code]) => code)).toContain("heart-rate-very-low");
  });
  it("gives the same with any scale, table or not", () => {
    const values = Array.from({ length: 2000 }, (_, i) => 60 + ((i * 7919) % 90));
    const expected = brief(findings([even("loinc:8867-4", "/min", values)], [["minimum-seconds", 0]]));
    const fine = even("loinc:8867-4", "/min", [], {
      samples: Int32Array.from(values, (value) => value * 1000 - 5000),
      scale: { numerator: 1, offset: 5000, denominator: 1000 },
    });
    expect(brief(findings([fine], [["minimum-seconds", 0]]))).toEqual(expected);
    expect(expected.length).toBeGreaterThan(20);
  });
});
