import type { Channel, Finding, RecordingEvent, UnassessedSpan } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meaningOf } from "../channels.ts";
import { FindingList } from "../findings.ts";
import { analyse } from "../index.ts";
import { MEWS_CHART } from "../mews/mews.ts";
import { NEWS2_CHART } from "../news2/chart.ts";
import { ABSENT } from "../plausibility.ts";
import { QSOFA_CHART } from "../qsofa/qsofa.ts";
import { charted, event, recordingOf, START_MS } from "../recordings.fixture.ts";
import { SpanList } from "../spans.ts";
import type { Chart } from "./chart.ts";
import { reportEpisode } from "./run.ts";
import { ScoreStream } from "./stream.ts";

const AGES: Readonly<Record<string, number>> = {
  respiration: 60,
  spo2: 50,
  systolic: 40,
  pulse: 30,
  temperature: 70,
  consciousness: 80,
  oxygen: 90,
};
const SIGNALS = [
  ["loinc:9279-1", "/min", 5, 35],
  ["loinc:2708-6", "%", 80, 100],
  ["loinc:8480-6", "mm[Hg]", 60, 230],
  ["loinc:8867-4", "/min", 30, 140],
  ["loinc:8310-5", "Cel", 34, 40],
  ["loinc:9269-2", "{score}", 13, 15],
  ["loinc:3150-6", "%", 20, 23],
] as const;

interface Item {
  atMs: number;
  place: number;
  value: number;
  event: string;
}

/** All that a chart reads, in order of time. */
function itemsOf(chart: Chart, channels: readonly Channel[], events: readonly RecordingEvent[]): Item[] {
  const placeOf = (found: (place: Chart["places"][number]) => boolean): number => chart.places.findIndex(found);
  const items = [
    ...channels.flatMap(({ code, samples, timing, startMs }): Item[] => {
      const meaning = meaningOf(code);
      if (meaning?.kind !== "numeric" || timing.kind !== "offsets") return [];
      const { id, decimals } = meaning.vital;
      const place = placeOf((one) => "vital" in one && one.vital === id);
      const factor = decimals === 1 ? 10 : 1;
      return Array.from(samples, (raw, i) => ({ atMs: startMs + (timing.offsetsMs[i] ?? 0), place, value: raw * factor, event: "" }));
    }),
    ...events.map(({ atMs, kind, value }) => ({
      atMs,
      place: placeOf((one) => "event" in one && one.event === kind),
      value: ABSENT,
      event: value,
    })),
  ];
  return items.filter(({ place }) => place >= 0).toSorted((a, b) => a.atMs - b.atMs);
}

function pushed(chart: Chart, items: readonly Item[], fromMs: number, toMs: number): { findings: Finding[]; spans: UnassessedSpan[] } {
  const report = { findings: new FindingList(), spans: new SpanList() };
  const sources = chart.places.map(({ age }, place) => ({
    place,
    maxAgeMs: age === null ? Number.POSITIVE_INFINITY : 1000 * (AGES[age] ?? 0),
  }));
  const stream = new ScoreStream(chart, sources, fromMs, 60_000, (trigger, episode) =>
    reportEpisode(chart, report, trigger, episode, (place, { peak }) => peak.values[place] ?? ABSENT),
  );
  for (const { place, value, event: named, atMs } of items) {
    if (named === "") stream.push(place, value, atMs);
    else stream.pushEvent(place, named, atMs);
  }
  stream.finish(toMs);
  return { findings: report.findings.finish(fromMs, toMs), spans: report.spans.finish() };
}

describe.each([NEWS2_CHART, QSOFA_CHART, MEWS_CHART])("$detector as a stream", (chart) => {
  const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.double({ min: 0, max: 1, noNaN: true })), {
    minLength: 1,
    maxLength: 12,
  });
  const events = fc.array(
    fc.oneof(
      fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constant("consciousness" as const), fc.constantFrom("A", "C", "V", "P", "U")),
      fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constant("oxygen" as const), fc.constantFrom("on", "off")),
      fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constant("spo2-scale" as const), fc.constantFrom("1", "2")),
    ),
    { maxLength: 8 },
  );
  it("says the same, pushed value by value, as over the whole recording", () => {
    fc.assert(
      fc.property(fc.tuple(...SIGNALS.map(() => values)), events, (lists, drawn) => {
        const channels = lists.map((list, k) => {
          const [code, unit, least, most] = SIGNALS[k] ?? SIGNALS[0];
          const unique = new Map(list.map(([at, share]) => [at, Math.round(least + share * (most - least))]));
          return charted(
            code,
            unit,
            Array.from(unique).toSorted(([a], [b]) => a - b),
          );
        });
        const inOrder = drawn.toSorted(([a], [b]) => a - b).map(([at, kind, value]) => event(kind, value, at));
        const used = Object.fromEntries(Object.entries(AGES).filter(([age]) => chart.places.some((place) => place.age === age)));
        const parameters = new Map([
          [chart.detector, new Map(Object.entries(used).map(([age, seconds]) => [`max-age-${age}-seconds`, seconds]))],
        ]);
        const batch = analyse(recordingOf(channels, inOrder), { detectors: [chart.detector], parameters });
        const { fromMs, toMs } = batch.coverage;
        const read = itemsOf(chart, channels, inOrder).filter(({ atMs }) => atMs <= toMs);
        const live = pushed(chart, read, fromMs, toMs);
        expect(fromMs).toBeGreaterThanOrEqual(START_MS);
        expect(live.findings).toEqual(batch.findings);
        expect(live.spans).toEqual(batch.coverage.unassessed);
      }),
      { numRuns: 150 },
    );
  });
});

describe("a score as it stands", () => {
  it("follows values and their ages", () => {
    const sources = QSOFA_CHART.places.map((_, place) => ({ place, maxAgeMs: 1000 }));
    const stream = new ScoreStream(QSOFA_CHART, sources, 0, 0, () => {});
    stream.push(0, 25, 500);
    expect(stream.scoreAt(500)).toEqual({ sum: 1, missing: 0b110 });
    stream.push(1, 95, 1000);
    stream.pushEvent(3, "A", 1000);
    expect(stream.scoreAt(1000)).toEqual({ sum: 2, missing: 0 });
    expect(stream.scoreAt(1499)).toEqual({ sum: 2, missing: 0 });
    expect(stream.scoreAt(1500)).toEqual({ sum: 1, missing: 0b001 });
    stream.push(0, 10, 1600);
    expect(stream.scoreAt(1700)).toEqual({ sum: 1, missing: 0 });
    expect(stream.scoreAt(9000)).toEqual({ sum: 0, missing: 0b111 });
  });

  it("lets a value of the first moment of 1970 expire, where records without a date begin", () => {
    const sources = QSOFA_CHART.places.map((_, place) => ({ place, maxAgeMs: 1000 }));
    const stream = new ScoreStream(QSOFA_CHART, sources, 0, 0, () => {});
    stream.push(0, 25, 0);
    expect(stream.scoreAt(999)).toEqual({ sum: 1, missing: 0b110 });
    expect(stream.scoreAt(1000)).toEqual({ sum: 0, missing: 0b111 });
  });
});
