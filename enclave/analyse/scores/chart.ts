import type { Priority, RecordingEvent } from "@caladrius/wire";
import type { VitalId } from "../channels.ts";
import { required, type ParameterSpec } from "../parameters.ts";

/** Where a score reads: a vital sign by its classes, or events of one kind. Class 0 is "nothing stands". */
export type Place =
  | { vital: VitalId; classes: Uint8Array; age: AgeName }
  | { event: RecordingEvent["kind"]; classOf: (value: string) => number; age: AgeName | null };

/** Something that a score raises: when the sum, or the points of one part, reach a limit. */
export interface Trigger {
  code: string;
  priority: Priority;
  /** Infinity: not by the sum */
  leastSum: number;
  /** Infinity: not by one part */
  leastPart: number;
}

/** An early-warning score as a chart: its parts, where they are read, and what it raises. Points are never negative. */
export interface Chart {
  detector: string;
  parts: readonly string[];
  /** names of the parts in the list of what is missing */
  shortNames: readonly string[];
  places: readonly Place[];
  /** places whose value is shown as evidence */
  shown: readonly number[];
  /** writes the points of the parts that depend on one place, -1 where a part is missing; `standing` holds classes by place */
  score: (place: number, standing: Uint8Array, points: Int8Array) => void;
  triggers: readonly Trigger[];
}

/** Classes into which a chart divides each vital sign, by value + 1. */
export function tablesOf(chart: Chart): ReadonlyMap<VitalId, Uint8Array> {
  return new Map(chart.places.flatMap((place): [VitalId, Uint8Array][] => ("vital" in place ? [[place.vital, place.classes]] : [])));
}

/** Parameters of a chart: how long a value or event may stand without a newer one, and what joins episodes. */
export function parametersOf(chart: Chart): ParameterSpec[] {
  const used = new Set(chart.places.map(({ age }) => age));
  const ages = Object.entries(MAX_AGE_SECONDS).filter(([name]) => used.has(name as AgeName));
  return [
    ...ages.map(([name, seconds]) => required(`max-age-${name}-seconds`, seconds, 1, 604_800)),
    required("hold-seconds", 60, 0, 86_400),
  ];
}

type AgeName = keyof typeof MAX_AGE_SECONDS;

/** The same in all scores, so that scores of one moment rest on the same values. */
const MAX_AGE_SECONDS = {
  respiration: 3600,
  spo2: 3600,
  systolic: 3600,
  pulse: 3600,
  temperature: 14_400,
  consciousness: 14_400,
  oxygen: 86_400,
} as const;
