/** The state of all parts at one moment. */
export interface Snapshot {
  atMs: number;
  /** points by part, -1 where missing */
  points: Int8Array;
  /** sum of the points that are known */
  sum: number;
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
  readonly #peak: Snapshot = { atMs: 0, points: new Int8Array(7), sum: 0 };
  #open = false;
  #onsetMs = 0;
  #falseSinceMs = -1; // -1 while the condition stands
  #missing = 0;

  constructor(holdMs: number, done: (episode: Episode) => void) {
    this.#holdMs = holdMs;
    this.#done = done;
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
