/**
 * How irregular and unpredictable the last 32 intervals between beats are: the coefficient of sample entropy of Lake and
 * Moorman (Am J Physiol Heart Circ Physiol 2011; 300: H319), in its exponential, which orders windows as the logarithm does
 * and needs no logarithm: matches of one interval / matches of two in a row × 2 tolerances / mean interval. The tolerance
 * begins with 30 ms and widens until five pairs match. Intervals are milliseconds; memory is one window.
 */
export class Irregularity {
  readonly #window = new Float64Array(WINDOW);
  #count = 0;
  #sum = 0;

  /** Takes the next interval. */
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
    for (let tolerance = TOLERANCE_MS; ; tolerance += WIDEN_MS) {
      const [one, two] = this.#matches(tolerance);
      if (two < LEAST_MATCHES && tolerance < MOST_TOLERANCE_MS) continue;
      return Math.min(MOST, Math.round((2000 * tolerance * one) / (Math.max(1, two) * this.meanMs)));
    }
  }

  /** Pairs of intervals that differ by no more than the tolerance, and those whose successors do as well. */
  #matches(tolerance: number): [number, number] {
    const first = this.#count % WINDOW; // the oldest
    let [one, two] = [0, 0];
    for (let apart = 1; apart < WINDOW; apart++) {
      let before = false;
      for (let i = 0; i + apart < WINDOW; i++) {
        const difference = (this.#window[(first + i) % WINDOW] ?? 0) - (this.#window[(first + i + apart) % WINDOW] ?? 0);
        const matches = difference <= tolerance && -difference <= tolerance;
        if (matches) {
          one++;
          if (before) two++;
        }
        before = matches;
      }
    }
    return [one, two];
  }
}

/** Intervals in a window. */
export const WINDOW = 32;
const TOLERANCE_MS = 30;
const WIDEN_MS = 10;
const MOST_TOLERANCE_MS = 400;
const LEAST_MATCHES = 5;
const MOST = 10_000;
