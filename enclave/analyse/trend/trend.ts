import type { Measurement } from "@caladrius/wire";
import { VITALS, type Vital, type VitalId } from "../channels.ts";
import type { Detector, Report } from "../detector.ts";
import { numberOf, required, type Parameters } from "../parameters.ts";
import { ABSENT, valueOf, type Column } from "../plausibility.ts";
import { sampleMs } from "../timing.ts";
import { STEPS, TrendStream, type Trend, type TrendRule } from "./stream.ts";

/** By vital sign, in its fixed-point unit: the shift that matters, and the spread that measuring alone gives. */
const SHIFTS: Readonly<Partial<Record<VitalId, readonly [shift: number, noise: number]>>> = {
  "heart-rate": [20, 5],
  "respiratory-rate": [6, 2],
  spo2: [4, 1],
  systolic: [30, 8],
  diastolic: [20, 6],
  temperature: [10, 3],
};

const VITAL_IDS = Object.keys(SHIFTS) as VitalId[];
const LEAST_VALUES = 20;
const LEAST_MINUTES = 30;

/**
 * Drift of a vital sign from the patient's own baseline (see `TrendStream`): bounds, Hampel's identifier for artefacts,
 * averages of a minute, the first half hour (and 20 values) as the baseline, EWMA and two-sided CUSUM. A value is read
 * every `sample-seconds`, so that the window of Hampel's identifier is longer than what a movement disturbs. The baseline
 * is that of the recording and is not a healthy one: a patient who is ill from the start has no trend. Applies from half
 * an hour and 20 values on.
 *
 * Findings: "trend-up" and "trend-down" (low; medium from twice the shift on); "trend-artefacts" (technical, none) says
 * how many of the values that were read were left out.
 */
export const trend: Detector = {
  id: "trend",
  version: "1.0.0",
  title: "Drift from the patient's own baseline",
  parameters: [
    ...VITAL_IDS.flatMap((id) => {
      const [shift, noise] = SHIFTS[id] ?? [1, 1];
      const most = VITALS[id].most * (VITALS[id].decimals === 1 ? 10 : 1);
      return [required(`${id}-shift`, shift, 1, most), required(`${id}-noise`, noise, 1, most)];
    }),
    required("sample-seconds", 5, 1, 86_400),
    required("hampel-half-window", 7, 7, 30),
    required("hampel-tenths", 30, 1, 1000),
    required("block-seconds", 60, 1, 86_400),
    required("baseline-values", LEAST_VALUES, 2, 10_000),
    required("baseline-minutes", LEAST_MINUTES, 0, 10_080),
    required("ewma-permille", 200, 1, 1000),
    required("decision-tenths", 80, 1, 10_000),
    required("minimum-minutes", 10, 0, 1440),
    required("gap-seconds", 3600, 1, 86_400),
    required("charted-gap-seconds", 14_400, 1, 604_800),
  ],
  applies: ({ columns }) => columns.some(isLong),
  configure: (parameters) => ({
    run: ({ columns }, report) => {
      for (const column of columns) if (isLong(column)) runColumn(column, report, parameters);
    },
    tables: new Map(),
  }),
};

function isLong({ vital, clock }: Column): boolean {
  return SHIFTS[vital.id] !== undefined && clock.length > LEAST_VALUES && clock.endMs - clock.startMs > LEAST_MINUTES * 60_000;
}

function ruleOf({ vital, clock }: Column, parameters: Parameters): TrendRule {
  const of = (name: string): number => numberOf(parameters, name);
  const gapMs = 1000 * of(clock.times === null ? "gap-seconds" : "charted-gap-seconds");
  return {
    hampelWindow: 2 * of("hampel-half-window") + 1,
    hampelTenths: of("hampel-tenths"),
    artefactLeast: of(`${vital.id}-shift`),
    blockMs: 1000 * of("block-seconds"),
    baselineValues: of("baseline-values"),
    baselineMs: 60_000 * of("baseline-minutes"),
    ewmaPermille: of("ewma-permille"),
    shift: of(`${vital.id}-shift`),
    noise: of(`${vital.id}-noise`),
    decisionTenths: of("decision-tenths"),
    minimumMs: 60_000 * of("minimum-minutes"),
    gapMs: Math.max(gapMs, clock.intervalMs),
  };
}

function runColumn(column: Column, report: Report, parameters: Parameters): void {
  const { code: channel, clock, vital } = column;
  const common = { detector: "trend", channel };
  const rule = ruleOf(column, parameters);
  const left = { values: 0, fromMs: 0, toMs: 0, furthest: 0 };
  const stream = new TrendStream(rule, clock.startMs, {
    trend: (found) => {
      const { up, onsetMs, endMs, baseline, extreme } = found;
      const evidence = evidenceOf(found, vital);
      const priority = Math.abs(extreme - baseline) >= 2 * STEPS * rule.shift ? "medium" : "low";
      report.findings.add({
        ...common,
        code: up ? "trend-up" : "trend-down",
        onsetMs,
        endMs,
        priority,
        technical: false,
        evidence: () => evidence,
      });
    },
    artefact: (atMs, distance) => {
      if (left.values++ === 0) left.fromMs = atMs;
      left.toMs = atMs;
      left.furthest = Math.max(left.furthest, distance);
    },
    unassessed: (fromMs, toMs, reason) => report.spans.add({ ...common, fromMs, toMs, reason }),
  });
  feed(column, stream, 1000 * numberOf(parameters, "sample-seconds"));
  if (left.values === 0) return;
  const { fromMs: onsetMs, toMs: endMs, values, furthest } = left;
  const evidence = (): Measurement[] => [
    { name: "values", value: values, decimals: 0, unit: "1" },
    { name: "furthest-from-median", value: furthest, decimals: vital.decimals, unit: vital.unit },
  ];
  report.findings.add({ ...common, code: "trend-artefacts", onsetMs, endMs, priority: "none", technical: true, evidence });
}

/** Reads a value every `everyMs`, and where that one is absent the next that is not. */
function feed(column: Column, stream: TrendStream, everyMs: number): void {
  const { clock } = column;
  const { stepNumerator, stepDenominator, times } = clock;
  const stride = times === null ? Math.max(1, Math.floor((everyMs * stepDenominator) / stepNumerator)) : 1;
  let dueMs = clock.startMs;
  for (let i = 0; i < clock.length;) {
    const value = valueOf(column, i);
    const atMs = sampleMs(clock, i);
    if (value === ABSENT || atMs < dueMs) {
      i++; // absent, or charted too close to the one before
      continue;
    }
    stream.push(value, atMs);
    if (times !== null) dueMs = atMs + everyMs;
    i += stride;
  }
  stream.finish(clock.endMs);
}

function evidenceOf({ baseline, spread, extreme, cusum }: Trend, vital: Vital): Measurement[] {
  const decimals = vital.decimals + 1;
  const tenths = (value: number): number => Math.floor((value * 10) / STEPS + 0.5);
  return [
    { name: "baseline", value: tenths(baseline), decimals, unit: vital.unit },
    { name: "current", value: tenths(extreme), decimals, unit: vital.unit },
    { name: "spread", value: tenths(spread), decimals, unit: vital.unit },
    { name: "cusum", value: Math.floor((cusum * 10) / spread + 0.5), decimals: 1, unit: "1" },
  ];
}
