import type { Detected } from "./detected.ts";
import type { Match } from "./match.ts";
import type { ScoredRecord } from "./records.ts";

/** How far disagreement of the detectors tells where the errors are. */
export interface Agreement {
  beats: number;
  /** beats that nothing disputes */
  unanimous: number;
  seconds: number;
  /** seconds that lie within one second of a disputed deflection */
  flaggedSeconds: number;
  /** missed and extra beats */
  errors: number;
  /** … that lie within one second of a disputed deflection */
  flaggedErrors: number;
  /** seconds of which any part was not assessed */
  unassessedSeconds: number;
}

/** Measures it on one record. */
export function agreementOf({ rate, length }: Pick<ScoredRecord, "rate" | "length">, found: Detected, match: Match): Agreement {
  const disputed = new Set(found.disputed);
  const seconds = Math.ceil(length / rate);
  const near = (at: number): boolean => found.disputed.some((one) => Math.abs(one - at) <= rate);
  const secondsOf = (stretches: readonly { from: number; to: number }[]): number => {
    const marks = new Uint8Array(seconds);
    for (const { from, to } of stretches) marks.fill(1, Math.max(0, Math.floor(from / rate)), Math.floor(to / rate) + 1);
    return marks.reduce((total, mark) => total + mark, 0);
  };
  const errors = [...match.missed, ...match.extra];
  return {
    beats: found.beats.length,
    unanimous: found.beats.filter((at) => !disputed.has(at)).length,
    seconds,
    flaggedSeconds: unionSeconds(
      found.disputed.map((at) => ({ from: at - rate, to: at + rate })),
      rate,
    ),
    errors: errors.length,
    flaggedErrors: errors.filter(near).length,
    unassessedSeconds: secondsOf(found.unassessed),
  };
}

/** Length of the union of stretches, in seconds. */
function unionSeconds(stretches: readonly { from: number; to: number }[], rate: number): number {
  let [total, reached] = [0, 0];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    if (to <= reached) continue;
    total += to - Math.max(from, reached);
    reached = to;
  }
  return total / rate;
}
