import type { Channel, Finding, RecordingEvent } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "../index.ts";
import { charted, event, recordingOf } from "../recordings.fixture.ts";

interface Vitals {
  sbp: number;
  pulse: number;
  rr: number;
  temp: number; // tenths
}

const NORMAL: Vitals = { sbp: 120, pulse: 70, rr: 12, temp: 370 };
const ALERT = [event("consciousness", "A")];

function channels(vitals: Vitals): Channel[] {
  return [
    charted("loinc:8480-6", "mm[Hg]", [[0, vitals.sbp]]),
    charted("loinc:8867-4", "/min", [[0, vitals.pulse]]),
    charted("loinc:9279-1", "/min", [[0, vitals.rr]]),
    charted("loinc:8310-5", "Cel", [[0, vitals.temp]], { scale: { numerator: 1, offset: 0, denominator: 10 } }),
  ];
}

function findings(list: Channel[], events: RecordingEvent[]): Finding[] {
  return analyse(recordingOf(list, events), { detectors: ["mews"] }).findings;
}

/** Points of one part; the others are made loud enough for a finding. */
function points(part: string, vitals: Partial<Vitals>, events = ALERT): number | undefined {
  const loud: Partial<Vitals> =
    part === "pulse" ? { sbp: 60, rr: 35 } : part === "respiration" ? { sbp: 60, pulse: 140 } : { pulse: 140, rr: 35 };
  const high = findings(channels({ ...NORMAL, ...loud, ...vitals }), events).find(({ code }) => code === "mews-high");
  return high?.evidence.find(({ name }) => name === `points-${part}`)?.value;
}

describe("MEWS bands (Subbe 2001), every edge and its neighbours", () => {
  it.each([
    [20, 3],
    [69, 3],
    [70, 3],
    [71, 2],
    [72, 2],
    [79, 2],
    [80, 2],
    [81, 1],
    [82, 1],
    [99, 1],
    [100, 1],
    [101, 0],
    [102, 0],
    [198, 0],
    [199, 0],
    [200, 2],
    [201, 2],
    [320, 2],
  ])("systolic %i mmHg: %i", (sbp, expected) => expect(points("systolic", { sbp })).toBe(expected));
  it.each([
    [0, 2],
    [39, 2],
    [40, 2], // in neither published band: the worse neighbour
    [41, 1],
    [42, 1],
    [49, 1],
    [50, 1],
    [51, 0],
    [52, 0],
    [99, 0],
    [100, 0],
    [101, 1],
    [102, 1],
    [109, 1],
    [110, 1],
    [111, 2],
    [112, 2],
    [128, 2],
    [129, 2],
    [130, 3],
    [131, 3],
    [350, 3],
  ])("pulse %i/min: %i", (pulse, expected) => expect(points("pulse", { pulse })).toBe(expected));
  it.each([
    [0, 2],
    [7, 2],
    [8, 2],
    [9, 0],
    [10, 0],
    [13, 0],
    [14, 0],
    [15, 1],
    [16, 1],
    [19, 1],
    [20, 1],
    [21, 2],
    [22, 2],
    [28, 2],
    [29, 2],
    [30, 3],
    [31, 3],
    [120, 3],
  ])("respiration %i/min: %i", (rr, expected) => expect(points("respiration", { rr })).toBe(expected));
  it.each([
    [240, 2],
    [348, 2],
    [349, 2],
    [350, 0],
    [351, 0],
    [383, 0],
    [384, 0],
    [385, 2],
    [386, 2],
    [450, 2],
  ])("temperature %i tenths: %i", (temp, expected) => expect(points("temperature", { temp })).toBe(expected));
  it.each([
    ["A", 0],
    ["V", 1],
    ["P", 2],
    ["U", 3],
  ])("consciousness %s: %i", (value, expected) => expect(points("consciousness", {}, [event("consciousness", value)])).toBe(expected));
  it("rounds temperature to a tenth first", () => {
    const at = (hundredths: number): number | undefined => {
      const list = channels({ ...NORMAL, pulse: 140, rr: 35 });
      list[3] = charted("loinc:8310-5", "Cel", [[0, hundredths]], { scale: { numerator: 1, offset: 0, denominator: 100 } });
      return findings(list, ALERT)[0]?.evidence.find(({ name }) => name === "points-temperature")?.value;
    };
    expect([at(3844), at(3845), at(3494), at(3495)]).toEqual([0, 2, 2, 0]);
  });
});

describe("MEWS totals", () => {
  it("is critical from 5", () => {
    expect(findings(channels({ ...NORMAL, sbp: 75, rr: 25 }), ALERT)).toEqual([]); // 4
    expect(findings(channels({ ...NORMAL, sbp: 75, rr: 30 }), ALERT)).toMatchObject([{ code: "mews-high", priority: "high" }]); // 5
  });
  it.each([
    [0, "missing SBP"],
    [1, "missing pulse"],
    [2, "missing RR"],
    [3, "missing temp"],
  ])("without channel %i there is no total", (left, reason) => {
    const list = channels({ sbp: 75, pulse: 120, rr: 25, temp: 390 }).filter((_, i) => i !== left); // 2 each
    const { findings: found, coverage } = analyse(recordingOf(list, ALERT), { detectors: ["mews"] });
    expect(coverage.unassessed).toMatchObject([{ detector: "mews", reason }]);
    expect(found.map(({ code }) => code)).toEqual(["mews-high", "mews-partial"]);
    expect(found[1]?.evidence[0]).toMatchObject({ name: "partial-score", value: 6 });
  });
  it("does not know new confusion: the part is missing, and what stood before does not stand on", () => {
    const list = channels(NORMAL).map((channel) => ({
      ...channel,
      samples: Int16Array.from([channel.samples[0] ?? 0, channel.samples[0] ?? 0]),
      timing: { kind: "offsets" as const, offsetsMs: Uint32Array.of(0, 1_000_000) },
    }));
    const { coverage } = analyse(recordingOf(list, [...ALERT, event("consciousness", "C", 500)]), { detectors: ["mews"] });
    expect(coverage.unassessed.map(({ reason, fromMs, toMs }) => [reason, toMs - fromMs])).toEqual([["missing AVPU", 500_000]]);
  });
});
