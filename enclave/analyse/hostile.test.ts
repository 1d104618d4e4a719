import {
  decodeRecording,
  encodeRecording,
  WireError,
  type Analysis,
  type CborValue,
  type Channel,
  type RecordingEvent,
} from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Detector } from "./detector.ts";
import { discord } from "./discord/discord.ts";
import { ecgAf } from "./ecg/af/ecg-af.ts";
import { ecgBeats } from "./ecg/ecg-beats.ts";
import { ecgEctopy } from "./ecg/ectopy/ecg-ectopy.ts";
import { ecgRhythm } from "./ecg/rhythm/ecg-rhythm.ts";
import { glucose } from "./glucose/glucose.ts";
import { analyse, DETECTORS } from "./index.ts";
import { mews } from "./mews/mews.ts";
import { news2 } from "./news2/news2.ts";
import { qsofa } from "./qsofa/qsofa.ts";
import { even, recordingOf, START_MS } from "./recordings.fixture.ts";
import { thresholds } from "./thresholds.ts";
import { trend } from "./trend/trend.ts";

const ALL: readonly Detector[] = [news2, qsofa, mews, thresholds, glucose, trend, discord, ecgBeats, ecgRhythm, ecgAf, ecgEctopy];
const IDS = ALL.map(({ id }) => id);
const LATEST_MS = 253_402_300_799_999;

/** Every promise about what comes back, whatever went in. */
function checkForm({ findings, coverage, series, alarmSummary }: Analysis): void {
  const { fromMs, toMs, unassessed, notAssessedMs } = coverage;
  expect(findings.length).toBeLessThanOrEqual(256);
  expect(unassessed.length).toBeLessThanOrEqual(256);
  for (const { code, onsetMs, endMs, evidence, confidencePermille } of findings) {
    expect([code, fromMs <= onsetMs && onsetMs <= endMs && endMs <= toMs]).toEqual([code, true]);
    expect([code, evidence.filter(({ value }) => !Number.isSafeInteger(value))]).toEqual([code, []]);
    expect(confidencePermille === null || (confidencePermille >= 0 && confidencePermille <= 1000)).toBe(true);
  }
  let before = 0;
  for (const { detector, reason, fromMs: from, toMs: to } of unassessed) {
    expect([detector, reason, from >= before && from <= to && from >= fromMs && to <= toMs]).toEqual([detector, reason, true]);
    before = from;
  }
  expect(notAssessedMs).toBeLessThanOrEqual(toMs - fromMs);
  expect(Number.isSafeInteger(alarmSummary.secondsNotAssessed)).toBe(true);
  for (const { values } of series) for (const value of values) expect(Number.isSafeInteger(value)).toBe(true);
}

/** Parameters of every detector, each as `pick` says. */
function parametersBy(pick: (least: number, most: number, standard: number | null) => number | null): Map<string, CborValue> {
  return new Map(
    ALL.map(({ id, parameters }) => [
      id,
      new Map(parameters.map(({ name, least, most, standard }) => [name, pick(least, most, standard)])),
    ]),
  );
}

const LEAST = parametersBy((least) => least);
const MOST = parametersBy((_least, most) => most);

const CODES: readonly (readonly [code: string, unit: string])[] = [
  ["loinc:8867-4", "/min"],
  ["loinc:9279-1", "/min"],
  ["loinc:2708-6", "%"],
  ["loinc:8480-6", "mm[Hg]"],
  ["loinc:8462-4", "mm[Hg]"],
  ["loinc:8310-5", "[degF]"],
  ["loinc:2339-0", "mg/dL"],
  ["loinc:9269-2", "{score}"],
  ["loinc:3150-6", "%"],
  ["mdc:131330", "mV"],
  ["mdc:131331", "uV"],
  ["mdc:150452", "1"],
  ["mdc:150036", "mm[Hg]"],
  ["mdc:999999", "1"],
  ["loinc:8867-4", "foo"],
];

