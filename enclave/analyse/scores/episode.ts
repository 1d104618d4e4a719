/** The state of all parts at one moment. */
export interface Snapshot {
  atMs: number;
  /** points by part, -1 where missing */
  points: Int8Array;
  /** sum of the points that are known */
  sum: number;
  /** values by source, ABSENT where none stands or none is kept */
  values: Int16Array;
}

/** One stretch of time in which a condition stood. */
export interface Episode {
  onsetMs: number;
  endMs: number;
  /** the moment of the highest sum */
  peak: Snapshot;
  /** bit per part that was missing at any time while the condition stood */
  missing: number;
}

/** Joins the moments in which a condition stands into episodes; interruptions up to `holdMs` do not end one. */
export class EpisodeTracker {
  readonly #holdMs: number;
  readonly #done: (episode: Episode) => void;
  readonly #peak: Snapshot;
  #open = false;
  #onsetMs = 0;
  #falseSinceMs = -1; // -1 while the condition stands
  #missing = 0;

  /** `like` gives the number of parts and sources. */
  constructor(like: Snapshot, holdMs: number, done: (episode: Episode) => void) {
    this.#holdMs = holdMs;
    this.#done = done;
    this.#peak = { atMs: 0, points: like.points.slice(), sum: 0, values: like.values.slice() };
  }

  /** Takes the state from `now.atMs` on. */
  take(condition: boolean, now: Snapshot, missing: number): void {
    if (!condition) {
      if (this.#open && this.#falseSinceMs < 0) this.#falseSinceMs = now.atMs;
      return;
    }
    if (this.#open && this.#falseSinceMs >= 0 && now.atMs - this.#falseSinceMs > this.#holdMs) this.#close(this.#falseSinceMs);
    this.#falseSinceMs = -1;
    if (!this.#open) {
      this.#open = true;
      this.#onsetMs = now.atMs;
      this.#missing = 0;
      this.#peak.sum = -1;
    }
    this.#missing |= missing;
    if (now.sum > this.#peak.sum) {
      this.#peak.sum = now.sum;
      this.#peak.atMs = now.atMs;
      this.#peak.points.set(now.points);
      this.#peak.values.set(now.values);
    }
  }

  /** Ends what stands at the end of the recording. */
  finish(endMs: number): void {
    if (this.#open) this.#close(this.#falseSinceMs >= 0 ? this.#falseSinceMs : endMs);
  }

  #close(endMs: number): void {
    this.#open = false;
    this.#done({ onsetMs: this.#onsetMs, endMs, peak: this.#peak, missing: this.#missing });
  }
}
