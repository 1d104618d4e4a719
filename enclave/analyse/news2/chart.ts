import type { Chart } from "../scores/chart.ts";
import { PARTS, SHORT_NAMES, SLOTS, SPO2_RULE } from "./bands.ts";

/** NEWS2 as a chart (Royal College of Physicians 2017). */
export const NEWS2_CHART: Chart = {
  detector: "news2",
  parts: PARTS,
  shortNames: SHORT_NAMES,
  places: [
    { vital: "respiratory-rate", classes: SLOTS.respiration.classes, age: "respiration" },
    { vital: "spo2", classes: SLOTS.spo2.classes, age: "spo2" },
    { vital: "systolic", classes: SLOTS.systolic.classes, age: "systolic" },
    { vital: "heart-rate", classes: SLOTS.pulse.classes, age: "pulse" },
    { vital: "temperature", classes: SLOTS.temperature.classes, age: "temperature" },
    { vital: "gcs", classes: SLOTS.gcs.classes, age: "consciousness" },
    { vital: "fio2", classes: SLOTS.fio2.classes, age: "oxygen" },
    { event: "consciousness", classOf: (value) => classIn(value, "A", ["C", "V", "P", "U"]), age: "consciousness" },
    { event: "oxygen", classOf: (value) => classIn(value, "off", ["on"]), age: "oxygen" },
    { event: "spo2-scale", classOf: (value) => classIn(value, "1", ["2"]), age: null },
  ],
  shown: [0, 1, 2, 3, 4],
  score: scorePlace,
  triggers: [
    { code: "news2-high", priority: "high", leastSum: 7, leastPart: Number.POSITIVE_INFINITY },
    { code: "news2-medium", priority: "medium", leastSum: 5, leastPart: Number.POSITIVE_INFINITY },
    { code: "news2-single", priority: "medium", leastSum: Number.POSITIVE_INFINITY, leastPart: 3 },
  ],
};

const { respiration, spo2, systolic, pulse, temperature, gcs, fio2 } = SLOTS;

const PLACE = { spo2: 1, gcs: 5, fio2: 6, consciousness: 7, oxygen: 8, scale: 9 } as const;

/** Class of an event: 1 for the value that scores nothing, 2 for those that do. */
const SCORES = 2;

/** Chart parts whose points come from one place alone: part by place, -1 for the others. */
const SIMPLE_PART: Int8Array = Int8Array.of(0, -1, 3, 4, 6, -1, -1, -1, -1, -1);
const SIMPLE_POINTS: readonly Int8Array[] = [respiration.points, spo2.points, systolic.points, pulse.points, temperature.points];

/**
 * Oxygen comes from events and from a measured inspired fraction (above 21 %), consciousness from events and from a Glasgow
 * coma score (15 is alert, below is not): the worse counts. Scale 2 of SpO2 holds only while a recorded decision for it
 * stands.
 */
function scorePlace(place: number, standing: Uint8Array, points: Int8Array): void {
  const part = SIMPLE_PART[place] ?? -1;
  if (part >= 0) {
    points[part] = SIMPLE_POINTS[place]?.[standing[place] ?? 0] ?? -1;
    return;
  }
  const oxygen = Math.max(eventPoints(standing[PLACE.oxygen] ?? 0, 2), fio2.points[standing[PLACE.fio2] ?? 0] ?? -1);
  points[1] = spo2.points[4 * (standing[PLACE.spo2] ?? 0) + spo2Rule(standing, oxygen)] ?? -1;
  points[2] = oxygen;
  points[5] = Math.max(eventPoints(standing[PLACE.consciousness] ?? 0, 3), gcs.points[standing[PLACE.gcs] ?? 0] ?? -1);
}

function eventPoints(standing: number, points: number): number {
  if (standing === 0) return -1;
  return standing === SCORES ? points : 0;
}

function spo2Rule(standing: Uint8Array, oxygen: number): number {
  if (standing[PLACE.scale] !== SCORES) return SPO2_RULE.scale1;
  if (oxygen < 0) return SPO2_RULE.scale2Unknown;
  return oxygen > 0 ? SPO2_RULE.scale2Oxygen : SPO2_RULE.scale2Air;
}

function classIn(value: string, silent: string, scoring: readonly string[]): number {
  return value === silent ? 1 : scoring.includes(value) ? SCORES : 0;
}
