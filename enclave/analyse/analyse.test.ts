import {
  ConfigurationError,
  coverageSchema,
  decodeCbor,
  encodeWith,
  findingSchema,
  WireError,
  type CborValue,
  type Channel,
} from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyse, DETECTORS } from "./index.ts";
import { charted, even, event, recordingOf, START_MS } from "./recordings.fixture.ts";

const flat = (length: number, value: number): number[] => Array.from({ length }, () => value);

describe("plausibility", () => {
  it.each([
    ["loinc:8867-4", "/min", [0, 350], [-1, 351], "heart-rate"],
    ["loinc:9279-1", "/min", [0, 120], [-1, 121], "respiratory-rate"],
    ["loinc:59408-5", "%", [0, 100], [-1, 101], "spo2"],
    ["loinc:8480-6", "mm[Hg]", [20, 320], [19, 321], "systolic"],
    ["loinc:8462-4", "mm[Hg]", [5, 250], [4, 251], "diastolic"],
    ["loinc:8310-5", "Cel", [24, 45], [23, 46], "temperature"],
    ["loinc:2339-0", "mg/dL", [10, 1500], [9, 1501], "glucose"],
    ["loinc:9269-2", "{score}", [3, 15], [2, 16], "gcs"],
  ])("%s: bounds hold and what lies outside is counted", (code, unit, inside, outside, vital) => {
    const of = (values: number[]): unknown =>
      analyse(recordingOf([even(code, unit, [...values, -32_768])]), { detectors: [] }).coverage.rejected;
    expect(of(inside)).toEqual([]);
    expect(of(outside)).toEqual([{ reason: `${vital}-implausible`, samples: 2 }]);
  });
  it("applies bounds before rounding", () => {
    const tenth = { scale: { numerator: 1, offset: 0, denominator: 10 } };
    const { coverage } = analyse(recordingOf([even("loinc:8867-4", "/min", [3500, 3501], tenth)]), { detectors: [] });
    expect(coverage.rejected).toEqual([{ reason: "heart-rate-implausible", samples: 1 }]);
  });
  it("rejects both pressures where systolic is not above diastolic", () => {
    const systolic = even("loinc:8480-6", "mm[Hg]", [120, 80, 79, -32_768, 120]);
    const diastolic = even("loinc:8462-4", "mm[Hg]", [80, 80, 80, 80, 1]);
    const { coverage } = analyse(recordingOf([diastolic, systolic]), { detectors: [] });
    expect(coverage).toMatchObject({ samplesReceived: 9, gaps: 1 });
    expect(coverage.rejected).toEqual([
      { reason: "systolic-not-above-diastolic", samples: 4 },
      { reason: "diastolic-implausible", samples: 1 },
    ]);
    const wide = even("loinc:8462-4", "mm[Hg]", [], {
      samples: Int32Array.from([160, 160]),
      scale: { numerator: 1, offset: 0, denominator: 2 },
    });
    expect(analyse(recordingOf([systolic, wide]), { detectors: [] }).coverage.rejected).toEqual([
      { reason: "systolic-not-above-diastolic", samples: 2 },
    ]);
  });
  it("keeps crossed pressures from the detectors", () => {
    const systolic = even("loinc:8480-6", "mm[Hg]", flat(60, 60));
    const low = analyse(recordingOf([systolic]), { detectors: ["thresholds"] });
    const crossed = analyse(recordingOf([systolic, even("loinc:8462-4", "mm[Hg]", flat(60, 70))]), { detectors: ["thresholds"] });
    expect(low.findings.map(({ code }) => code)).toContain("systolic-very-low");
    expect(crossed.findings).toEqual([]);
  });
});

