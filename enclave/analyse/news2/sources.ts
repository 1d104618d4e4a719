import type { RecordingEvent } from "@caladrius/wire";
import type { VitalId } from "../channels.ts";
import type { Prepared } from "../detector.ts";
import { numberOf, required, type Parameters, type ParameterSpec } from "../parameters.ts";
import { valueOf, type Column } from "../plausibility.ts";
import type { SpanList } from "../spans.ts";
import { SLOTS } from "./bands.ts";
import { ChartCursor, RunCursor, type Cursor } from "./cursor.ts";

/** Most channels of one vital sign that are looked at together; further ones are reported as not assessed. */
export const MAX_CHANNELS_PER_PART = 16;

/** How long a value or event may stand without a newer one, seconds. */
export const AGE_PARAMETERS: readonly ParameterSpec[] = [
  required("max-age-respiration-seconds", 3600, 1, 604_800),
  required("max-age-spo2-seconds", 3600, 1, 604_800),
  required("max-age-systolic-seconds", 3600, 1, 604_800),
  required("max-age-pulse-seconds", 3600, 1, 604_800),
  required("max-age-temperature-seconds", 14_400, 1, 604_800),
  required("max-age-consciousness-seconds", 14_400, 1, 604_800),
  required("max-age-oxygen-seconds", 86_400, 1, 604_800),
];

/** What is read, by place: measured vital signs first, then events. */
export const PLACE = {
  respiration: 0,
  spo2: 1,
  systolic: 2,
  pulse: 3,
  temperature: 4,
  gcs: 5,
  fio2: 6,
  consciousness: 7,
  oxygen: 8,
  scale: 9,
} as const;

/** Class of an event value; 0 is "nothing stands". */
export const EVENT_CLASS = { air: 1, oxygen: 2, alert: 1, notAlert: 2, scale1: 1, scale2: 2 } as const;

const MEASURED: readonly (readonly [VitalId, keyof typeof SLOTS, string])[] = [
  ["respiratory-rate", "respiration", "max-age-respiration-seconds"],
  ["spo2", "spo2", "max-age-spo2-seconds"],
  ["systolic", "systolic", "max-age-systolic-seconds"],
  ["heart-rate", "pulse", "max-age-pulse-seconds"],
  ["temperature", "temperature", "max-age-temperature-seconds"],
  ["gcs", "gcs", "max-age-consciousness-seconds"],
  ["fio2", "fio2", "max-age-oxygen-seconds"],
];

const CONSCIOUSNESS = ["A", "C", "V", "P", "U"];

/** Vital signs of which at least one makes NEWS2 apply. */
export const NEWS2_VITALS: readonly VitalId[] = MEASURED.slice(0, 5).map(([vital]) => vital);

/** Classes into which NEWS2 divides each vital sign, by value + 1. */
export const NEWS2_TABLES: ReadonlyMap<VitalId, Uint8Array> = new Map(MEASURED.map(([vital, slot]) => [vital, SLOTS[slot].classes]));

/** What is known about one place: its cursors in order of preference, and for measured ones the columns behind them. */
export interface Source {
  cursors: Cursor[];
  columns: Column[];
  maxAgeMs: number;
}

/** The sources by PLACE. */
export function sourcesOf(prepared: Prepared, parameters: Parameters, spans: SpanList): Source[] {
  const age = (name: string): number => 1000 * numberOf(parameters, name);
  const { events } = prepared;
  return [
    ...MEASURED.map(([vital, slot, name]) => measuredSource(prepared, vital, SLOTS[slot].classes, age(name), spans)),
    eventSource(events, "consciousness", consciousnessClass, age("max-age-consciousness-seconds")),
    eventSource(
      events,
      "oxygen",
      (value) => (value === "on" ? EVENT_CLASS.oxygen : value === "off" ? EVENT_CLASS.air : 0),
      age("max-age-oxygen-seconds"),
    ),
    eventSource(
      events,
      "spo2-scale",
      (value) => (value === "2" ? EVENT_CLASS.scale2 : value === "1" ? EVENT_CLASS.scale1 : 0),
      Number.POSITIVE_INFINITY,
    ),
  ];
}

function measuredSource(prepared: Prepared, vital: VitalId, classes: Uint8Array, maxAgeMs: number, spans: SpanList): Source {
  const columns = prepared.columns.filter((column) => column.vital.id === vital);
  columns.sort((a, b) => a.preference - b.preference || a.index - b.index);
  for (const { code, clock } of columns.slice(MAX_CHANNELS_PER_PART)) {
    spans.add({ detector: "news2", channel: code, fromMs: clock.startMs, toMs: clock.endMs, reason: "too-many-channels" });
  }
  const used = columns.slice(0, MAX_CHANNELS_PER_PART);
  const cursors = used.map((column) => {
    const { clock } = column;
    if (clock.times === null && clock.intervalMs <= maxAgeMs) return new RunCursor(column, classes, maxAgeMs);
    return new ChartCursor(clock, (i) => classes[valueOf(column, i) + 1] ?? 0, maxAgeMs);
  });
  return { cursors, columns: used, maxAgeMs };
}

function consciousnessClass(value: string): number {
  return value === "A" ? EVENT_CLASS.alert : CONSCIOUSNESS.includes(value) ? EVENT_CLASS.notAlert : 0;
}

/** Events of one kind in order of time; of two at one time the later in the recording counts. Unknown values are left out. */
function eventSource(
  events: readonly RecordingEvent[],
  kind: RecordingEvent["kind"],
  classOf: (value: string) => number,
  maxAgeMs: number,
): Source {
  const known = events.filter((event) => event.kind === kind && classOf(event.value) > 0);
  const latest = known.filter((event, i) => known[i + 1]?.atMs !== event.atMs);
  if (latest.length === 0) return { cursors: [], columns: [], maxAgeMs };
  const times = Float64Array.from(latest, (event) => event.atMs);
  const classes = latest.map((event) => classOf(event.value));
  const clock = {
    startMs: 0,
    length: times.length,
    stepNumerator: 0,
    stepDenominator: 1,
    times,
    intervalMs: 0,
    endMs: times[times.length - 1] ?? 0,
  };
  return { cursors: [new ChartCursor(clock, (i) => classes[i] ?? 0, maxAgeMs)], columns: [], maxAgeMs };
}
