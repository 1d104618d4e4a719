/** Exponentially weighted moving average (Roberts 1959) in fixed point: integers in, an integer out. */
export class Ewma {
  /** the average; 0 before the first value */
  value = 0;
  readonly #permille: number;
  #started = false;

  /** `permille` is the weight of a new value. */
  constructor(permille: number) {
    this.#permille = permille;
  }

  /** Takes a value and gives the average. */
  push(value: number): number {
    if (this.#started) this.value += Math.floor(((value - this.value) * this.#permille + 500) / 1000);
    else this.value = value;
    this.#started = true;
    return this.value;
  }
}
