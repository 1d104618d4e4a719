import { analyse } from "@caladrius/enclave/analyse";
import { MEWS_CHART, NEWS2_CHART, QSOFA_CHART, ScoreStream, type Chart } from "@caladrius/enclave/analyse/streams";
import type { Channel, Finding, Recording, RecordingEvent } from "@caladrius/wire";
import { cincStays, demoValues, type Charted, type DemoValue, type Stay } from "./numerics.ts";
import type { Report } from "./report.ts";

/**
 * NEWS2 against its table over every plausible value, how the early-warning scores of a stay stand to death in hospital,
 * and bedside alarm limits of real charts against a plain comparison. Parts whose data are absent are left out.
 */
export function run(report: Report): Promise<void> {
  bands(report);
  const stays = cincStays();
  if (stays === null) report.progress("no CinC 2012 data: left out");
  else mortality(report, stays);
  const charted = demoValues();
  if (charted === null) report.progress("no MIMIC-III demo: left out");
  else alarmLimits(report, charted);
  return Promise.resolve();
}

/** RCP 2017: points up to and including a value, tenths for temperature; written apart from the program's tables. */
const CHART: readonly (readonly [
  part: string,
  code: string,
  unit: string,
  from: number,
  to: number,
  points: string,
  oxygen: string,
  scale: string,
])[] = [
  ["respiration", "loinc:9279-1", "/min", 0, 120, "8:3 11:1 20:0 24:2 120:3", "off", "1"],
  ["spo2", "loinc:2708-6", "%", 0, 100, "91:3 93:2 95:1 100:0", "off", "1"],
  ["spo2", "loinc:2708-6", "%", 0, 100, "91:3 93:2 95:1 100:0", "on", "1"],
  ["spo2", "loinc:2708-6", "%", 0, 100, "83:3 85:2 87:1 100:0", "off", "2"],
  ["spo2", "loinc:2708-6", "%", 0, 100, "83:3 85:2 87:1 92:0 94:1 96:2 100:3", "on", "2"],
  ["systolic", "loinc:8480-6", "mm[Hg]", 20, 320, "90:3 100:2 110:1 219:0 320:3", "off", "1"],
  ["pulse", "loinc:8867-4", "/min", 0, 350, "40:3 50:1 90:0 110:1 130:2 350:3", "off", "1"],
  ["temperature", "loinc:8310-5", "Cel", 240, 450, "350:3 360:1 380:0 390:1 450:2", "off", "1"],
];

function bands(report: Report): void {
  let right = 0;
  let all = 0;
  for (const [part, code, unit, from, to, table, oxygen, scale] of CHART) {
    const limits = table.split(" ").map((band) => band.split(":").map(Number));
    for (let value = from; value <= to; value++) {
      const expected = limits.find(([upTo = 0]) => value <= upTo)?.[1];
      const channel = chartedChannel(code, unit, [[0, value]], part === "temperature" ? 10 : 1);
      const events: RecordingEvent[] = [
        { atMs: 0, kind: "oxygen", value: oxygen },
        { atMs: 0, kind: "spo2-scale", value: scale },
      ];
      const partial = analyse(recordingOf([channel], events), { detectors: ["news2"] }).findings.find(
        ({ code: found }) => found === "news2-partial",
      );
      all++;
      if (partial?.evidence.find(({ name }) => name === `points-${part}`)?.value === expected) right++;
    }
  }
  report.add("NEWS2 points that are right, every value", right / all, `of ${all}`);
}

type Source = readonly [parameters: readonly string[], unit: (value: number) => number];

/** CinC 2012 parameters by vital sign; temperature in tenths, the inspired fraction in percent. */
const SOURCES: Readonly<Record<string, Source>> = {
  "respiratory-rate": [["RespRate"], Math.round],
  spo2: [["SaO2"], Math.round],
  systolic: [["SysABP", "NISysABP"], Math.round],
  "heart-rate": [["HR"], Math.round],
  temperature: [["Temp"], (value) => Math.round(10 * value)],
  gcs: [["GCS"], Math.round],
  fio2: [["FiO2"], (value) => Math.round(value <= 1 ? 100 * value : value)],
};
const BOUNDS = {
  "respiratory-rate": [0, 120],
  spo2: [0, 100],
  systolic: [20, 320],
  "heart-rate": [0, 350],
  temperature: [240, 450],
  gcs: [3, 15],
  fio2: [15, 100],
  diastolic: [5, 250],
  glucose: [10, 1500],
} as const;

