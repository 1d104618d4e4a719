import type { RecordingEvent } from "@caladrius/wire";
import type { VitalId } from "../channels.ts";
import type { Prepared } from "../detector.ts";
import { numberOf, type Parameters } from "../parameters.ts";
import { valueOf, type Column } from "../plausibility.ts";
import type { SpanList } from "../spans.ts";
import type { Chart, Place } from "./chart.ts";
import { ChartCursor, RunCursor, type Cursor } from "./cursor.ts";

/** Most channels of one vital sign that are looked at together; further ones are reported as not assessed. */
export const MAX_CHANNELS_PER_PART = 16;

/** What is known about one place: its cursors in order of preference, and for measured ones the columns behind them. */
export interface Source {
  cursors: Cursor[];
  columns: Column[];
  maxAgeMs: number;
}

/** The sources of a chart, by place. */
export function sourcesOf(chart: Chart, prepared: Prepared, parameters: Parameters, spans: SpanList): Source[] {
  return chart.places.map((place) => {
    const maxAgeMs = maxAgeOf(place, parameters);
    if ("event" in place) return eventSource(prepared.events, place.event, place.classOf, maxAgeMs);
    return measuredSource(prepared, place.vital, place.classes, maxAgeMs, { detector: chart.detector, spans });
  });
}

/** How long a value at a place may stand, in ms. */
export function maxAgeOf({ age }: Place, parameters: Parameters): number {
  return age === null ? Number.POSITIVE_INFINITY : 1000 * numberOf(parameters, `max-age-${age}-seconds`);
}

function measuredSource(
  prepared: Prepared,
  vital: VitalId,
  classes: Uint8Array,
  maxAgeMs: number,
  left: { detector: string; spans: SpanList },
): Source {
  const columns = prepared.columns.filter((column) => column.vital.id === vital);
  columns.sort((a, b) => a.preference - b.preference || a.index - b.index);
  for (const { code, clock } of columns.slice(MAX_CHANNELS_PER_PART)) {
    left.spans.add({ detector: left.detector, channel: code, fromMs: clock.startMs, toMs: clock.endMs, reason: "too-many-channels" });
  }
  const used = columns.slice(0, MAX_CHANNELS_PER_PART);
  const cursors = used.map((column) => {
    const { clock } = column;
    if (clock.times === null && clock.intervalMs <= maxAgeMs) return new RunCursor(column, classes, maxAgeMs);
    return new ChartCursor(clock, (i) => classes[valueOf(column, i) + 1] ?? 0, maxAgeMs);
  });
  return { cursors, columns: used, maxAgeMs };
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
