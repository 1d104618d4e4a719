/** The last samples of a lead side by side, so that a stretch of them can be read as one array. */
export class RecentSamples {
  /** samples that are kept at least */
  readonly kept: number;
  readonly samples: Int32Array;
  #first = 0;
  #count = 0;

  /** @param kept how many samples are kept at least */
  constructor(kept: number) {
    this.kept = kept;
    this.samples = new Int32Array(2 * kept);
  }

  /** The number of the sample at place 0, counted from the first that was pushed. */
  get first(): number {
    return this.#first;
  }

  /** Takes the samples [from, to), or with null as many zeros; at most as many as are kept. */
  push(values: Int16Array | Int32Array | null, from: number, to: number): void {
    const length = to - from;
    if (this.#count + length > this.samples.length) {
      const gone = this.#count - this.kept;
      this.samples.copyWithin(0, gone, this.#count);
      this.#first += gone;
      this.#count = this.kept;
    }
    if (values === null) this.samples.fill(0, this.#count, this.#count + length);
    else this.samples.set(values.subarray(from, to), this.#count);
    this.#count += length;
  }
}
