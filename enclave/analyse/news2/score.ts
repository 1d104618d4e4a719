import { SLOTS, SPO2_RULE } from "./bands.ts";
import type { Cursor } from "./cursor.ts";
import { EVENT_CLASS, PLACE } from "./sources.ts";

const { respiration, spo2, systolic, pulse, temperature, gcs, fio2 } = SLOTS;

/** Chart parts whose points come from one place alone: part by place, -1 for the others. */
const SIMPLE_PART: Int8Array = Int8Array.of(0, -1, 3, 4, 6, -1, -1, -1, -1, -1);
const SIMPLE_POINTS: readonly Int8Array[] = [respiration.points, spo2.points, systolic.points, pulse.points, temperature.points];

/**
 * Writes the points of the parts that depend on one place, -1 where a part is missing. `standing` holds the classes that
 * stand, by PLACE. Oxygen comes from events and from a measured inspired fraction (above 21 %), consciousness from events
 * and from a Glasgow coma score (15 is alert, below is not): the worse counts. Scale 2 of SpO2 holds only while a recorded
 * decision for it stands.
 */
export function scorePlace(place: number, standing: Uint8Array, points: Int8Array): void {
  const part = SIMPLE_PART[place] ?? -1;
  if (part >= 0) {
    points[part] = SIMPLE_POINTS[place]?.[standing[place] ?? 0] ?? -1;
    return;
  }
  const oxygen = Math.max(eventPoints(standing[PLACE.oxygen] ?? 0, EVENT_CLASS.oxygen, 2), fio2.points[standing[PLACE.fio2] ?? 0] ?? -1);
  points[1] = spo2.points[4 * (standing[PLACE.spo2] ?? 0) + spo2Rule(standing, oxygen)] ?? -1;
  points[2] = oxygen;
  points[5] = Math.max(
    eventPoints(standing[PLACE.consciousness] ?? 0, EVENT_CLASS.notAlert, 3),
    gcs.points[standing[PLACE.gcs] ?? 0] ?? -1,
  );
}

function eventPoints(standing: number, scoring: number, points: number): number {
  if (standing === 0) return -1;
  return standing === scoring ? points : 0;
}

function spo2Rule(standing: Uint8Array, oxygen: number): number {
  if (standing[PLACE.scale] !== EVENT_CLASS.scale2) return SPO2_RULE.scale1;
  if (oxygen < 0) return SPO2_RULE.scale2Unknown;
  return oxygen > 0 ? SPO2_RULE.scale2Oxygen : SPO2_RULE.scale2Air;
}

/** Class that stands at a place: that of the most preferred channel which has one. */
export function standingOf(cursors: readonly Cursor[]): number {
  for (const cursor of cursors) if (cursor.standing !== 0) return cursor.standing;
  return 0;
}
