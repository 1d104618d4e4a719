import { groupOf, type LeadRing } from "./lead-ring.ts";

/**
 * Where the recovery from an electrode transient that began with a pause is over: `at` itself where there was none, more
 * than `to` where it goes on. An electrode that moves or an amplifier that recovers from overload shifts the baseline by
 * more than any heart does and lets it creep back, by the time constant of the high-pass (IEC 60601-2-27); so long the lead
 * shows no beats. It is one only if every lead that can be judged jumps, and lasts at most 4.2 s: what follows is counted
 * as a pause again, since a defibrillation makes such a transient too, and an asystole may follow it.
 * @param at raw sample of the last beat, at least 4 s before `to`
 */
export function transientEnd(rings: readonly LeadRing[], rate: number, at: number, to: number): number {
  const group = groupOf(rate);
  const second = Math.round(rate / group);
  const begin = Math.floor(at / group);
  const judged = rings.filter((ring) => ring.holds(begin - second, begin + second + 1));
  if (judged.length === 0 || !judged.every((ring) => jumps(ring, begin, second))) return at;
  const most = begin + Math.round(MOST_SECONDS * second);
  for (let i = begin + second; i < most; i++) {
    if (i * group > to) return Number.POSITIVE_INFINITY;
    if (judged.every((ring) => !ring.holds(i - second, i + 1) || rangeOf(ring, i - second, i + 1) < QUIET_MICROVOLTS)) return i * group;
  }
  return most * group;
}

/** Whether the baseline moves by more than a heart moves it, within a second around a working sample. */
function jumps(ring: LeadRing, at: number, second: number): boolean {
  for (let i = at; i <= at + second; i++) if (Math.abs(ring.baselineAt(i) - ring.baselineAt(i - second)) >= JUMP_MICROVOLTS) return true;
  return false;
}

function rangeOf(ring: LeadRing, from: number, to: number): number {
  let [least, most] = [ring.baselineAt(from), ring.baselineAt(from)];
  for (let i = from + 1; i < to; i++) {
    const value = ring.baselineAt(i);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most - least;
}

/** Of the baseline, which is a mean over 0.6 s: neither wide complexes nor breathing move it as far. */
const JUMP_MICROVOLTS = 1500;
/** The baseline rests when it stays within this for a second. */
const QUIET_MICROVOLTS = 200;
/** With the 4 s of a pause and the time it takes to decide, an asystole is told within 10 s all the same. */
const MOST_SECONDS = 4.2;
