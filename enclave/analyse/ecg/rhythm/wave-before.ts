import type { LeadRing } from "./lead-ring.ts";

/**
 * How large the wave before the patient's usual beats is on each lead: the P wave, or what fibrillating atria leave. What
 * is not clearly larger must not pass for a QRS of low amplitude: in ventricular standstill the P waves go on.
 */
export class WaveBefore {
  readonly #from: number;
  readonly #length: number;
  /** microvolts from lowest to highest, a running mean; absent until the first beat */
  readonly #ranges: (number | undefined)[] = [];

  /** @param rate working samples per second */
  constructor(rate: number) {
    this.#from = Math.round(rate * FROM_SECONDS);
    this.#length = Math.round(rate * LENGTH_SECONDS);
  }

  /** Learns from the usual beat at working sample `at`. */
  learn(rings: readonly LeadRing[], at: number): void {
    rings.forEach((ring, lead) => {
      const from = at - this.#from;
      if (!ring.holds(from, from + this.#length)) return;
      const range = rangeOf(ring, from, from + this.#length);
      const before = this.#ranges[lead];
      this.#ranges[lead] = before === undefined ? range : before + (range - before) / 16;
    });
  }

  /** Whether the deflection at working sample `at` of a lead, which is held around, is no larger than such a wave may be. */
  mayBe(ring: LeadRing, lead: number, at: number): boolean {
    const half = this.#length >> 1;
    return rangeOf(ring, at - half, at + half + 1) < MOST_RATIO * (this.#ranges[lead] ?? 0);
  }
}

function rangeOf(ring: LeadRing, from: number, to: number): number {
  let [least, most] = [ring.rawAt(from), ring.rawAt(from)];
  for (let i = from + 1; i < to; i++) {
    const value = ring.rawAt(i);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most - least;
}

/** From 0.28 to 0.1 s before a QRS: with PR intervals from 120 to 200 ms most of the P wave lies there. */
const FROM_SECONDS = 0.28;
const LENGTH_SECONDS = 0.18;
const MOST_RATIO = 1.5;
