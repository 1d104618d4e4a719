import { utf8Encode } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import type { ReadResult } from "./collect.ts";
import { readFhir } from "./fhir.ts";
import { atMinute, bundle, code, observation, only, quantity, values, type Fields } from "./fhir.fixture.ts";

describe("plausibility and the profile", () => {
  const NOW = Date.UTC(2026, 0, 2);
  const readAt = (value: unknown): ReadResult => readFhir(utf8Encode(JSON.stringify(value)), { file: "f.json", nowMs: NOW });
  const VITAL = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }];

  it.each<[string, string, string, number, number, number, number]>([
    ["heart rate", "8867-4", "/min", 0, 350, -0.1, 350.1],
    ["respiratory rate", "9279-1", "/min", 0, 120, -1, 120.01],
    ["oxygen saturation", "2708-6", "%", 0, 100, -1, 100.1],
    ["systolic pressure", "8480-6", "mm[Hg]", 20, 320, 19.9, 321],
    ["diastolic pressure", "8462-4", "mm[Hg]", 5, 250, 4.9, 250.1],
    ["temperature", "8310-5", "Cel", 24, 45, 23.99, 45.01],
    ["glucose", "2339-0", "mg/dL", 10, 1500, 9.9, 1500.1],
    ["coma scale", "9269-2", "{score}", 3, 15, 2, 16],
  ])("tells %s outside its bounds, and leaves it to the enclave to reject", (_name, loinc, unit, low, high, below, above) => {
    const at = (value: number): ReadResult =>
      readAt(observation({ category: VITAL, code: code(loinc), valueQuantity: quantity(value, unit) }));
    for (const value of [low, high]) {
      const result = at(value);
      expect(values(only(result).channels[0]!)).toEqual([value]);
      expect(result.warnings).toEqual([]);
    }
    for (const value of [below, above]) {
      const result = at(value);
      expect(values(only(result).channels[0]!)).toEqual([value]);
      expect(result.warnings).toMatchObject([
        { code: "value-implausible", who: "sender", where: "Observation", actual: String(value), count: 1 },
      ]);
    }
  });

  it("tells a systolic pressure that is not the larger one", () => {
    const pressure = (systolic: number, diastolic: number): Fields =>
      observation({
        category: VITAL,
        code: code("85354-9"),
        component: [
          { code: code("8480-6"), valueQuantity: quantity(systolic, "mm[Hg]") },
          { code: code("8462-4"), valueQuantity: quantity(diastolic, "mm[Hg]") },
        ],
      });
    const result = readAt(pressure(80, 80));
    expect(only(result).channels.map(values)).toEqual([[80], [80]]);
    expect(result.warnings).toMatchObject([{ code: "value-implausible", actual: "one that is not" }]);
    expect(readAt(pressure(81, 80)).warnings).toEqual([]);
  });

  it("tells a change that is too fast, and uses it", () => {
    const glucose = (minute: number, value: number): Fields =>
      observation({ ...atMinute(minute), code: code("2339-0"), valueQuantity: quantity(value, "mg/dL") });
    const slow = readAt(bundle(glucose(0, 100), glucose(1, 104), glucose(2, 108)));
    expect(slow.warnings).toEqual([]);
    const fast = readAt(bundle(glucose(0, 100), glucose(2, 109), glucose(3, 100)));
    expect(values(only(fast).channels[0]!)).toEqual([100, null, 109, 100].filter((value) => value !== null));
    expect(fast.warnings).toMatchObject([{ code: "value-jump", count: 2, actual: "100 to 109" }]);
  });

  it("tells what the profile lacks, times ahead of the clock and several devices", () => {
    const codes = (fields: Fields): [string, string][] =>
      readAt(observation(fields)).warnings.map((warning) => [warning.code, warning.where]);
    const heart = { valueQuantity: quantity(80, "/min") };
    expect(codes(heart)).toEqual([["fhir-category", "Observation.category"]]);
    expect(codes({ ...heart, category: VITAL })).toEqual([]);
    expect(codes({ ...heart, category: VITAL, effectiveDateTime: "2026-01-02T00:05:00.001Z" })).toEqual([
      ["time-future", "Observation.effective[x]"],
    ]);
    expect(codes({ ...heart, category: VITAL, effectiveDateTime: "2026-01-02T00:05:00Z" })).toEqual([]);
    expect(codes({ category: VITAL, code: code("59408-5"), valueQuantity: quantity(97, "%") })).toEqual([
      ["fhir-profile", "Observation.code"],
    ]);
    const component = [{ code: code("8462-4"), valueQuantity: quantity(80, "mm[Hg]") }];
    expect(codes({ category: VITAL, code: code("85354-9"), component })).toEqual([["fhir-profile", "Observation.component"]]);
    const device = (name: string, minute: number): Fields =>
      observation({ ...heart, ...atMinute(minute), category: VITAL, device: { reference: `Device/${name}` } });
    const several = readAt(bundle(device("a", 0), device("b", 1)));
    expect(only(several).device).toBe("several");
    expect(several.warnings).toMatchObject([{ code: "fhir-device", actual: "a, b" }]);
  });

  it("refuses XML with what to ask for instead", () => {
    const { problems } = readFhir(utf8Encode('<?xml version="1.0"?><Observation/>'), { file: "f.xml" });
    expect(problems).toMatchObject([{ code: "fhir-xml", who: "sender" }]);
    expect(problems[0]?.message).toContain("application/fhir+json");
  });
});
