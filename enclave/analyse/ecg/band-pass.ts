/** How raw samples become working samples, for one rate. */
export interface Working {
  /** raw samples in one working sample */
  group: number;
  /** working samples per second */
  rate: number;
  /** working samples by which filtered values lag behind the signal */
  delay: number;
}

/** Lengths in working samples. */
interface Lengths extends Working {
  smooth: number;
  baseline: number;
  step: number;
}

/** Working samples that the filter keeps: more than 10 s at the highest working rate, and a block. A power of two. */
export const RING = 4096;
/** Working samples that are filtered in one go at most. */
export const BLOCK = 512;
/** Working rate: raw samples are added up in groups, so that a group lasts at least this many seconds' inverse. */
const LEAST_WORKING_RATE = 160;
const MOST_MICROVOLTS = 3000; // filtered; an artefact counts no more than this, so that it cannot hide the beats after it
const BELOW_HALF = 0.49999999999999994; // the one value that floor(x + 0.5) rounds otherwise than Math.round
const MASK = RING - 1;

/** How a rate is worked with. */
export function workingOf(rawRate: number): Working {
  const { group, rate, delay } = lengthsOf(rawRate);
  return { group, rate, delay };
}

function lengthsOf(rawRate: number): Lengths {
  const group = Math.max(1, Math.floor(rawRate / LEAST_WORKING_RATE));
  const rate = rawRate / group;
  const smooth = Math.max(2, Math.round(rate * 0.022));
  const baseline = 2 * Math.floor((rate * 0.08) / 2) + 1;
  const step = Math.max(1, Math.round(rate * 0.011));
  return { group, rate, delay: smooth - 1 + (baseline - 1) / 2, smooth, baseline, step };
}

/**
 * A band-pass for QRS complexes, made of moving averages with integer coefficients (two that smooth, one that is subtracted
 * as baseline), so that it exists for every rate without transcendental functions. All running sums are sums of integers
 * below 2^53, hence exact.
 */
export class BandPass {
  /** filtered values in whole microvolts; of working sample i at i & (RING - 1), 0 before the first */
  readonly values: Float64Array = new Float64Array(RING);
  /** steps of the filtered signal, absolute, likewise */
  readonly slopes: Float64Array = new Float64Array(RING);
  /** working samples so far */
  now = 0;
  readonly #lengths: Lengths;
  readonly #gain: number;
  readonly #grouped = new Float64Array(64);
  readonly #smoothed = new Float64Array(64);
  readonly #twice = new Float64Array(64);
  #sum1 = 0;
  #sum2 = 0;
  #sumBase = 0;

  /**
   * @param rawRate raw samples per second
   * @param microvolts per raw step
   */
  constructor(rawRate: number, microvolts: number) {
    this.#lengths = lengthsOf(rawRate);
    const { smooth, baseline, group } = this.#lengths;
    this.#gain = microvolts / (smooth * smooth * baseline * group);
  }

  /** The last working sample, in raw steps; 0 before the first. */
  get last(): number {
    return this.now === 0 ? 0 : (this.#grouped[(this.now - 1) & 63] ?? 0);
  }

  /**
   * Filters the first `count` working samples of the block. Here most of the time of an analysis would be spent, so what
   * changes with every sample is kept in locals, and rounding takes no branch: nobody can foresee which way it goes.
   */
  take(block: Float64Array, count: number): void {
    if (this.now === 0) this.#begin(block[0] ?? 0);
    const { smooth, baseline, step } = this.#lengths;
    const { values, slopes } = this;
    const grouped = this.#grouped;
    const smoothed = this.#smoothed;
    const twice = this.#twice;
    const gain = this.#gain;
    const half = (baseline - 1) / 2;
    const from = this.now;
    const end = from + count;
    let sum1 = this.#sum1;
    let sum2 = this.#sum2;
    let sumBase = this.#sumBase;
    for (let i = from, k = 0; i < end; i++, k++) {
      const sample = block[k] ?? 0;
      sum1 += sample - (grouped[(i - smooth) & 63] ?? 0);
      sum2 += sum1 - (smoothed[(i - smooth) & 63] ?? 0);
      sumBase += sum2 - (twice[(i - baseline) & 63] ?? 0);
      grouped[i & 63] = sample;
      smoothed[i & 63] = sum1;
      twice[i & 63] = sum2;
      const exact = (baseline * (twice[(i - half) & 63] ?? 0) - sumBase) * gain;
      const value = exact === BELOW_HALF ? 0 : Math.max(-MOST_MICROVOLTS, Math.min(MOST_MICROVOLTS, Math.floor(exact + 0.5)));
      values[i & MASK] = value;
      slopes[i & MASK] = Math.abs(value - (values[(i - step) & MASK] ?? 0));
    }
    this.now = end;
    this.#sum1 = sum1;
    this.#sum2 = sum2;
    this.#sumBase = sumBase;
  }

  /** As if the first sample had always been there. */
  #begin(first: number): void {
    const { smooth, baseline } = this.#lengths;
    this.#sum1 = smooth * first;
    this.#sum2 = smooth * this.#sum1;
    this.#sumBase = baseline * this.#sum2;
    this.#grouped.fill(first);
    this.#smoothed.fill(this.#sum1);
    this.#twice.fill(this.#sum2);
  }
}
