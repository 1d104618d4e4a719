import type { Channel, Finding, RecordingEvent } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "../index.ts";
import { charted, event, recordingOf, START_MS } from "../recordings.fixture.ts";

const ALERT = [event("consciousness", "A")];

function channels(rr: number, sbp: number, gcs?: number): Channel[] {
  return [
    charted("loinc:9279-1", "/min", [[0, rr]]),
    charted("loinc:8480-6", "mm[Hg]", [[0, sbp]]),
    ...(gcs === undefined ? [] : [charted("loinc:9269-2", "{score}", [[0, gcs]])]),
  ];
}

function findings(list: Channel[], events: RecordingEvent[]): Finding[] {
  return analyse(recordingOf(list, events), { detectors: ["qsofa"] }).findings;
}

function value(list: Channel[], events: RecordingEvent[], name: string): number | undefined {
  return findings(list, events)
    .flatMap(({ evidence }) => evidence)
    .find((one) => one.name === name)?.value;
}

describe("qSOFA, every edge and its neighbours", () => {
  it.each([
    [0, 0],
    [20, 0],
    [21, 0],
    [22, 1],
    [23, 1],
    [120, 1],
  ])("respiration %i/min: %i", (rr, expected) => {
    expect(value(channels(rr, 90), [event("consciousness", "V")], "points-respiration")).toBe(expected);
  });
  it.each([
    [20, 1],
    [99, 1],
    [100, 1],
    [101, 0],
    [102, 0],
    [320, 0],
  ])("systolic %i mmHg: %i", (sbp, expected) => {
    expect(value(channels(30, sbp), [event("consciousness", "V")], "points-systolic")).toBe(expected);
  });
  it.each([
    ["A", 0],
    ["C", 1],
    ["V", 1],
    ["P", 1],
    ["U", 1],
  ])("consciousness %s: %i", (found, expected) => {
    expect(value(channels(30, 90), [event("consciousness", found)], "points-mentation")).toBe(expected);
  });
  it.each([
    [3, 1],
    [13, 1],
    [14, 1],
    [15, 0],
  ])("coma score %i: %i, the worse of two", (gcs, expected) => {
    expect(value(channels(30, 90, gcs), [], "points-mentation")).toBe(expected);
    expect(value(channels(30, 90, gcs), ALERT, "points-mentation")).toBe(expected);
    expect(value(channels(30, 90, gcs), [event("consciousness", "P")], "points-mentation")).toBe(1);
  });
  it("rounds first, then bands", () => {
    const tenth = { scale: { numerator: 1, offset: 0, denominator: 10 } };
    const at = (rr: number): number | undefined =>
      value(
        [charted("loinc:9279-1", "/min", [[0, rr]], tenth), ...channels(0, 90).slice(1)],
        [event("consciousness", "U")],
        "points-respiration",
      );
    expect([at(214), at(215), at(219), at(220)]).toEqual([0, 1, 1, 1]);
  });
});

describe("qSOFA totals", () => {
  it("needs two of three", () => {
    expect(findings(channels(22, 101), ALERT)).toEqual([]);
    expect(findings(channels(21, 100), ALERT)).toEqual([]);
    expect(findings(channels(22, 100), ALERT)).toMatchObject([{ code: "qsofa-positive", priority: "medium", technical: false }]);
  });
  it("gives no total while mentation is missing, but two points are two", () => {
    const { findings: found, coverage } = analyse(recordingOf(channels(22, 100)), { detectors: ["qsofa"] });
    expect(found.map(({ code }) => code)).toEqual(["qsofa-positive", "qsofa-partial"]);
    expect(found[0]?.evidence.map(({ name }) => name)).toContain("partial-score");
    expect(found[1]).toMatchObject({ priority: "none", technical: true });
    expect(coverage.unassessed).toMatchObject([{ detector: "qsofa", reason: "missing mentation" }]);
    expect(findings(channels(22, 101), []).map(({ code }) => code)).toEqual(["qsofa-partial"]);
  });
  it("lets values expire: what is not co-timed is not added", () => {
    const list = [
      charted("loinc:9279-1", "/min", [[0, 30]]),
      charted("loinc:8480-6", "mm[Hg]", [
        [3000, 90],
        [9000, 90],
      ]),
    ];
    expect(findings(list, ALERT)[1]).toMatchObject({ code: "qsofa-positive", onsetMs: START_MS + 3_000_000, endMs: START_MS + 3_600_000 });
  });
  it("does not run on one vital sign alone", () => {
    const { detectors } = analyse(recordingOf(channels(22, 100).slice(1)), { detectors: [] });
    expect(detectors.map(({ id }) => id)).not.toContain("qsofa");
  });
});