describe("coverage and detectors", () => {
  it("lists the detectors", () => {
    expect(DETECTORS.map(({ id }) => id)).toEqual([
      "news2",
      "qsofa",
      "mews",
      "thresholds",
      "glucose",
      "trend",
      "discord",
      "ecg-beats",
      "ecg-rhythm",
      "ecg-af",
      "ecg-ectopy",
    ]);
  });
  it("runs what applies, and records parameters in force", () => {
    const { detectors, coverage } = analyse(recordingOf([even("loinc:2339-0", "mg/dL", flat(60, 100))]), { detectors: [] });
    expect(detectors.map(({ id, version }) => [id, version])).toEqual([
      ["thresholds", "1.1.0"],
      ["glucose", "1.1.0"],
    ]);
    const parameters = decodeCbor(detectors[0]?.parameters ?? new Uint8Array()) as ReadonlyMap<string, CborValue>;
    expect(parameters.get("minimum-seconds")).toBe(10);
    expect(parameters.get("spo2-high")).toBeNull();
    expect(coverage).toEqual({
      fromMs: START_MS,
      toMs: START_MS + 60_000,
      samplesReceived: 60,
      rejected: [],
      gaps: 0,
      notAssessedMs: 0,
      unassessed: [],
    });
  });
  it("says that a requested detector had nothing to judge", () => {
    const { coverage, alarmSummary, detectors } = analyse(recordingOf([even("loinc:2339-0", "mg/dL", flat(60, 100))]), {
      detectors: ["ecg-beats"],
    });
    expect(detectors.map(({ id }) => id)).toEqual(["ecg-beats"]);
    expect(coverage.unassessed).toEqual([
      { detector: "ecg-beats", channel: null, fromMs: START_MS, toMs: START_MS + 60_000, reason: "no-channel" },
    ]);
    expect(alarmSummary.secondsNotAssessed).toBe(60);
  });
  it("reports channels that it cannot read", () => {
    const late = charted(
      "loinc:8867-4",
      "/min",
      [
        [0, 70],
        [4_000_000, 70],
      ],
      { startMs: 253_402_300_000_000 },
    );
    const { coverage } = analyse(recordingOf([even("loinc:1-8", "/min", flat(60, 1)), even("loinc:8867-4", "bpm", flat(60, 1)), late]), {
      detectors: [],
    });
    expect(coverage.unassessed.map(({ channel, reason }) => [channel, reason])).toEqual([
      ["loinc:1-8", "unknown-code"],
      ["loinc:8867-4", "unknown-unit"],
      [null, "no-detector"],
      ["loinc:8867-4", "time-out-of-range"],
    ]);
    expect(coverage.samplesReceived).toBe(122);
    expect(coverage.toMs).toBe(253_402_300_799_999); // what was received is covered, as far as times go
  });
  it("takes an empty recording", () => {
    const { coverage, findings } = analyse(recordingOf([even("loinc:8867-4", "/min", [])]), { detectors: [] });
    expect(findings).toEqual([]);
    expect(coverage).toMatchObject({ fromMs: 0, toMs: 0, samplesReceived: 0, notAssessedMs: 0 });
  });
  it("refuses unknown detectors and parameters", () => {
    const empty = recordingOf([]);
    const given =
      (detector: string, parameters: CborValue): (() => unknown) =>
      () =>
        analyse(empty, { detectors: [], parameters: new Map([[detector, parameters]]) });
    expect(() => analyse(empty, { detectors: ["news3"] })).toThrow(WireError);
    for (const attempt of [
      given("news3", null),
      given("news2", "x"),
      given("news2", new Map([["hold", 1]])),
      given("news2", new Map([["hold-seconds", null]])),
      given("news2", new Map([["hold-seconds", -1]])),
      given("thresholds", new Map([["spo2-low", "90"]])),
      given("thresholds", new Map([["spo2-low", 101]])),
    ]) {
      expect(attempt).toThrow(ConfigurationError);
    }
    expect(given("news2", null)).not.toThrow();
  });
  it("gives the same twice, bit for bit, and leaves its input alone", () => {
    const channels = [even("loinc:8867-4", "/min", flat(600, 150)), even("loinc:2708-6", "%", flat(600, 80))];
    const before = channels.map(({ samples }) => samples.slice());
    const recording = recordingOf(channels, [event("oxygen", "on")]);
    expect(analyse(recording, { detectors: [] })).toEqual(analyse(recording, { detectors: [] }));
    expect(channels.map(({ samples }) => samples)).toEqual(before);
  });
});

