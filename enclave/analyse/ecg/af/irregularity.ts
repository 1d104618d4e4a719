/**
 * How irregular and unpredictable the last 32 intervals between beats are: the coefficient of sample entropy of Lake and
 * Moorman (Am J Physiol Heart Circ Physiol 2011; 300: H319), in its exponential, which orders windows as the logarithm does
 * and needs no logarithm: matches of one interval / matches of two in a row × 2 tolerances / mean interval. The tolerance
 * begins with 30 ms and widens until five pairs match. Intervals are milliseconds; memory is one window.
 */
export class Irregularity {
  readonly #window = new Int32Array(WINDOW);
  readonly #ordered = new Int32Array(WINDOW);
  #one = 0;
  #two = 0;
  #count = 0;
  #sum = 0;

  /** Takes the next interval, in whole milliseconds. */
  push(ms: number): void {
    const slot = this.#count % WINDOW;
    this.#sum += ms - (this.#window[slot] ?? 0);
    this.#window[slot] = ms;
    this.#count++;
  }

  /** Forgets everything. */
  clear(): void {
    this.#window.fill(0);
    this.#count = 0;
    this.#sum = 0;
  }

  /** Whether the window is full. */
  get isFull(): boolean {
    return this.#count >= WINDOW;
  }

  /** Mean of the window in ms. */
  get meanMs(): number {
    return this.#sum / Math.max(1, Math.min(this.#count, WINDOW));
  }

  /** In permille, once the window is full. */
  permille(): number {
    const first = this.#count % WINDOW; // the oldest
    for (let i = 0; i < WINDOW; i++) this.#ordered[i] = this.#window[(first + i) % WINDOW] as number;
    for (let tolerance = TOLERANCE_MS; ; tolerance += WIDEN_MS) {
      this.#match(tolerance);
      if (this.#two < LEAST_MATCHES && tolerance < MOST_TOLERANCE_MS) continue;
      return Math.min(MOST, Math.round((2000 * tolerance * this.#one) / (Math.max(1, this.#two) * this.meanMs)));
    }
  }

  /** Pairs of intervals that differ by no more than the tolerance, and those whose successors do as well: counts in `#one` and `#two`. */
  #match(tolerance: number): void {
    const ordered = this.#ordered;
    let one = 0;
    let two = 0;
    for (let apart = 1; apart < WINDOW; apart++) {
      let before = 0;
      for (let i = apart; i < WINDOW; i++) {
        const difference = (ordered[i] as number) - (ordered[i - apart] as number);
        // 1 or 0 without a branch, since nobody can foresee which
        const matches = 1 + ((tolerance - Math.abs(difference)) >> 31);
        one += matches;
        two += matches & before;
        before = matches;
      }
    }
    this.#one = one;
    this.#two = two;
  }
}

/** Intervals in a window. */
export const WINDOW = 32;
const TOLERANCE_MS = 30;
const WIDEN_MS = 10;
const MOST_TOLERANCE_MS = 400;
const LEAST_MATCHES = 5;
const MOST = 10_000;
