/**
 * Hampel identifier (Hampel 1974; Pearson 2002) over a sliding window, exact, in integers: a value is an artefact when it
 * lies further from the median of the window around it than `tenths`/10 scaled median absolute deviations (1.4826 MAD) and
 * than `least`. The window is centred, so the answer comes (window - 1) / 2 values late; at both ends it is cut, and of an
 * even number of values the upper middle one is the median. One insertion into a sorted window a value; the deviation is
 * looked for only where a value is further off than `least`.
 */
export class Hampel {
  /** the value that was judged last, when it came, and what was found */
  value = 0;
  atMs = 0;
  artefact = false;
  /** distance of that value from its median; exact where it is above `least` */
  distance = 0;
  readonly #window: number;
  readonly #half: number;
  readonly #tenths: number;
  readonly #least: number;
  readonly #values: Int32Array; // ring, by arrival
  readonly #times: Float64Array;
  readonly #sorted: Int32Array;
  #held = 0; // values in the window
  #next = 0; // place in the ring of the next value
  #ahead = 0; // values that came behind the one judged last

  /** `window` must be odd. */
  constructor(window: number, tenths: number, least: number) {
    this.#window = window;
    this.#half = (window - 1) / 2;
    this.#tenths = tenths;
    this.#least = least;
    this.#values = new Int32Array(window);
    this.#times = new Float64Array(window);
    this.#sorted = new Int32Array(window);
  }

  /** Takes a value; true when one has been judged. */
  push(value: number, atMs: number): boolean {
    const place = this.#next;
    this.#put(this.#held === this.#window ? this.#find(this.#values[place] ?? 0) : this.#held++, value);
    this.#values[place] = value;
    this.#times[place] = atMs;
    this.#next = place + 1 === this.#window ? 0 : place + 1;
    if (this.#ahead < this.#half) {
      this.#ahead++;
      return false;
    }
    this.#judge();
    return true;
  }

  /** Judges one of the values that wait at the end; false when none does: then the window is empty. */
  flush(): boolean {
    if (this.#ahead === 0) {
      this.#held = 0;
      this.#next = 0;
      return false;
    }
    const kept = this.#ahead + this.#half; // what the window of the next value holds
    if (this.#held > kept) this.#remove(this.#values[(this.#next - this.#held + 2 * this.#window) % this.#window] ?? 0);
    this.#ahead--;
    this.#judge();
    return true;
  }

  /** Puts a value in its place instead of the one at `from`: what lies between moves by one. */
  #put(from: number, value: number): void {
    const sorted = this.#sorted;
    let i = from;
    while (i > 0 && (sorted[i - 1] ?? 0) > value) {
      sorted[i] = sorted[i - 1] ?? 0;
      i--;
    }
    const last = this.#held - 1;
    while (i < last && (sorted[i + 1] ?? 0) < value) {
      sorted[i] = sorted[i + 1] ?? 0;
      i++;
    }
    sorted[i] = value;
  }

  #remove(old: number): void {
    const sorted = this.#sorted;
    let i = this.#find(old);
    this.#held--;
    for (; i < this.#held; i++) sorted[i] = sorted[i + 1] ?? 0;
  }

  #find(value: number): number {
    let low = 0;
    let high = this.#held - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #judge(): void {
    const place = (this.#next - 1 - this.#ahead + 2 * this.#window) % this.#window;
    const value = this.#values[place] ?? 0;
    const middle = this.#held >> 1;
    const distance = Math.abs(value - (this.#sorted[middle] ?? 0));
    this.value = value;
    this.atMs = this.#times[place] ?? 0;
    this.distance = distance;
    this.artefact = distance > this.#least && distance * 100_000 > this.#tenths * 14_826 * this.#deviation(middle);
  }

  /** Median absolute deviation: of the deviations, which rise on both sides of the median, the one in the middle. */
  #deviation(middle: number): number {
    const sorted = this.#sorted;
    const median = sorted[middle] ?? 0;
    let below = middle - 1;
    let above = middle + 1;
    let deviation = 0;
    for (let rank = 0; rank < middle; rank++) {
      const down = below >= 0 ? median - (sorted[below] ?? 0) : Number.POSITIVE_INFINITY;
      const up = above < this.#held ? (sorted[above] ?? 0) - median : Number.POSITIVE_INFINITY;
      if (down <= up) {
        deviation = down;
        below--;
      } else {
        deviation = up;
        above++;
      }
    }
    return deviation;
  }
}
