import { ABSENT, reject, type Column, type Tally } from "./plausibility.ts";
import { sampleMs, type Clock } from "./timing.ts";

/**
 * Rejects pairs in which systolic is not above diastolic pressure. The k-th systolic channel is compared with the k-th
 * diastolic one, at equal times.
 */
export function rejectCrossedPressures(columns: readonly Column[], tally: Tally): void {
  const diastolic = columns.filter((column) => column.vital.id === "diastolic");
  if (diastolic.length === 0) return;
  let k = 0;
  let crossed = 0;
  for (const column of columns) {
    if (column.vital.id !== "systolic") continue;
    const partner = diastolic[k++];
    if (partner === undefined) break;
    crossed += sameClock(column.clock, partner.clock) ? crossByIndex(column, partner) : crossByTime(column, partner);
  }
  reject(tally, "systolic-not-above-diastolic", 2 * crossed);
}

function sameClock(a: Clock, b: Clock): boolean {
  if (a.times !== null || b.times !== null) return false;
  return a.startMs === b.startMs && a.stepNumerator === b.stepNumerator && a.stepDenominator === b.stepDenominator;
}

function crossByIndex({ values: systolic }: Column, { values: diastolic }: Column): number {
  const shared = Math.min(systolic.length, diastolic.length);
  let crossed = 0;
  for (let i = 0; i < shared; i++) {
    const high = systolic[i] ?? ABSENT;
    if (high <= (diastolic[i] ?? ABSENT) && high !== ABSENT) {
      systolic[i] = ABSENT;
      diastolic[i] = ABSENT;
      crossed++;
    }
  }
  return crossed;
}

function crossByTime(systolic: Column, diastolic: Column): number {
  let crossed = 0;
  let i = 0;
  let j = 0;
  while (i < systolic.values.length && j < diastolic.values.length) {
    const difference = sampleMs(systolic.clock, i) - sampleMs(diastolic.clock, j);
    if (difference === 0) {
      const high = systolic.values[i] ?? ABSENT;
      if (high !== ABSENT && high <= (diastolic.values[j] ?? ABSENT)) {
        systolic.values[i] = ABSENT;
        diastolic.values[j] = ABSENT;
        crossed++;
      }
    }
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return crossed;
}
