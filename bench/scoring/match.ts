import type { Reference, Stretch } from "./annotations.ts";

/** How beats are compared. */
export interface MatchOptions {
  /** samples per second */
  rate: number;
  /** seconds that are not scored, at the beginning: 300 by EC57; default 0 */
  startSeconds?: number;
  /** samples in the record: what lies behind is not scored; default all */
  length?: number;
  /** how far a beat may lie from its reference, seconds; default 0.15 (EC57) */
  windowSeconds?: number;
}

/** What a comparison of one record gives. */
export interface Match {
  /** matched pairs: [reference, detected] sample numbers */
  pairs: [number, number][];
  /** reference beats without a detected one */
  missed: number[];
  /** detected beats without a reference, outside VF */
  extra: number[];
  /** RR-interval errors that were counted, and the sum of their squares in ms² */
  intervals: number;
  squaredMs: number;
}

/**
 * Compares detected beats with a reference beat by beat as EC57 asks and WFDB's `bxb` does: going through both in order of
 * time, the earlier one of the two next beats is paired with the other where that lies within the window and is no nearer
 * to what follows; else it counts alone. Detected beats inside VF count only where they match a beat. RR errors as in `bxb`:
 * at every pair and every single beat the last RR intervals of both are compared, so that a missed beat shows in it.
 */
export function matchBeats(reference: Reference, detected: readonly number[], options: MatchOptions): Match {
  const { rate, startSeconds = 0, length = Number.POSITIVE_INFINITY } = options;
  const window = Math.floor((options.windowSeconds ?? 0.15) * rate + 0.5);
  const start = Math.floor(startSeconds * rate + 0.5);
  const match: Match = { pairs: [], missed: [], extra: [], intervals: 0, squaredMs: 0 };
  const truth = new Series(reference.beats, start, reference.vf);
  const test = new Series(detected, start, []);
  begin(truth, test, { start, window }, match, rate);
  const isIn = (at: number): boolean => at <= length && at !== END;
  while (isIn(truth.now) || isIn(test.now)) {
    const isTestFirst = test.now < truth.now;
    const apart = Math.abs(truth.now - test.now);
    const next = isTestFirst ? Math.abs(truth.now - test.next) : Math.abs(test.now - truth.next);
    if (apart <= window && apart < next) takePair(truth, test, match, rate);
    else if (isTestFirst) {
      if (!isInside(reference.vf, test.now)) match.extra.push(test.now);
      tallyInterval(truth, test, match, rate);
      test.step();
    } else {
      match.missed.push(truth.now);
      tallyInterval(truth, test, match, rate);
      truth.step();
    }
  }
  return match;
}

/** A detected beat just before the start may match the first reference beat; one just after it may belong to the time before. */
function begin(truth: Series, test: Series, { start, window }: { start: number; window: number }, match: Match, rate: number): void {
  const apart = Math.abs(truth.now - test.now);
  if (start === 0) return;
  if (test.before !== null && truth.now - test.before <= window && truth.now - test.before < apart) {
    test.stepBack();
    takePair(truth, test, match, rate);
  } else if (test.now - start <= window && Math.abs(truth.now - test.next) < apart) test.step();
}

function takePair(truth: Series, test: Series, match: Match, rate: number): void {
  match.pairs.push([truth.now, test.now]);
  tallyInterval(truth, test, match, rate);
  truth.step();
  test.step();
}

function tallyInterval(truth: Series, test: Series, match: Match, rate: number): void {
  if (truth.interval <= 0 || test.interval <= 0) return;
  const errorMs = (1000 * (truth.interval - test.interval)) / rate;
  match.intervals++;
  match.squaredMs += errorMs * errorMs;
}

/** Beats in order, one at a time, from the first at or after `start`. */
class Series {
  readonly #beats: readonly number[];
  readonly #breaks: readonly Stretch[];
  #at = 0;

  constructor(beats: readonly number[], start: number, breaks: readonly Stretch[]) {
    this.#beats = beats;
    this.#breaks = breaks;
    while (this.#at < beats.length && (beats[this.#at] ?? 0) < start) this.#at++;
  }

  get before(): number | null {
    return this.#beats[this.#at - 1] ?? null;
  }

  get now(): number {
    return this.#beats[this.#at] ?? END;
  }

  get next(): number {
    return this.#beats[this.#at + 1] ?? END;
  }

  /** RR interval that ends here, 0 where there is none: at the ends and across VF */
  get interval(): number {
    const { before, now } = this;
    if (before === null || before === 0 || now === END) return 0;
    return this.#breaks.some(({ from }) => before <= from && from < now) ? 0 : now - before;
  }

  step(): void {
    this.#at++;
  }

  stepBack(): void {
    this.#at--;
  }
}

function isInside(stretches: readonly Stretch[], at: number): boolean {
  return stretches.some(({ from, to }) => at >= from && at <= to);
}

const END = Number.POSITIVE_INFINITY;