function mortality(report: Report, stays: readonly Stay[]): void {
  for (const chart of [NEWS2_CHART, MEWS_CHART, QSOFA_CHART]) {
    const scored = stays.flatMap((stay) => {
      const hourly = hourlyScores(chart, stay.values);
      return hourly.length === 0 ? [] : [{ died: stay.died, hourly }];
    });
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const died = scored.map((one) => one.died);
    const area = (of: (hourly: readonly number[]) => number): number =>
      auroc(
        scored.map(({ hourly }) => of(hourly)),
        died,
      );
    const what = `${chart.detector} to death, AUROC`;
    report.add(
      `${what}: highest`,
      area((hourly) => Math.max(...hourly)),
      `${scored.length} stays`,
    );
    report.add(`${what}: mean`, area(mean), `${scored.length} stays`);
    report.add(
      `${what}: mean of the last 12 h`,
      area((hourly) => mean(hourly.slice(-12))),
      `${scored.length} stays`,
    );
  }
}

/** The sum of the parts that are known, at every hour from the first value on: missing parts are not imputed, so a lower bound. */
function hourlyScores(chart: Chart, values: readonly Charted[]): number[] {
  const feeds = chart.places.flatMap((place, at) => {
    if (!("vital" in place)) return [];
    const [parameters = [], unit = Math.round] = SOURCES[place.vital] ?? [];
    return parameters.map((parameter) => ({ place: at, parameter, unit, bounds: BOUNDS[place.vital] }));
  });
  const sources = feeds.map(({ place }) => ({ place, maxAgeMs: MAX_AGE_MS }));
  const stream = new ScoreStream(chart, sources, 0, 0, () => {});
  const scores: number[] = [];
  let next = 0;
  for (let hour = 1; hour <= 48; hour++) {
    for (; (values[next]?.minute ?? Number.POSITIVE_INFINITY) <= 60 * hour; next++) {
      const { minute = 0, parameter = "", value = 0 } = values[next] ?? {};
      feeds.forEach((feed, source) => {
        const fixed = feed.unit(value);
        if (feed.parameter === parameter && fixed >= feed.bounds[0] && fixed <= feed.bounds[1]) stream.push(source, fixed, 60_000 * minute);
      });
    }
    const { sum, missing } = stream.scoreAt(3_600_000 * hour);
    if (missing !== (1 << chart.parts.length) - 1) scores.push(sum);
  }
  return scores;
}

/** Area under the receiver operating curve: how often one who died scores higher than one who did not, ties by half. */
function auroc(scores: readonly number[], died: readonly boolean[]): number {
  const order = scores.map((score, i) => ({ score, died: died[i] === true })).toSorted((a, b) => a.score - b.score);
  let ranks = 0;
  let deaths = 0;
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && order[to]?.score === order[from]?.score) to++;
    const here = order.slice(from, to).filter((one) => one.died).length;
    ranks += (here * (from + to + 1)) / 2;
    deaths += here;
    from = to;
  }
  return (ranks - (deaths * (deaths + 1)) / 2) / (deaths * (order.length - deaths));
}

/** Signals of the chart with the names of their limits. */
const LIMITED = [
  ["HR", "HR_ALARM", "loinc:8867-4", "/min", "heart-rate"],
  ["RR", "RR_ALARM", "loinc:9279-1", "/min", "respiratory-rate"],
  ["SPO2", "SPO2_ALARM", "loinc:2708-6", "%", "spo2"],
  ["SBP_NI", "NBP_ALARM", "loinc:8480-6", "mm[Hg]", "systolic"],
] as const;

/** Values of a stay that were charted while one pair of limits stood. */
interface Stretch {
  low: number;
  high: number;
  values: [ms: number, value: number][];
}

