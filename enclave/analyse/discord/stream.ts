import { LeftProfile } from "./left-profile.ts";

/** Highest score in permille: sqrt(2), of a window that is the opposite of its best match. */
const MOST = 1415;

/**
 * The top discord of a wave, sample by sample, in bounded state. The score of a window is its distance from the most
 * similar earlier one as a share of that of unrelated windows, sqrt(1 - correlation), in permille: 0 for a repetition.
 * Scores count from a full history on, because a short one makes everything look new.
 */
export class DiscordStream {
  /** highest score so far and the number of the sample that ends its window; -1 before the first */
  top = 0;
  topAt = -1;
  /** windows scored */
  scored = 0;
  readonly #profile: LeftProfile;
  readonly #history: number;
  readonly #counts: Uint32Array = new Uint32Array(MOST + 1);
  #read = 0;

  constructor(window: number, history: number) {
    this.#profile = new LeftProfile(window, history);
    this.#history = history;
  }

  /** Takes an integer within MAX_SAMPLE, or NaN for a missing sample. Gives the score; -1 where there is none. */
  push(sample: number): number {
    const correlation = this.#profile.push(sample);
    if (++this.#read <= this.#history || Number.isNaN(correlation)) return -1;
    const score = Math.floor(1000 * Math.sqrt(Math.max(0, 1 - correlation)) + 0.5);
    this.#counts[score] = (this.#counts[score] ?? 0) + 1;
    this.scored++;
    if (score > this.top || this.topAt < 0) {
      this.top = score;
      this.topAt = this.#read - 1;
    }
    return score;
  }

  /** The middle score (of an even number the lower one); 0 when there is none. */
  get median(): number {
    let below = 0;
    for (let score = 0; score <= MOST; score++) {
      below += this.#counts[score] ?? 0;
      if (2 * below >= this.scored) return score;
    }
    return MOST;
  }
}
