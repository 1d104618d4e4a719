/**
 * Two-sided cumulative sum (Page 1954) of what lies further from a mean than an allowance, in integers. Each side
 * remembers since when it is above zero: the estimate of when the change began.
 */
export class Cusum {
  up = 0;
  down = 0;
  upSinceMs = 0;
  downSinceMs = 0;
  readonly #mean: number;
  readonly #allowance: number;

  /** `allowance` is half of the shift that is looked for. */
  constructor(mean: number, allowance: number) {
    this.#mean = mean;
    this.#allowance = allowance;
  }

  /** Takes a value. */
  push(value: number, atMs: number): void {
    const off = value - this.#mean;
    const up = this.up + off - this.#allowance;
    const down = this.down - off - this.#allowance;
    if (this.up === 0) this.upSinceMs = atMs;
    if (this.down === 0) this.downSinceMs = atMs;
    this.up = up > 0 ? up : 0;
    this.down = down > 0 ? down : 0;
  }

  /** Forgets both sums. */
  reset(): void {
    this.up = 0;
    this.down = 0;
  }
}