function alarmLimits(report: Report, charted: readonly DemoValue[]): void {
  const byStay = new Map<string, DemoValue[]>();
  for (const one of charted) {
    const list = byStay.get(one.stay);
    if (list === undefined) byStay.set(one.stay, [one]);
    else list.push(one);
  }
  const known = new Map<string, ReadonlyMap<string, ReadonlyMap<string, number | null>>>();
  let values = 0;
  let beyond = 0;
  let differ = 0;
  for (const [signal, limit, code, unit, vital] of LIMITED) {
    const [least, most] = BOUNDS[vital];
    for (const list of byStay.values()) {
      for (const { low, high, values: own } of stretches(list, signal, limit)) {
        const plausible = own
          .filter(([, value]) => value >= least && value <= most)
          .map(([ms, value]): [number, number] => [ms, Math.round(value)]);
        const whole = Number.isInteger(low) && Number.isInteger(high) && low >= least && low < high && high <= most;
        if (plausible.length === 0 || !whole) continue;
        const key = `${vital} ${low} ${high}`;
        const parameters = known.get(key) ?? new Map([["thresholds", limitsOf(vital, low, high)]]);
        known.set(key, parameters);
        const closed = [...plausible, [(plausible.at(-1)?.[0] ?? 0) + 1, low] as const]; // one value inside, so that each condition ends at one
        const { findings } = analyse(recordingOf([chartedChannel(code, unit, closed, 1)]), { detectors: ["thresholds"], parameters });
        for (const [ms, value] of plausible) {
          const expected = value < low ? "low" : value > high ? "high" : "";
          values++;
          if (expected !== "") beyond++;
          if (alarmAt(findings, vital, ms) !== expected) differ++;
        }
      }
    }
  }
  report.add("alarm limits: charted values", values, "values");
  report.add("alarm limits: values beyond their limit", beyond, "values");
  report.add("alarm limits: judged otherwise", differ, "values");
}

function limitsOf(vital: string, low: number, high: number): ReadonlyMap<string, number | null> {
  return new Map([
    [`${vital}-very-low`, null],
    [`${vital}-low`, low],
    [`${vital}-high`, high],
    [`${vital}-very-high`, null],
    [`${vital}-hysteresis`, 0],
    ["charted-gap-seconds", 604_800],
  ]);
}

/** Which alarm stands at a charted value: a condition ends with the first value that is back inside. */
function alarmAt(findings: readonly Finding[], vital: string, ms: number): string {
  return findings.find(({ onsetMs, endMs }) => onsetMs <= ms && ms < endMs)?.code.slice(vital.length + 1) ?? "";
}

function stretches(list: readonly DemoValue[], signal: string, limit: string): Stretch[] {
  const found: Stretch[] = [];
  let low = Number.NaN;
  let high = Number.NaN;
  const inOrder = list.toSorted((a, b) => a.atMs - b.atMs || Number(b.signal.startsWith(limit)) - Number(a.signal.startsWith(limit)));
  for (const { signal: one, atMs, value } of inOrder) {
    if (one === `${limit}_LO`) low = value;
    else if (one === `${limit}_HI`) high = value;
    else if (one === signal && !Number.isNaN(low) && !Number.isNaN(high)) {
      const last = found.at(-1);
      const same = last !== undefined && last.low === low && last.high === high;
      if (!same) found.push({ low, high, values: [[atMs, value]] });
      else if (last.values.at(-1)?.[0] !== atMs) last.values.push([atMs, value]);
    }
  }
  return found;
}

function chartedChannel(
  code: string,
  unit: string,
  values: readonly (readonly [ms: number, value: number])[],
  denominator: number,
): Channel {
  const startMs = values[0]?.[0] ?? 0;
  return {
    code,
    unit,
    startMs,
    timing: { kind: "offsets", offsetsMs: Uint32Array.from(values, ([ms]) => ms - startMs) },
    samples: Int16Array.from(values, ([, value]) => value),
    scale: { numerator: 1, offset: 0, denominator },
    missing: -32_768,
  };
}

function recordingOf(channels: Channel[], events: RecordingEvent[] = []): Recording {
  return { subject: "bench", device: "bench", channels, events };
}

const MAX_AGE_MS = 4 * 3_600_000;
