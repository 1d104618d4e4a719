/** Most that a sample may be off zero, and the longest window: with these all sums and products are exact. */
export const MAX_SAMPLE = 524_288;
export const MAX_WINDOW = 128;

/**
 * Exact left matrix profile, streaming (Yeh et al. 2016; Lu et al. 2022 for the left one): for each window of the last
 * `window` samples, the correlation with the most similar one among windows that lie wholly before it, up to `history`
 * samples back. The z-normalised Euclidean distance is sqrt(2 * window * (1 - correlation)).
 *
 * The dot product with the window `lag` samples earlier comes from the one a sample before, by one sample in and one out:
 * integers below 2^53, so nothing drifts. Windows that hold a missing sample, or no change at all, match nothing and are
 * not scored. State is bounded by `history`; a sample costs one pass over the lags.
 */
export class LeftProfile {
  readonly #window: number;
  readonly #lags: number;
  readonly #history: number;
  readonly #samples: Float64Array; // with room to slide; #end is the place of the newest
  readonly #inverse: Float64Array; // of a window that ends here: 1 / sqrt(n * squares - sum^2); NaN: none
  readonly #level: Float64Array; // its sum * inverse / n
  readonly #products: Float64Array; // with the window that ends k samples after the oldest
  #end: number;
  #sum = 0;
  #squares = 0;
  #present = 0; // samples since the last missing one

  /** `history` is the longest lag; both at least 4, `window` at most MAX_WINDOW and not above `history`. */
  constructor(window: number, history: number) {
    this.#window = window;
    this.#history = history;
    this.#lags = history - window + 1;
    const room = 2 * (history + window);
    this.#samples = new Float64Array(room);
    this.#inverse = new Float64Array(room).fill(Number.NaN);
    this.#level = new Float64Array(room);
    this.#products = new Float64Array(this.#lags);
    this.#end = history + window - 1;
  }

  /**
   * Takes an integer within MAX_SAMPLE, or NaN for a missing one. Gives the highest correlation, -1 to 1; NaN where the
   * window is not scored or nothing before it can be compared.
   */
  push(sample: number): number {
    if (this.#end === this.#samples.length - 1) this.#slide();
    const window = this.#window;
    const samples = this.#samples;
    const end = ++this.#end;
    const missing = Number.isNaN(sample);
    const entering = missing ? 0 : sample;
    const leaving = samples[end - window] ?? 0;
    samples[end] = entering;
    this.#present = missing ? 0 : this.#present + 1;
    this.#sum += entering - leaving;
    this.#squares += entering * entering - leaving * leaving;
    const spread = window * this.#squares - this.#sum * this.#sum;
    const inverse = this.#present >= window && spread > 0 ? 1 / Math.sqrt(spread) : Number.NaN;
    this.#inverse[end] = inverse;
    this.#level[end] = (this.#sum * inverse) / window;
    const best = this.#scan(end, entering, leaving);
    return best === Number.NEGATIVE_INFINITY ? Number.NaN : Math.min(1, best * window * inverse);
  }

  /** The hot loop: highest (product - sum * mean) / spread over all lags. NaN never compares as higher. */
  #scan(end: number, entering: number, leaving: number): number {
    const window = this.#window;
    const samples = this.#samples;
    const inverse = this.#inverse;
    const level = this.#level;
    const products = this.#products;
    const lags = this.#lags;
    const sum = this.#sum;
    let best = Number.NEGATIVE_INFINITY;
    let at = end - this.#history;
    for (let k = 0; k < lags; k++, at++) {
      const product = (products[k] as number) + entering * (samples[at] as number) - leaving * (samples[at - window] as number);
      products[k] = product;
      const similar = product * (inverse[at] as number) - sum * (level[at] as number);
      if (similar > best) best = similar;
    }
    return best;
  }

  #slide(): void {
    const kept = this.#history + this.#window;
    const from = this.#end + 1 - kept;
    for (const array of [this.#samples, this.#inverse, this.#level]) array.copyWithin(0, from, this.#end + 1);
    this.#end = kept - 1;
  }
}
