import { array, bool, bytes, int, nullable, oneOf, refine, struct, text, type Schema } from "./schema/index.ts";
import { WireError } from "./errors.ts";

/** Alarm priority (IEC 60601-1-8), "none" for information. */
export type Priority = "high" | "medium" | "low" | "none";

/** A fixed-point quantity: the value is `value` / 10^`decimals` in `unit` (UCUM). */
export interface Measurement {
  name: string;
  value: number;
  decimals: number;
  unit: string;
}

/** What a detector found, with the evidence that led to it. */
export interface Finding {
  code: string;
  detector: string;
  channel: string | null;
  onsetMs: number;
  endMs: number;
  priority: Priority;
  /** a technical alarm condition (sensor, signal, gap) rather than a physiological one */
  technical: boolean;
  confidencePermille: number | null;
  evidence: Measurement[];
}

/** A span that a detector could not judge, and why. */
export interface UnassessedSpan {
  detector: string;
  channel: string | null;
  fromMs: number;
  toMs: number;
  reason: string;
}

/** What was looked at and what was not. */
export interface Coverage {
  fromMs: number;
  toMs: number;
  samplesReceived: number;
  rejected: { reason: string; samples: number }[];
  gaps: number;
  notAssessedMs: number;
  unassessed: UnassessedSpan[];
}

/** The least that any recipient learns. */
export interface AlarmSummary {
  anyAlarm: boolean;
  highestPriority: Priority;
  secondsNotAssessed: number;
}

/** Values of one detector over time, disclosed at level "full" only. */
export interface Series {
  detector: string;
  channel: string | null;
  name: string;
  unit: string;
  values: Int32Array;
}

/** A detector as it ran. */
export interface DetectorRun {
  id: string;
  version: string;
  /** deterministic CBOR of the parameter map */
  parameters: Uint8Array;
}

/** What the detectors say about one recording. */
export interface Analysis {
  findings: Finding[];
  coverage: Coverage;
  alarmSummary: AlarmSummary;
  series: Series[];
  detectors: DetectorRun[];
}

/** What a recipient may see: the alarm summary; findings and coverage too; everything. */
export type DisclosureLevel = "alarm" | "findings" | "full";

const TIME_MS = 253_402_300_799_999;
const name: Schema<string> = text(1, 64);
const priority: Schema<Priority> = oneOf("high", "medium", "low", "none");
const channel: Schema<string | null> = nullable(text(5, 40));
const timeMs: Schema<number> = int(0, TIME_MS);

/** Schema of a measurement. */
export const measurementSchema: Schema<Measurement> = struct<Measurement>({
  name: ["name", name],
  value: ["value", int(-(2 ** 31), 2 ** 53 - 1)],
  decimals: ["decimals", int(0, 9)],
  unit: ["unit", text(1, 32)],
});

/** Schema of a finding; at most 32 measurements. */
export const findingSchema: Schema<Finding> = struct<Finding>({
  code: ["code", name],
  detector: ["detector", name],
  channel: ["channel", channel],
  onsetMs: ["onset", timeMs],
  endMs: ["end", timeMs],
  priority: ["priority", priority],
  technical: ["technical", bool],
  confidencePermille: ["confidence", nullable(int(0, 1000))],
  evidence: ["evidence", array(measurementSchema, 0, 32)],
});

/** Schema of the coverage; at most 256 spans not assessed. */
export const coverageSchema: Schema<Coverage> = struct<Coverage>({
  fromMs: ["from", timeMs],
  toMs: ["to", timeMs],
  samplesReceived: ["samples", int(0, 2 ** 40)],
  rejected: [
    "rejected",
    array(struct<{ reason: string; samples: number }>({ reason: ["reason", name], samples: ["samples", int(0, 2 ** 40)] }), 0, 64),
  ],
  gaps: ["gaps", int(0, 2 ** 40)],
  notAssessedMs: ["notAssessed", int(0, TIME_MS)],
  unassessed: [
    "unassessed",
    array(
      struct<UnassessedSpan>({
        detector: ["detector", name],
        channel: ["channel", channel],
        fromMs: ["from", timeMs],
        toMs: ["to", timeMs],
        reason: ["reason", name],
      }),
      0,
      256,
    ),
  ],
});

/** Schema of the alarm summary. */
export const alarmSummarySchema: Schema<AlarmSummary> = struct<AlarmSummary>({
  anyAlarm: ["anyAlarm", bool],
  highestPriority: ["highestPriority", priority],
  secondsNotAssessed: ["secondsNotAssessed", int(0, TIME_MS)],
});

interface WireSeries {
  detector: string;
  channel: string | null;
  name: string;
  unit: string;
  values: Uint8Array;
}

/** Schema of a series, whose values travel as little-endian bytes, at most 8 MiB. */
export const seriesSchema: Schema<Series> = refine(
  struct<WireSeries>({
    detector: ["detector", name],
    channel: ["channel", channel],
    name: ["name", name],
    unit: ["unit", text(1, 32)],
    values: ["values", bytes(0, 2 ** 23)],
  }),
  (value) => ({ ...value, values: new Uint8Array(value.values.buffer, value.values.byteOffset, value.values.byteLength) }),
  (value, path) => {
    if (value.values.length % 4 !== 0) throw new WireError("schema-range", `${path}.values: no whole number of 32-bit values`);
    return { ...value, values: new Int32Array(value.values.slice().buffer) };
  },
);

/** Schema of a disclosure level. */
export const disclosureLevelSchema: Schema<DisclosureLevel> = oneOf("alarm", "findings", "full");
