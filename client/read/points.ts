import type { Point } from "./columns.ts";
import { compare } from "./rational.ts";

/** A value on its way into a channel. */
export interface CollectedPoint extends Point {
  /** corrected and amended values (1) replace final ones (0) of the same time */
  rank: number;
  /** of the FHIR resource that it stood in */
  id?: string | null;
}

/** Points in order of time, one of each: of two different values the corrected one, else the smaller, whatever their order. */
export function distinctPoints(points: readonly CollectedPoint[]): { kept: CollectedPoint[]; duplicates: number; conflicts: number } {
  const kept: CollectedPoint[] = [];
  let [duplicates, conflicts] = [0, 0];
  for (const point of points.toSorted(order)) {
    const last = kept.at(-1);
    if (last?.atMs !== point.atMs) kept.push(point);
    else if (point.value === null || sameValue(last, point)) duplicates++;
    else conflicts++;
  }
  return { kept, duplicates, conflicts };
}

/** By time; of one time: values before "missing", corrected before final, smaller before larger. */
function order(a: CollectedPoint, b: CollectedPoint): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs;
  if (a.value === null || b.value === null) return (a.value === null ? 1 : 0) - (b.value === null ? 1 : 0);
  return b.rank - a.rank || compare(a.value, b.value);
}

function sameValue(a: CollectedPoint, b: CollectedPoint): boolean {
  return a.value !== null && b.value !== null && compare(a.value, b.value) === 0;
}
