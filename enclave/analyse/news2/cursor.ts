import { sampleMs, indexAt, type Clock } from "../timing.ts";
import { ABSENT } from "../plausibility.ts";

/** Values over time of which only the class matters: a column or a list of events. */
export interface Source {
  clock: Clock;
  values: Int16Array;
}

const MAX_WALK = 4096;

/**
 * Walks one source from change to change of its class. A value stands until the next one, at most `maxAgeMs`; then class
 * 0 stands. Nothing is stored, so memory does not grow with the recording.
 */
export class Cursor {
  /** class that stands now, 0 for none */
  standing = 0;
  /** time and class of the next change; Infinity when there is none */
  nextMs: number = Number.POSITIVE_INFINITY;
  nextClass = 0;
  readonly source: Source;
  readonly maxAgeMs: number;
  readonly #classes: Uint8Array;
  readonly #dense: boolean;
  #position = 0;
  #lastMs = 0;

  constructor(source: Source, classes: Uint8Array, maxAgeMs: number) {
    this.source = source;
    this.maxAgeMs = maxAgeMs;
    this.#classes = classes;
    this.#dense = source.clock.times === null && source.clock.intervalMs <= maxAgeMs;
    this.#seek();
  }

  /** Makes the next change the standing class and looks for the one after it. */
  advance(): void {
    this.standing = this.nextClass;
    this.#seek();
  }

  #seek(): void {
    if (this.#dense) this.#seekDense();
    else this.#seekSparse();
  }

  /** Samples closer than the maximum age: only absences can let a value expire. */
  #seekDense(): void {
    const { clock, values } = this.source;
    const classes = this.#classes;
    const standing = this.standing;
    const length = values.length;
    let i = this.#position;
    for (;;) {
      while (i < length && (classes[(values[i] ?? ABSENT) + 1] ?? 0) === standing) i++;
      if (i >= length && standing === 0) return this.#end();
      if (i < length && values[i] !== ABSENT) return this.#changeAt(i, sampleMs(clock, i));
      const lastMs = sampleMs(clock, i - 1); // standing is not 0 here, so a value came before
      while (i < length && values[i] === ABSENT) i++;
      if (i >= length || sampleMs(clock, i) - lastMs > this.maxAgeMs) return this.#expire(lastMs, i);
    }
  }

  #seekSparse(): void {
    const { clock, values } = this.source;
    for (let i = this.#position; i < values.length; i++) {
      const found = this.#classes[(values[i] ?? ABSENT) + 1] ?? 0;
      if (found === 0) continue;
      const atMs = sampleMs(clock, i);
      if (this.standing !== 0 && atMs - this.#lastMs > this.maxAgeMs) return this.#expire(this.#lastMs, i);
      this.#lastMs = atMs;
      if (found !== this.standing) return this.#changeAt(i, atMs);
    }
    if (this.standing === 0) return this.#end();
    this.#expire(this.#lastMs, values.length);
  }

  #changeAt(i: number, atMs: number): void {
    this.nextMs = atMs;
    this.nextClass = this.#classes[(this.source.values[i] ?? ABSENT) + 1] ?? 0;
    this.#position = i + 1;
  }

  #expire(lastMs: number, position: number): void {
    this.nextMs = lastMs + this.maxAgeMs;
    this.nextClass = 0;
    this.#position = position;
  }

  #end(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
  }

  /** The value that stands at a time, or ABSENT. Behind more than 4096 absent samples it is not looked for. */
  valueAt(ms: number): number {
    const { clock, values } = this.source;
    const last = indexAt(clock, ms);
    for (let i = last; i >= 0 && i > last - MAX_WALK; i--) {
      const value = values[i] ?? ABSENT;
      if (value !== ABSENT) return ms - sampleMs(clock, i) <= this.maxAgeMs ? value : ABSENT;
    }
    return ABSENT;
  }
}
