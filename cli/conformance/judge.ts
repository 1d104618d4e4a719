import type { Expected } from "./kit.ts";

/** What a verifier said about one vector. */
export interface Answer {
  /** null = it was killed, by a signal or because its time was over */
  exit: number | null;
  /** how it ended, for a person */
  why: string;
  /** all of the verdict; null where only the exit code is known */
  verdict: Expected | null;
}

/**
 * What an answer is worth. `accepts` = it accepts what must be refused, the dangerous one; `refuses` = it refuses what must
 * be accepted; `differs` = right, but for another reason than the kit says; `cannot` = it says so itself (exit code 20).
 */
export type Outcome = "agrees" | "accepts" | "refuses" | "differs" | "cannot" | "broken";

/** All outcomes, in the order in which they are shown. */
export const OUTCOMES: readonly Outcome[] = ["agrees", "accepts", "refuses", "differs", "cannot", "broken"];

/** Compares an answer with what must come out. Refused (10) and malformed (30) count alike unless the whole verdict is known. */
export function judge(expected: Expected, { exit, verdict }: Answer): Outcome {
  if (exit === 0) return expected.exit !== 0 ? "accepts" : same(expected, verdict) ? "agrees" : "differs";
  if (exit === 10 || exit === 30) return expected.exit === 0 ? "refuses" : same(expected, verdict) ? "agrees" : "differs";
  if (exit !== 20) return "broken";
  if (verdict === null) return expected.exit === 20 ? "agrees" : "cannot";
  return expected.exit === 0 ? "refuses" : same(expected, verdict) ? "agrees" : "differs";
}

function same(expected: Expected, verdict: Expected | null): boolean {
  return (
    verdict === null ||
    (verdict.exit === expected.exit &&
      verdict.status === expected.status &&
      verdict.code === expected.code &&
      verdict.stage === expected.stage &&
      verdict.reasons?.join() === expected.reasons?.join())
  );
}
