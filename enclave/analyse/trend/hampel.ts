/**
 * Hampel identifier (Hampel 1974; Pearson 2002) over a sliding window, exact, in integers: a value is an artefact when it
 * lies further from the median of the window around it than `tenths`/10 scaled median absolute deviations (1.4826 MAD) and
 * than `least`. The window is centred, so the answer comes (window - 1) / 2 values late; at both ends it is cut, and of an
 * even number of values the upper middle one is the median. While all that came in the last one to two windows lies within
 * `least`, there is nothing to look for; else it is one insertion into a sorted window a value, and the deviation is looked
 * for only where a value is further off than `least`.
 */
export class Hampel {
  /** the value that was judged last, when it came, and what was found */
  value = 0;
  atMs = 0;
  artefact = false;
  /** distance of that value from its median where it is above `least`, else something up to `least` */
  distance = 0;
  readonly #window: number;
  readonly #half: number;
  readonly #tenths: number;
  readonly #least: number;
  readonly #values: Int32Array; // ring, by arrival
  readonly #times: Float64Array;
  readonly #sorted: Int32Array;
  #isSorted = false; // whether the sorted window is kept up
  #held = 0; // values in the window
  #next = 0; // place in the ring of the next value
  #ahead = 0; // values that came behind the one judged last
  // What came since the ring began anew, and in the round before: together they hold the window.
  #lowest = HIGHEST;
  #highest = LOWEST;
  #lowestBefore = HIGHEST;
  #highestBefore = LOWEST;

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
    const from = this.#held === this.#window ? -1 : this.#held++;
    if (this.#isSorted) this.#put(from < 0 ? this.#find(this.#values[place] ?? 0) : from, value);
    this.#values[place] = value;
    this.#times[place] = atMs;
    if (value < this.#lowest) this.#lowest = value;
    if (value > this.#highest) this.#highest = value;
    this.#next = place + 1;
    if (this.#next === this.#window) this.#beginAnew();
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
      this.#isSorted = false;
      return false;
    }
    const kept = this.#ahead + this.#half; // what the window of the next value holds
    if (this.#held > kept) {
      if (this.#isSorted) this.#remove(this.#values[this.#before(this.#held)] ?? 0);
      else this.#held--;
    }
    this.#ahead--;
    this.#judge();
    return true;
  }

  #beginAnew(): void {
    this.#next = 0;
    this.#lowestBefore = this.#lowest;
    this.#highestBefore = this.#highest;
    this.#lowest = HIGHEST;
    this.#highest = LOWEST;
  }

  /** Place in the ring of the value so many before the next. */
  #before(count: number): number {
    return this.#next >= count ? this.#next - count : this.#next - count + this.#window;
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
    const place = this.#before(this.#ahead + 1);
    const value = this.#values[place] ?? 0;
    this.value = value;
    this.atMs = this.#times[place] ?? 0;
    this.artefact = false;
    this.distance = 0;
    const range = Math.max(this.#highest, this.#highestBefore) - Math.min(this.#lowest, this.#lowestBefore);
    if (range <= this.#least) {
      this.#isSorted = false;
      return;
    }
    if (!this.#isSorted) this.#sort();
    const middle = this.#held >> 1;
    const distance = Math.abs(value - (this.#sorted[middle] ?? 0));
    this.distance = distance;
    this.artefact = distance > this.#least && distance * 100_000 > this.#tenths * 14_826 * this.#deviation(middle);
  }

  #sort(): void {
    this.#isSorted = true;
    const sorted = this.#sorted.subarray(0, this.#held);
    for (let k = 0; k < this.#held; k++) sorted[k] = this.#values[this.#before(k + 1)] ?? 0;
    sorted.sort();
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

const LOWEST = -2_147_483_648;
const HIGHEST = 2_147_483_647;
