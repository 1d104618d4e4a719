import { ABSENT, valueOf, type Column } from "../plausibility.ts";
import { indexAt, sampleMs, type Clock } from "../timing.ts";

/** Walks one source from change to change of its class; class 0 is "nothing stands". */
export interface Cursor {
  /** class that stands now */
  standing: number;
  /** time and class of the next change; Infinity when there is none */
  nextMs: number;
  nextClass: number;
  /** makes the next change the standing class and looks for the one after it */
  advance(): void;
}

const MAX_WALK = 256;

/** The value of a column that stands at a time, or ABSENT. Behind more than 256 absent samples it is not looked for. */
export function valueAt(column: Column, ms: number, maxAgeMs: number): number {
  const last = indexAt(column.clock, ms);
  for (let i = last; i >= 0 && i > last - MAX_WALK; i--) {
    const value = valueOf(column, i);
    if (value !== ABSENT) return ms - sampleMs(column.clock, i) < maxAgeMs ? value : ABSENT; // at its maximum age it stands no more
  }
  return ABSENT;
}

/** A cursor over an evenly sampled column whose samples are closer than the maximum age: only absences let a value expire. */
export class RunCursor implements Cursor {
  standing = 0;
  nextMs: number = Number.POSITIVE_INFINITY;
  nextClass = 0;
  readonly #column: Column;
  readonly #classes: Uint8Array;
  readonly #maxAgeMs: number;
  #run = 0;

  constructor(column: Column, classes: Uint8Array, maxAgeMs: number) {
    this.#column = column;
    this.#classes = classes;
    this.#maxAgeMs = maxAgeMs;
    this.#seek();
  }

  advance(): void {
    this.standing = this.nextClass;
    this.#seek();
  }

  #seek(): void {
    const { runs, clock } = this.#column;
    let r = this.#run;
    for (; r < runs.count; r++) {
      const found = this.#classes[(runs.values[r] ?? ABSENT) + 1] ?? 0;
      if (found === this.standing) continue;
      const start = runs.starts[r] ?? 0;
      if (found !== 0) return this.#change(sampleMs(clock, start), found, r + 1);
      const lastMs = sampleMs(clock, start - 1); // something stands, so a value came before
      const nextMs = r + 1 < runs.count ? sampleMs(clock, runs.starts[r + 1] ?? 0) : Number.POSITIVE_INFINITY;
      if (nextMs - lastMs > this.#maxAgeMs) return this.#change(lastMs + this.#maxAgeMs, 0, r + 1);
    }
    if (this.standing !== 0 && clock.length > 0) this.#change(sampleMs(clock, clock.length - 1) + this.#maxAgeMs, 0, r);
    else this.nextMs = Number.POSITIVE_INFINITY;
  }

  #change(atMs: number, nextClass: number, run: number): void {
    this.nextMs = atMs;
    this.nextClass = nextClass;
    this.#run = run;
  }
}

/** A cursor over values at arbitrary times. A value stands until the next one, at most `maxAgeMs`. */
export class ChartCursor implements Cursor {
  standing = 0;
  nextMs: number = Number.POSITIVE_INFINITY;
  nextClass = 0;
  readonly #clock: Clock;
  readonly #classAt: (i: number) => number;
  readonly #maxAgeMs: number;
  #position = 0;
  #lastMs = 0;

  constructor(clock: Clock, classAt: (i: number) => number, maxAgeMs: number) {
    this.#clock = clock;
    this.#classAt = classAt;
    this.#maxAgeMs = maxAgeMs;
    this.#seek();
  }

  advance(): void {
    this.standing = this.nextClass;
    this.#seek();
  }

  #seek(): void {
    for (let i = this.#position; i < this.#clock.length; i++) {
      const found = this.#classAt(i);
      if (found === 0) continue;
      const atMs = sampleMs(this.#clock, i);
      if (this.standing !== 0 && atMs - this.#lastMs > this.#maxAgeMs) return this.#change(this.#lastMs + this.#maxAgeMs, 0, i);
      this.#lastMs = atMs;
      if (found !== this.standing) return this.#change(atMs, found, i + 1);
    }
    if (this.standing !== 0) this.#change(this.#lastMs + this.#maxAgeMs, 0, this.#clock.length);
    else this.nextMs = Number.POSITIVE_INFINITY;
  }

  #change(atMs: number, nextClass: number, position: number): void {
    this.nextMs = atMs;
    this.nextClass = nextClass;
    this.#position = position;
  }
}
