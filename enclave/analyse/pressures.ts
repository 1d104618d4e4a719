import { ABSENT, reject, valueOf, type Column, type Tally } from "./plausibility.ts";
import { sampleMs, type Clock } from "./timing.ts";

/**
 * Withdraws pairs in which systolic is not above diastolic pressure. The k-th systolic channel is compared with the k-th
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
    if (sameScale(column, partner) && sameClock(column.clock, partner.clock)) crossed += crossByIndex(column, partner);
    else crossed += crossByTime(column, partner);
  }
  reject(tally, "systolic-not-above-diastolic", 2 * crossed);
}

function sameScale(a: Column, b: Column): boolean {
  return (
    a.conversion.slope === b.conversion.slope &&
    a.conversion.intercept === b.conversion.intercept &&
    a.conversion.divisor === b.conversion.divisor
  );
}

function sameClock(a: Clock, b: Clock): boolean {
  if (a.times !== null || b.times !== null) return false;
  return a.startMs === b.startMs && a.stepNumerator === b.stepNumerator && a.stepDenominator === b.stepDenominator;
}

/** On one scale raw values compare as physical ones do; only what looks crossed is read closely. */
function crossByIndex(systolic: Column, diastolic: Column): number {
  const high = systolic.samples;
  const low = diastolic.samples;
  const shared = Math.min(high.length, low.length);
  let crossed = 0;
  for (let i = 0; i < shared; i++) if ((high[i] ?? 0) <= (low[i] ?? 0) && cross(systolic, i, diastolic, i)) crossed++;
  return crossed;
}

function crossByTime(systolic: Column, diastolic: Column): number {
  let crossed = 0;
  let i = 0;
  let j = 0;
  while (i < systolic.samples.length && j < diastolic.samples.length) {
    const difference = sampleMs(systolic.clock, i) - sampleMs(diastolic.clock, j);
    if (difference === 0 && cross(systolic, i, diastolic, j)) crossed++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return crossed;
}

function cross(systolic: Column, i: number, diastolic: Column, j: number): boolean {
  const high = valueOf(systolic, i);
  const low = valueOf(diastolic, j);
  if (high === ABSENT || low === ABSENT || high > low) return false;
  withdraw(systolic, i);
  withdraw(diastolic, j);
  return true;
}

function withdraw(column: Column, i: number): void {
  column.withdrawn ??= new Uint8Array(column.samples.length);
  column.withdrawn[i] = 1;
}
