import { ABSENT } from "../plausibility.ts";
import { CompressionLows, type CompressionLimits, type CompressionLow } from "./compression.ts";

/** Limits in mg/dL and times in ms. */
export interface GlucoseLimits {
  /** below 54, below 70, above 180, above 250; null: not judged */
  bands: readonly (number | null)[];
  hysteresis: number;
  /** most that glucose changes in a minute, mg/dL */
  rate: number;
  /** longest time between values that is no gap */
  gapMs: number;
  compression: CompressionLimits;
}

/** What the stream tells. Band conditions carry their extreme value; steps the value before and the one after. */
export interface GlucoseListener {
  condition: (band: number, onsetMs: number, endMs: number, extreme: number) => void;
  step: (fromMs: number, toMs: number, before: number, after: number) => void;
  compression: (low: CompressionLow) => void;
  unassessed: (fromMs: number, toMs: number, reason: "no-value" | "rate-implausible") => void;
}

interface Value {
  mgdl: number;
  atMs: number;
}

/**
 * Glucose of one sensor, value by value, in bounded state. A value that no physiology reaches from the one before is set
 * aside; if the next value agrees with it both are taken, else it is dropped and its time not assessed. The rate is taken
 * over at least a minute, so that the rounding of close values is no rate.
 */
export class GlucoseStream {
  readonly #limits: GlucoseLimits;
  readonly #tell: GlucoseListener;
  readonly #onsetMs: Float64Array = new Float64Array(4).fill(-1); // -1 while closed
  readonly #extreme: Int16Array = new Int16Array(4);
  #anchor: Value | null = null; // what rates are taken from: a value a minute old, or the first of this minute
  #aside: Value | null = null;
  readonly #compression: CompressionLows;
  #lastMs: number;

  constructor(limits: GlucoseLimits, startMs: number, tell: GlucoseListener) {
    this.#limits = limits;
    this.#lastMs = startMs;
    this.#tell = tell;
    this.#compression = new CompressionLows(limits.compression, tell.compression);
  }

  /** Takes a plausible value, or ABSENT, later than the one before. */
  push(mgdl: number, atMs: number): void {
    if (mgdl === ABSENT) return;
    const value = { mgdl, atMs };
    if (this.#anchor === null || this.#agrees(this.#anchor, value)) {
      this.#drop(atMs);
      this.#accept(value);
    } else if (this.#aside !== null && this.#agrees(this.#aside, value)) {
      const { mgdl: before, atMs: beforeMs } = this.#aside;
      this.#aside = null;
      this.#anchor = null;
      this.#accept({ mgdl: before, atMs: beforeMs });
      this.#accept(value);
    } else {
      this.#drop(atMs);
      this.#tell.step(this.#anchor.atMs, atMs, this.#anchor.mgdl, mgdl);
      this.#aside = value;
    }
  }

  /** Ends what stands. */
  finish(endMs: number): void {
    const standMs = this.#aside === null ? endMs : this.#aside.atMs;
    this.#drop(endMs);
    this.#gap(standMs);
    const untilMs = Math.min(standMs, this.#lastMs + this.#limits.gapMs);
    for (let band = 0; band < 4; band++) this.#close(band, Math.max(untilMs, this.#lastMs));
  }

  #agrees(from: Value, to: Value): boolean {
    return Math.abs(to.mgdl - from.mgdl) * MINUTE_MS <= this.#limits.rate * Math.max(to.atMs - from.atMs, MINUTE_MS);
  }

  #drop(untilMs: number): void {
    if (this.#aside !== null) this.#tell.unassessed(this.#aside.atMs, untilMs, "rate-implausible");
    this.#aside = null;
  }

  #accept(value: Value): void {
    this.#gap(value.atMs);
    if (this.#anchor === null || value.atMs - this.#anchor.atMs >= MINUTE_MS) this.#anchor = value;
    this.#lastMs = value.atMs;
    for (let band = 0; band < 4; band++) this.#judge(band, value);
    this.#compression.push(value.mgdl, value.atMs);
  }

  #judge(band: number, { mgdl, atMs }: Value): void {
    const limit = this.#limits.bands[band] ?? null;
    if (limit === null) return;
    const beyond = band < 2 ? limit - mgdl : mgdl - limit;
    if ((this.#onsetMs[band] ?? -1) < 0) {
      if (beyond <= 0) return;
      this.#onsetMs[band] = atMs;
      this.#extreme[band] = mgdl;
    } else if (beyond <= -this.#limits.hysteresis) this.#close(band, atMs);
    else this.#extreme[band] = band < 2 ? Math.min(this.#extreme[band] ?? 0, mgdl) : Math.max(this.#extreme[band] ?? 0, mgdl);
  }

  #gap(untilMs: number): void {
    if (untilMs - this.#lastMs <= this.#limits.gapMs) return;
    this.#tell.unassessed(this.#lastMs, untilMs, "no-value");
    for (let band = 0; band < 4; band++) this.#close(band, this.#lastMs);
    this.#compression.reset();
  }

  #close(band: number, endMs: number): void {
    const onsetMs = this.#onsetMs[band] ?? -1;
    if (onsetMs < 0) return;
    this.#onsetMs[band] = -1;
    this.#tell.condition(band, onsetMs, endMs, this.#extreme[band] ?? 0);
  }
}

const MINUTE_MS = 60_000;
