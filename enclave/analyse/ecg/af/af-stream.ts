import { Irregularity, WINDOW } from "./irregularity.ts";

/** A beat as it comes. */
export interface AfBeat {
  /** raw sample */
  at: number;
  /** its intervals are those of the ventricles' own and tell nothing about the atria */
  ventricular: boolean;
}

/** A stretch of atrial fibrillation, from its first to its last beat, in raw samples. */
export interface AfEpisode {
  from: number;
  to: number;
  beats: number;
  /** mean irregularity of its beats, permille */
  irregularityPermille: number;
}

/** What a stream tells, in order of time. */
export interface AfListener {
  /** irregularity around each beat in permille; -1 where there are too few intervals to tell */
  score?(at: number, permille: number): void;
  /** beats from `from` to `to`, both included, around which there are too few intervals to tell */
  unknown?(from: number, to: number): void;
  episode(episode: AfEpisode): void;
}

/** When irregular beats are an episode. */
export interface AfLimits {
  /** irregularity from which on a beat counts */
  permille: number;
  /** how long an episode lasts at least; shorter breaks do not end one */
  holdMs: number;
}

/**
 * Atrial fibrillation from the times of beats, pushed as they come. Intervals beside ventricular beats and beside pauses of
 * more than 3 s are left out, so that ectopy does not pass for irregularity; bigeminy and trigeminy of the atria repeat
 * themselves, which sample entropy sees. Each beat gets the irregularity of the 32 intervals around it; memory and delay
 * are bounded by those, and however pushes are cut, the answers are the same.
 */
export class AfStream {
  readonly #rate: number;
  readonly #limits: AfLimits;
  readonly #listener: AfListener;
  readonly #irregularity = new Irregularity();
  /** beats without a score yet, and for each the intervals that had been taken when it came */
  readonly #waiting: { at: number; taken: number }[] = [];
  #last: AfBeat | null = null;
  #taken = 0;
  #score = -1;
  #open: { from: number; to: number; beats: number; sum: number; since: number; sumSince: number } | null = null;
  #unknown: { from: number; to: number } | null = null;

  /** @param rate raw samples per second */
  constructor(rate: number, limits: AfLimits, listener: AfListener) {
    this.#rate = rate;
    this.#limits = limits;
    this.#listener = listener;
  }

  /** The next beat. */
  beat(beat: AfBeat): void {
    const last = this.#last;
    this.#last = beat;
    if (last !== null && !last.ventricular && !beat.ventricular) {
      const ms = Math.round(((beat.at - last.at) * 1000) / this.#rate);
      if (ms <= MOST_INTERVAL_MS) this.#take(ms);
    }
    this.#waiting.push({ at: beat.at, taken: this.#taken });
    if (this.#waiting.length > MOST_WAITING) this.#flush();
  }

  /** A break: what follows is judged on its own. */
  pause(): void {
    this.#flush();
    this.#last = null;
    this.#close();
    this.#tellUnknown();
  }

  #take(ms: number): void {
    this.#irregularity.push(ms);
    this.#taken++;
    if (!this.#irregularity.isFull) return;
    this.#score = this.#irregularity.permille();
    const ready = this.#taken - WINDOW / 2;
    let count = 0;
    while (count < this.#waiting.length && (this.#waiting[count]?.taken ?? 0) <= ready) this.#judge(this.#waiting[count++]?.at ?? 0);
    this.#waiting.splice(0, count);
  }

  /** Judges all that waits by the last full window, and begins anew. */
  #flush(): void {
    for (const { at } of this.#waiting) this.#judge(at);
    this.#waiting.length = 0;
    this.#irregularity.clear();
    this.#taken = 0;
    this.#score = -1;
  }

  #judge(at: number): void {
    const score = this.#score;
    this.#listener.score?.(at, score);
    if (score < 0) {
      this.#close();
      if (this.#unknown === null) this.#unknown = { from: at, to: at };
      else this.#unknown.to = at;
      return;
    }
    this.#tellUnknown();
    const open = this.#open;
    if (open === null) {
      if (score >= this.#limits.permille) this.#open = { from: at, to: at, beats: 1, sum: score, since: 0, sumSince: 0 };
      return;
    }
    open.since++;
    open.sumSince += score;
    if (score >= this.#limits.permille) {
      open.to = at;
      open.beats += open.since;
      open.sum += open.sumSince;
      open.since = 0;
      open.sumSince = 0;
    } else if (this.#lasts(at - open.to)) this.#close();
  }

  #lasts(samples: number): boolean {
    return samples * 1000 >= this.#limits.holdMs * this.#rate;
  }

  #close(): void {
    const open = this.#open;
    this.#open = null;
    if (open === null || !this.#lasts(open.to - open.from)) return;
    const { from, to, beats, sum } = open;
    this.#listener.episode({ from, to, beats, irregularityPermille: Math.round(sum / beats) });
  }

  #tellUnknown(): void {
    if (this.#unknown !== null) this.#listener.unknown?.(this.#unknown.from, this.#unknown.to);
    this.#unknown = null;
  }
}

/** A longer interval is a pause or a missed beat. */
const MOST_INTERVAL_MS = 3000;
/** Beats that wait at most for enough intervals. */
const MOST_WAITING = 256;
