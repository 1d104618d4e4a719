import { ABSENT } from "../plausibility.ts";
import { Baseline } from "./baseline.ts";
import { Cusum } from "./cusum.ts";
import { Ewma } from "./ewma.ts";
import { Hampel } from "./hampel.ts";

/** Parameters of one trend; values in the fixed-point unit of the vital sign. */
export interface TrendRule {
  hampelWindow: number;
  hampelTenths: number;
  /** distance from the median up to which nothing is an artefact */
  artefactLeast: number;
  /** values closer than this are averaged first */
  blockMs: number;
  /** averages and time that the baseline takes */
  baselineValues: number;
  baselineMs: number;
  ewmaPermille: number;
  /** the shift that is looked for */
  shift: number;
  /** least spread of the baseline */
  noise: number;
  /** tenths of a spread that the cumulative sum must reach */
  decisionTenths: number;
  minimumMs: number;
  /** longest time without a value that ends nothing */
  gapMs: number;
}

/** One trend; values in 1/256 of the fixed-point unit. */
export interface Trend {
  up: boolean;
  onsetMs: number;
  endMs: number;
  baseline: number;
  spread: number;
  /** the average that was furthest off */
  extreme: number;
  /** highest cumulative sum */
  cusum: number;
}

/** What the stream tells. Keep nothing of the trend. */
export interface TrendListener {
  trend: (trend: Trend) => void;
  artefact: (atMs: number, distance: number) => void;
  unassessed: (fromMs: number, toMs: number, reason: "no-value" | "learning-baseline") => void;
}

/** Fixed-point steps of an average in one unit of the vital sign. */
export const STEPS = 256;

/**
 * Drift of one vital sign from the patient's own baseline, value by value, in bounded state: artefacts are left out
 * (Hampel), values are averaged over blocks, the first blocks are the baseline, and a two-sided cumulative sum looks for a
 * shift from it. A trend begins where the sum left zero; it is one once the sum passes its limit, moving average (EWMA) and
 * latest value lie half the shift off and `minimumMs` have passed; it ends when the average is back within a quarter.
 */
export class TrendStream {
  readonly #rule: TrendRule;
  readonly #tell: TrendListener;
  readonly #hampel: Hampel;
  readonly #baseline: Baseline = new Baseline();
  readonly #startMs: number;
  #ewma: Ewma;
  #cusum: Cusum | null = null;
  #spread = 0;
  #mean = 0;
  #open: Trend | null = null;
  #lastMs: number; // the last value of all
  #lastBlockMs: number;
  #blockMs = 0;
  #firstBlockMs = 0;
  #sum = 0;
  #count = 0;

  constructor(rule: TrendRule, startMs: number, tell: TrendListener) {
    this.#rule = rule;
    this.#tell = tell;
    this.#hampel = new Hampel(rule.hampelWindow, rule.hampelTenths, rule.artefactLeast);
    this.#ewma = new Ewma(rule.ewmaPermille);
    this.#startMs = startMs;
    this.#lastMs = startMs;
    this.#lastBlockMs = startMs;
  }

  /** Takes a plausible value, or ABSENT, later than the one before. */
  push(value: number, atMs: number): void {
    if (value === ABSENT) return;
    this.#gap(atMs);
    this.#lastMs = atMs;
    if (this.#hampel.push(value, atMs)) this.#take();
  }

  /** 1 while a trend up stands, -1 for one down, else 0. */
  get standing(): number {
    if (this.#open === null) return 0;
    return this.#open.up ? 1 : -1;
  }

  /** Ends what stands. */
  finish(endMs: number): void {
    this.#gap(endMs);
    this.#flush();
    this.#close(Math.min(endMs, this.#lastMs + this.#rule.gapMs));
    if (this.#cusum === null) this.#tell.unassessed(this.#startMs, endMs, "learning-baseline");
  }

  #gap(atMs: number): void {
    if (atMs - this.#lastMs <= this.#rule.gapMs) return;
    this.#flush();
    this.#close(this.#lastMs);
    this.#cusum?.reset();
    this.#ewma = new Ewma(this.#rule.ewmaPermille);
    this.#tell.unassessed(this.#lastMs, atMs, "no-value");
  }

  #flush(): void {
    while (this.#hampel.flush()) this.#take();
    this.#block();
  }

  #take(): void {
    const { value, atMs, artefact, distance } = this.#hampel;
    if (artefact) return this.#tell.artefact(atMs, distance);
    if (this.#count > 0 && atMs - this.#blockMs >= this.#rule.blockMs) this.#block();
    if (this.#count === 0) this.#blockMs = atMs;
    this.#sum += value;
    this.#count++;
  }

  #block(): void {
    if (this.#count === 0) return;
    const value = Math.floor((2 * STEPS * this.#sum + this.#count) / (2 * this.#count));
    this.#sum = 0;
    this.#count = 0;
    this.#lastBlockMs = this.#blockMs;
    const average = this.#ewma.push(value);
    if (this.#cusum === null) this.#learn(value);
    else this.#judge(this.#cusum, value, average);
  }

  #learn(value: number): void {
    const { baselineValues, baselineMs, shift, noise } = this.#rule;
    if (this.#baseline.count === 0) this.#firstBlockMs = this.#blockMs;
    this.#baseline.push(value);
    if (this.#baseline.count < baselineValues || this.#blockMs - this.#firstBlockMs < baselineMs) return;
    this.#mean = this.#baseline.mean;
    this.#spread = Math.max(this.#baseline.spread, STEPS * noise);
    this.#cusum = new Cusum(this.#mean, (STEPS * shift) / 2);
  }

  #judge(cusum: Cusum, value: number, average: number): void {
    const { shift, minimumMs, decisionTenths } = this.#rule;
    const atMs = this.#blockMs;
    const off = average - this.#mean;
    cusum.push(value, atMs);
    const open = this.#open;
    if (open !== null) {
      if ((open.up ? off : -off) * 4 < STEPS * shift) {
        this.#close(atMs);
        cusum.reset();
      } else {
        open.cusum = Math.max(open.cusum, open.up ? cusum.up : cusum.down);
        if (open.up ? average > open.extreme : average < open.extreme) open.extreme = average;
      }
      return;
    }
    const up = cusum.up > cusum.down;
    const sum = up ? cusum.up : cusum.down;
    const sinceMs = up ? cusum.upSinceMs : cusum.downSinceMs;
    const beyond = (offset: number): boolean => (up ? offset : -offset) * 2 >= STEPS * shift;
    if (sum * 10 <= decisionTenths * this.#spread || atMs - sinceMs < minimumMs || !beyond(off) || !beyond(value - this.#mean)) return;
    this.#open = { up, onsetMs: sinceMs, endMs: atMs, baseline: this.#mean, spread: this.#spread, extreme: average, cusum: sum };
  }

  #close(endMs: number): void {
    if (this.#open === null) return;
    this.#open.endMs = Math.max(endMs, this.#lastBlockMs);
    this.#tell.trend(this.#open);
    this.#open = null;
  }
}
