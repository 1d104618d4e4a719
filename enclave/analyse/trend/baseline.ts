/** Mean and spread of the first values, in integers. */
export class Baseline {
  count = 0;
  #first = 0;
  #sum = 0; // of differences from the first value, so that sums stay exact
  #squares = 0;

  push(value: number): void {
    if (this.count === 0) this.#first = value;
    const off = value - this.#first;
    this.count++;
    this.#sum += off;
    this.#squares += off * off;
  }

  /** The mean, rounded half up. */
  get mean(): number {
    return this.#first + Math.floor((2 * this.#sum + this.count) / (2 * this.count));
  }

  /** The standard deviation (of the sample), rounded down; 0 for a single value. */
  get spread(): number {
    if (this.count < 2) return 0;
    return Math.floor(Math.sqrt((this.#squares - (this.#sum * this.#sum) / this.count) / (this.count - 1)));
  }
}
