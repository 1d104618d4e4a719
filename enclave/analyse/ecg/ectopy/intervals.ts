/** The last 32 of some times (ms), with their median and mean. */
export class Recent {
  readonly #times = new Float64Array(KEPT);
  readonly #sorted = new Float64Array(KEPT + 1);
  #count = 0;
  #sum = 0;

  push(time: number): void {
    const slot = this.#count % KEPT;
    const size = this.#count < KEPT ? this.#count : this.#remove(this.#times[slot] ?? 0);
    this.#times[slot] = time;
    this.#sum += time;
    this.#count++;
    let i = size;
    for (; i > 0 && (this.#sorted[i - 1] ?? 0) > time; i--) this.#sorted[i] = this.#sorted[i - 1] ?? 0;
    this.#sorted[i] = time;
  }

  get count(): number {
    return Math.min(this.#count, KEPT);
  }

  get mean(): number {
    return this.#sum / Math.max(1, this.count);
  }

  get median(): number {
    return this.#sorted[this.count >> 1] ?? 0;
  }

  #remove(time: number): number {
    this.#sum -= time;
    let i = 0;
    while (i < KEPT - 1 && this.#sorted[i] !== time) i++;
    for (; i < KEPT - 1; i++) this.#sorted[i] = this.#sorted[i + 1] ?? 0;
    return KEPT - 1;
  }
}

/** Intervals between beats (ms): those between usual beats, which tell the patient's own rhythm, and all. */
export class Intervals {
  readonly #all = new Recent();
  readonly #usual = new Recent();
  #previous = 0;
  #last = 0;
  #irregularity = 0;

  /** Takes the next interval; 0 for a break. */
  push(interval: number): void {
    this.#previous = this.#last;
    this.#last = interval;
    if (interval <= 0) return;
    this.#all.push(interval);
    if (this.#previous <= 0) return;
    const change = (2 * Math.abs(interval - this.#previous)) / (interval + this.#previous);
    this.#irregularity += (change - this.#irregularity) / 8;
  }

  /** The last interval was one between usual beats. */
  pushUsual(): void {
    if (this.#last > 0) this.#usual.push(this.#last);
  }

  /** The interval before the last one; 0 for none. */
  get previous(): number {
    return this.#previous;
  }

  get mean(): number {
    return this.#all.mean;
  }

  /** Mean difference of successive intervals beside their mean, running over 8. */
  get irregularity(): number {
    return this.#irregularity;
  }

  /** An interval beside the median of those between usual beats, or of all while there are few of these. */
  ofUsual(interval: number): number {
    const recent = this.#usual.count >= LEAST ? this.#usual : this.#all;
    return recent.count === 0 ? 1 : interval / recent.median;
  }
}

const KEPT = 32;
const LEAST = 8;