describe("hostile recordings", () => {
  it("lists at most 256 findings, the highest priorities first, and counts the rest", () => {
    const channel = even(
      "loinc:2708-6",
      "%",
      Array.from({ length: 40_000 }, (_, i) => (i % 100 < 50 ? 97 : i % 200 < 100 ? 88 : 70)),
    );
    const { findings, alarmSummary } = analyse(recordingOf([channel]), { detectors: ["thresholds"] });
    expect(findings).toHaveLength(256);
    expect(findings.filter(({ priority }) => priority === "high")).toHaveLength(200);
    expect(findings.at(-1)).toMatchObject({ code: "findings-left-out", technical: true, priority: "low" });
    expect(findings.at(-1)?.evidence.map(({ value }) => value)).toEqual([0, 345, 0, 0]);
    expect(alarmSummary).toMatchObject({ anyAlarm: true, highestPriority: "high" });
  });
  it("lists at most 256 spans and never understates them", () => {
    const channel = charted(
      "loinc:2708-6",
      "%",
      Array.from({ length: 2000 }, (_, i): [number, number] => [2 * i, 97]),
    );
    const parameters = new Map([["thresholds", new Map([["charted-gap-seconds", 1]])]]);
    const { coverage } = analyse(recordingOf([channel]), { detectors: ["thresholds"], parameters });
    expect(coverage.unassessed).toHaveLength(256);
    expect(coverage.notAssessedMs).toBe(1999 * 2000);
  });
  it("stays linear with thousands of channels of one code, and with one that alternates", () => {
    const many = Array.from({ length: 4000 }, (_, i) => even("loinc:8867-4", "/min", [70, 150, 70], { startMs: START_MS + i }));
    const alternating = even(
      "loinc:2708-6",
      "%",
      Array.from({ length: 300_000 }, (_, i) => (i % 2 === 0 ? 97 : 80)),
    );
    const absent = even(
      "loinc:9279-1",
      "/min",
      Array.from({ length: 300_000 }, (_, i) => (i % 2 === 0 ? 15 : -32_768)),
    );
    const analysis = analyse(recordingOf([...many, alternating, absent]), { detectors: [] });
    expect(analysis.coverage.unassessed.some(({ reason }) => reason === "too-many-channels")).toBe(true);
    expect(analysis.coverage.gaps).toBe(150_000);
  });
  it("cuts off what changes too often to be kept, and says so", () => {
    const samples = Int16Array.from({ length: 1_200_000 }, (_, i) => (i % 2 === 0 ? 97 : 80));
    const channels = [even("loinc:2708-6", "%", [], { samples }), even("loinc:2339-0", "mg/dL", [100, 100])];
    const { coverage } = analyse(recordingOf(channels), { detectors: ["thresholds"] });
    expect(coverage.unassessed.map(({ channel, fromMs, reason }) => [channel, fromMs - START_MS, reason])).toEqual([
      ["loinc:2339-0", 0, "too-many-changes"],
      ["loinc:2708-6", 2 ** 20 * 1000, "too-many-changes"],
    ]);
  });
  it("answers any recording that the format allows", () => {
    const code = fc.constantFrom(
      "loinc:8867-4",
      "loinc:2708-6",
      "loinc:8480-6",
      "loinc:8462-4",
      "loinc:8310-5",
      "loinc:15074-8",
      "mdc:131330",
      "loinc:9-9",
    );
    const unit = fc.constantFrom("/min", "%", "mm[Hg]", "Cel", "[degF]", "mmol/L", "mV", "uV");
    const samples = fc.oneof(fc.int16Array({ maxLength: 300 }), fc.int32Array({ maxLength: 300 }));
    const rate = fc.record({
      kind: fc.constant("rate" as const),
      numerator: fc.integer({ min: 1, max: 1_000_000 }),
      denominator: fc.integer({ min: 1, max: 1_000_000 }),
    });
    const scale = fc.record({
      numerator: fc.integer({ min: 1, max: 2 ** 40 }),
      offset: fc.integer({ min: -(2 ** 31), max: 2 ** 40 }),
      denominator: fc.integer({ min: 1, max: 2 ** 40 }),
    });
    const channel: fc.Arbitrary<Channel> = fc
      .record({
        code,
        unit,
        samples,
        rate,
        scale,
        missing: fc.integer({ min: -32_768, max: 32_767 }),
        startMs: fc.integer({ min: 0, max: 253_402_300_799_999 }),
        irregular: fc.boolean(),
      })
      .map(({ rate, irregular, samples, ...rest }) => {
        const offsetsMs = Uint32Array.from(samples, (_, i) => i * rate.numerator);
        return { ...rest, samples, timing: irregular ? { kind: "offsets" as const, offsetsMs } : rate };
      });
    fc.assert(
      fc.property(fc.array(channel, { maxLength: 6 }), (channels) => {
        const { findings, coverage } = analyse(recordingOf(channels, [event("oxygen", "on")]), { detectors: [] });
        for (const { onsetMs, endMs, evidence } of findings) {
          expect(onsetMs).toBeLessThanOrEqual(endMs);
          for (const number of [onsetMs, endMs, ...evidence.map(({ value }) => value)]) expect(Number.isSafeInteger(number)).toBe(true);
        }
        for (const finding of findings) encodeWith(findingSchema, finding); // whatever comes out can be sealed
        encodeWith(coverageSchema, coverage);
        expect(coverage.notAssessedMs).toBeLessThanOrEqual(253_402_300_799_999);
        expect(coverage.rejected.reduce((sum, one) => sum + one.samples, 0)).toBeLessThanOrEqual(coverage.samplesReceived);
      }),
      { numRuns: 300 },
    );
  });
});
