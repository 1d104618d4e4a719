/** Limits of the rule: mg/dL, mg/dL a minute, ms. */
export interface CompressionLimits {
  /** a dip counts where it goes below this; null: no rule */
  low: number | null;
  /** least speed of fall and rise; null: no rule */
  rate: number | null;
  /** least depth of the fall */
  depth: number;
  /** longest time from the last value before the fall to the one that is back */
  longestMs: number;
}

/** A dip as a sensor gives it that is lain on. */
export interface CompressionLow {
  /** the first value of the fall */
  onsetMs: number;
  /** the value that is back */
  endMs: number;
  before: number;
  lowest: number;
  after: number;
}

interface Dip {
  before: number;
  beforeMs: number;
  onsetMs: number;
  lowest: number;
  /** whether it rose again as fast as it fell */
  isFastBack: boolean;
}

/**
 * Lows that look like pressure on the sensor (compression lows; the shape is that of Baysal et al. 2014, J Diabetes Sci
 * Technol 8:1091): a sudden fall below the limit and, within the hour, as sudden a rise that regains three quarters of it.
 * Value by value, in bounded state. A true low that is treated at once can look the same, so this never takes one back.
 */
export class CompressionLows {
  readonly #limits: CompressionLimits;
  readonly #tell: (low: CompressionLow) => void;
  #last: { mgdl: number; atMs: number } | null = null;
  #dip: Dip | null = null;

  constructor(limits: CompressionLimits, tell: (low: CompressionLow) => void) {
    this.#limits = limits;
    this.#tell = tell;
  }

  /** Takes a value that the bands take, later than the one before. */
  push(mgdl: number, atMs: number): void {
    const { low, rate, longestMs } = this.#limits;
    if (low === null || rate === null) return;
    const last = this.#last;
    this.#last = { mgdl, atMs };
    if (last === null) return;
    if (this.#dip !== null && atMs - this.#dip.beforeMs > longestMs) this.#dip = null;
    const fastest = rate * Math.max(atMs - last.atMs, MINUTE_MS);
    if (this.#dip !== null) this.#follow(this.#dip, mgdl, atMs, (mgdl - last.mgdl) * MINUTE_MS >= fastest, low);
    else if ((last.mgdl - mgdl) * MINUTE_MS >= fastest && atMs - last.atMs <= longestMs)
      this.#dip = { before: last.mgdl, beforeMs: last.atMs, onsetMs: atMs, lowest: mgdl, isFastBack: false };
  }

  /** Forgets what was before a gap. */
  reset(): void {
    this.#last = null;
    this.#dip = null;
  }

  #follow(dip: Dip, mgdl: number, atMs: number, isFast: boolean, low: number): void {
    dip.lowest = Math.min(dip.lowest, mgdl);
    dip.isFastBack ||= isFast;
    const { before, lowest, onsetMs } = dip;
    if (4 * (mgdl - lowest) < 3 * (before - lowest)) return;
    this.#dip = null;
    if (lowest < low && before - lowest >= this.#limits.depth && dip.isFastBack)
      this.#tell({ onsetMs, endMs: atMs, before, lowest, after: mgdl });
  }
}

const MINUTE_MS = 60_000;