/** Shapes of samples; `at` and `random` (0 to 1) give the raw value. */
const SHAPES: readonly ((at: number, random: number) => number)[] = [
  () => 70,
  (at) => (at % 2 === 0 ? 32_767 : -32_767),
  (at) => (at % 2 === 0 ? 40 : 160),
  (_at, random) => Math.floor(random * 400),
  (_at, random) => Math.floor(random * 65_536) - 32_768,
  (at, random) => (at % 3 === 0 ? -32_768 : Math.floor(random * 300)),
  (at, random) => (Math.floor(at / 700) % 2 === 0 ? -32_768 : Math.floor(random * 100)),
  () => -32_768,
  (at) => (at % 300 < 12 ? 220 : 0),
  (at) => (at % 90 < 12 ? 220 : 0),
  (at) => ((at * 7) % 60) * 8,
];

const time = fc.constantFrom(0, 1, START_MS, START_MS, START_MS, START_MS, START_MS + 7, START_MS + 600_000, LATEST_MS - 5000, LATEST_MS);
const part = fc.constantFrom(1, 2, 60, 125, 250, 360, 999, 1000, 1_000_000);
const usualRate = fc.constantFrom<[number, number]>([360, 1], [250, 1], [100, 1], [1000, 1], [1, 1], [1, 60]);
const term = fc.constantFrom(1, 7, 200, 66_661, 2 ** 31, 2 ** 40);

const channel: fc.Arbitrary<Channel> = fc
  .record({
    named: fc.oneof(fc.constantFrom(...CODES), fc.constantFrom<[string, string]>(["mdc:131330", "mV"], ["mdc:150452", "1"])),
    startMs: time,
    isEven: fc.boolean(),
    rate: fc.oneof(usualRate, fc.tuple(part, part)),
    stepMs: fc.constantFrom(1, 8, 1000, 60_000, 1_400_000),
    length: fc.constantFrom(0, 1, 2, 31, 500, 4000, 20_000),
    shape: fc.constantFrom(...SHAPES),
    scale: fc.oneof(fc.constantFrom([1, 0, 1], [1, 0, 200], [1, -200, 200]), fc.tuple(term, fc.constantFrom(0, -(2 ** 31), 2 ** 40), term)),
    missing: fc.constantFrom(-32_768, 0, 70),
    isWide: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ named: [code, unit], isEven, rate: [numerator, denominator], stepMs, length, shape, scale, isWide, seed, ...rest }) => {
    let state = seed;
    const values = Array.from({ length }, (_, at) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return shape(at, state / 0x80000000);
    });
    const [one = 1, offset = 0, divisor = 1] = scale;
    return {
      ...rest,
      code,
      unit,
      timing: isEven
        ? { kind: "rate" as const, numerator, denominator }
        : { kind: "offsets" as const, offsetsMs: Uint32Array.from(values, (_, at) => at * stepMs) },
      samples: isWide ? Int32Array.from(values, (value) => value * 65_536) : Int16Array.from(values),
      scale: { numerator: one, offset, denominator: divisor },
    };
  });

/** A stretch of an ECG, 200 steps a millivolt. */
function samplesOf({
  kind,
  length,
  everySamples,
  height,
}: {
  kind: string;
  length: number;
  everySamples: number;
  height: number;
}): number[] {
  const width = kind === "wide" ? 40 : 10;
  return Array.from({ length }, (_, at) => {
    const phase = at % everySamples;
    if (kind === "gap") return -32_768;
    if (kind === "flat") return 12;
    if (kind === "limit") return 32_767;
    if (kind === "jump") return Math.max(0, 1000 - at);
    if (kind === "swing") return Math.abs((at % 72) - 36) * 10 - 180;
    if (kind === "noise") return ((Math.imul(at, 7919) >>> 3) % height) - height / 2;
    return phase < width ? Math.floor((height * (width / 2 - Math.abs(phase - width / 2))) / (width / 2)) : at % 3;
  });
}

const event: fc.Arbitrary<RecordingEvent> = fc.record({
  atMs: time,
  kind: fc.constantFrom("oxygen", "consciousness", "spo2-scale"),
  value: fc.constantFrom("on", "A", "U", "2"),
});
const VALUES: Readonly<Record<RecordingEvent["kind"], readonly string[]>> = {
  oxygen: ["on", "off"],
  consciousness: ["A", "C", "V", "P", "U"],
  "spo2-scale": ["1", "2"],
};

