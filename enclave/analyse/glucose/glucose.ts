import type { Measurement, Priority } from "@caladrius/wire";
import type { Detector, Report } from "../detector.ts";
import { numberOf, optional, required, type Parameters } from "../parameters.ts";
import { valueOf, type Column } from "../plausibility.ts";
import { sampleMs } from "../timing.ts";
import { GlucoseStream } from "./stream.ts";

/** The bands of the international consensus, lowest first. */
const BANDS: readonly { code: string; parameter: string; limit: number; priority: Priority }[] = [
  { code: "glucose-low-level-2", parameter: "low-level-2", limit: 54, priority: "high" },
  { code: "glucose-low-level-1", parameter: "low-level-1", limit: 70, priority: "medium" },
  { code: "glucose-high-level-1", parameter: "high-level-1", limit: 180, priority: "low" },
  { code: "glucose-high-level-2", parameter: "high-level-2", limit: 250, priority: "medium" },
];

/**
 * Glucose against the bands of the international consensus on time in range (Battelino et al. 2019, Diabetes Care
 * 42:1593): below 54 and 70, above 180 and 250 mg/dL, each from the first value beyond its limit to the first that is back
 * by `hysteresis`. mmol/L are converted (x 18.0182), rounded to whole mg/dL, then banded. A change of more than `rate`
 * mg/dL a minute is no physiology but a sensor: see `GlucoseStream` for what becomes of the value. Times between values of
 * up to `gap-seconds` (`charted-gap-seconds` for charted ones) are tolerated, so a sensor of five minutes may miss two.
 * A low that looks like pressure on the sensor is told as well (see `CompressionLows`), beside the low that it may explain
 * and never in its place.
 *
 * Findings: "glucose-low-level-2" (high), "glucose-low-level-1" (medium), "glucose-high-level-1" (low),
 * "glucose-high-level-2" (medium); "glucose-rate-implausible", "glucose-compression-low" (technical, low).
 */
export const glucose: Detector = {
  id: "glucose",
  version: "1.1.0",
  title: "Glucose bands, rate of change and lows by pressure on the sensor",
  parameters: [
    ...BANDS.map(({ parameter, limit }) => optional(parameter, limit, 10, 1500)),
    required("hysteresis", 3, 0, 500),
    required("rate", 4, 1, 1500),
    optional("compression-rate", 2, 1, 1500),
    required("compression-depth", 25, 1, 1500),
    required("compression-minutes", 60, 1, 1440),
    required("gap-seconds", 900, 1, 86_400),
    required("charted-gap-seconds", 14_400, 1, 604_800),
  ],
  applies: ({ columns }) => columns.some(isGlucose),
  configure: (parameters) => ({
    run: ({ columns }, report) => {
      for (const column of columns) if (isGlucose(column)) runColumn(column, report, parameters);
    },
    tables: new Map(),
  }),
};

function isGlucose({ vital, clock }: Column): boolean {
  return vital.id === "glucose" && clock.length > 0;
}

function runColumn(column: Column, report: Report, parameters: Parameters): void {
  const { code: channel, clock } = column;
  const common = { detector: "glucose", channel };
  const tolerated = 1000 * numberOf(parameters, clock.times === null ? "gap-seconds" : "charted-gap-seconds");
  const bands = BANDS.map(({ parameter }) => parameters.get(parameter) ?? null);
  const limits = {
    bands,
    hysteresis: numberOf(parameters, "hysteresis"),
    rate: numberOf(parameters, "rate"),
    gapMs: Math.max(tolerated, clock.intervalMs),
    compression: {
      low: bands[1] ?? bands[0] ?? null,
      rate: parameters.get("compression-rate") ?? null,
      depth: numberOf(parameters, "compression-depth"),
      longestMs: 60_000 * numberOf(parameters, "compression-minutes"),
    },
  };
  const stream = new GlucoseStream(limits, clock.startMs, {
    condition: (band, onsetMs, endMs, extreme) => {
      const { code = "", priority = "medium" } = BANDS[band] ?? {};
      const evidence = (): Measurement[] => [mgdl(band < 2 ? "lowest" : "highest", extreme), mgdl("limit", limits.bands[band] ?? 0)];
      report.findings.add({ ...common, code, onsetMs, endMs, priority, technical: false, evidence });
    },
    step: (onsetMs, endMs, before, after) => {
      const evidence = (): Measurement[] => [
        mgdl("before", before),
        mgdl("after", after),
        { ...mgdl("limit", limits.rate), unit: "mg/dL/min" },
      ];
      report.findings.add({ ...common, code: "glucose-rate-implausible", onsetMs, endMs, priority: "low", technical: true, evidence });
    },
    compression: ({ onsetMs, endMs, before, lowest, after }) => {
      const evidence = (): Measurement[] => [mgdl("before", before), mgdl("lowest", lowest), mgdl("after", after)];
      report.findings.add({ ...common, code: "glucose-compression-low", onsetMs, endMs, priority: "low", technical: true, evidence });
    },
    unassessed: (fromMs, toMs, reason) => report.spans.add({ ...common, fromMs, toMs, reason }),
  });
  for (let i = 0; i < clock.length; i++) stream.push(valueOf(column, i), sampleMs(clock, i));
  stream.finish(clock.endMs);
}

function mgdl(name: string, value: number): Measurement {
  return { name, value, decimals: 0, unit: "mg/dL" };
}
