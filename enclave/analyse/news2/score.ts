import { SLOTS, SPO2_RULE } from "./bands.ts";
import type { Cursor } from "./cursor.ts";
import { EVENT_CLASS, PLACE } from "./sources.ts";

/**
 * Writes the points of all seven parts, -1 where a part is missing, and returns their sum over the known ones. Inputs are
 * the classes that stand, by PLACE.
 */
export function scoreParts(standing: Uint8Array, points: Int8Array): number {
  const oxygen = oxygenPoints(standing);
  points[0] = SLOTS.respiration.points[standing[PLACE.respiration] ?? 0] ?? -1;
  points[1] = SLOTS.spo2.points[4 * (standing[PLACE.spo2] ?? 0) + spo2Rule(standing, oxygen)] ?? -1;
  points[2] = oxygen;
  points[3] = SLOTS.systolic.points[standing[PLACE.systolic] ?? 0] ?? -1;
  points[4] = SLOTS.pulse.points[standing[PLACE.pulse] ?? 0] ?? -1;
  points[5] = consciousnessPoints(standing);
  points[6] = SLOTS.temperature.points[standing[PLACE.temperature] ?? 0] ?? -1;
  let sum = 0;
  for (let part = 0; part < 7; part++) sum += Math.max(0, points[part] ?? 0);
  return sum;
}

/** Supplemental oxygen from the event and from a measured inspired fraction (above 21 %): either says yes. */
function oxygenPoints(standing: Uint8Array): number {
  const event = standing[PLACE.oxygen] ?? 0;
  const said = event === 0 ? -1 : event === EVENT_CLASS.oxygen ? 2 : 0;
  return Math.max(said, SLOTS.fio2.points[standing[PLACE.fio2] ?? 0] ?? -1);
}

/** Consciousness from the ACVPU event and from a Glasgow coma score (15 is alert, below is not): the worse counts. */
function consciousnessPoints(standing: Uint8Array): number {
  const event = standing[PLACE.consciousness] ?? 0;
  const said = event === 0 ? -1 : event === EVENT_CLASS.notAlert ? 3 : 0;
  return Math.max(said, SLOTS.gcs.points[standing[PLACE.gcs] ?? 0] ?? -1);
}

/** Scale 2 holds only while a recorded decision for it stands. */
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