describe("hostile recordings", () => {
  it("never make the analysis throw, nor leave its form, whatever the parameters", () => {
    expect(IDS).toEqual(DETECTORS.map(({ id }) => id));
    fc.assert(
      fc.property(
        fc.array(channel, { minLength: 1, maxLength: 5 }),
        fc.array(event, { maxLength: 6 }),
        fc.constantFrom(undefined, LEAST, MOST),
        fc.boolean(),
        (channels, given, parameters, applying) => {
          const events = given.filter(({ kind, value }) => VALUES[kind].includes(value)).toSorted((a, b) => a.atMs - b.atMs);
          let encoded: Uint8Array;
          try {
            encoded = encodeRecording(recordingOf(channels, events));
          } catch (error) {
            if (error instanceof WireError) return; // no enclave gets to see it
            throw error;
          }
          const options = { detectors: IDS, applying, ...(parameters === undefined ? {} : { parameters }) };
          checkForm(analyse(decodeRecording(encoded), options));
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  it("of hearts keep the form too: any rates, gaps, jumps, flat lines and leads that begin elsewhere", () => {
    const stretch = fc.record({
      kind: fc.constantFrom("beats", "beats", "wide", "gap", "flat", "limit", "jump", "swing", "noise"),
      length: fc.integer({ min: 1, max: 8000 }),
      everySamples: fc.integer({ min: 40, max: 900 }),
      height: fc.integer({ min: 5, max: 400 }),
    });
    const lead = fc.record({
      stretches: fc.array(stretch, { minLength: 1, maxLength: 8 }),
      startMs: fc.constantFrom(START_MS, START_MS + 1, START_MS + 10_000),
      numerator: fc.constantFrom(100, 250, 360, 1000),
      isPulse: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(lead, { minLength: 1, maxLength: 3 }), fc.constantFrom(undefined, LEAST, MOST), (leads, parameters) => {
        const channels = leads.map(({ stretches, startMs, numerator, isPulse }, i) =>
          even(isPulse ? "mdc:150452" : `mdc:${131_330 + i}`, isPulse ? "1" : "mV", stretches.flatMap(samplesOf), {
            startMs,
            timing: { kind: "rate", numerator, denominator: 1 },
            scale: { numerator: 1, offset: 0, denominator: 200 },
          }),
        );
        checkForm(analyse(recordingOf(channels), { detectors: [], ...(parameters === undefined ? {} : { parameters }) }));
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it("have channels that nobody can read outside what is covered, and still a form that holds", () => {
    const late = even("loinc:9279-1", "/min", [14, 14], {
      startMs: LATEST_MS - 10,
      timing: { kind: "offsets", offsetsMs: Uint32Array.of(0, 4_000_000_000) },
    });
    checkForm(analyse(decodeRecording(encodeRecording(recordingOf([even("loinc:8867-4", "/min", [70, 70]), late]))), { detectors: [] }));
    checkForm(analyse(decodeRecording(encodeRecording(recordingOf([late]))), { detectors: [] }));
  });

  it("cost what their samples cost, not the square of it", () => {
    const shapes = [
      (at: number) => (at % 800 === 0 ? -32_768 : ((at * 7919) % 400) - 200), // a fault every two seconds
      (at: number) => (Math.floor(at / 64) % 2 === 0 ? 800 : -800),
      (at: number) => (at % 40 === 0 ? 600 : 0),
    ];
    for (const shape of shapes) {
      const lead = (length: number): Channel =>
        even(
          "mdc:131330",
          "mV",
          Array.from({ length }, (_, at) => shape(at)),
          { timing: { kind: "rate", numerator: 360, denominator: 1 }, scale: { numerator: 1, offset: 0, denominator: 200 } },
        );
      const cost = (length: number): number => {
        const recording = recordingOf([lead(length)]);
        const rounds = [0, 1].map(() => {
          const before = process.cpuUsage();
          analyse(recording, { detectors: [] });
          const { user, system } = process.cpuUsage(before);
          return user + system;
        });
        return Math.min(...rounds);
      };
      cost(30_000); // compiled first
      // Sixteen times the samples: 16 where it is linear, 256 where it is not.
      expect(cost(480_000) / cost(30_000)).toBeLessThan(80);
    }
  }, 60_000);
});
