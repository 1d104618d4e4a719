/** A cut is made of sums of raw samples that come at least so many times a second. */
const LEAST_RATE = 72;
const HALF_SECONDS = 0.1;
const SHIFT_SECONDS = 0.042;
/** Raw samples that are kept: all detectors speak within 10 s, and what is pushed at once is no longer than 2048 samples. */
const RING = 16_384;

/** How a QRS is cut out of a signal, for one rate. */
export interface CutLengths {
  /** raw samples that are summed up to one of the cut */
  group: number;
  /** values on either side of the middle of a QRS */
  half: number;
  /** values by which the middle may lie earlier or later */
  shift: number;
}

export function cutLengthsOf(rate: number): CutLengths {
  const group = Math.max(1, Math.floor(rate / LEAST_RATE));
  return { group, half: Math.round((HALF_SECONDS * rate) / group), shift: Math.round((SHIFT_SECONDS * rate) / group) };
}

/** The last raw samples of a lead, out of which a stretch of 0.28 s around a deflection can be cut. */
export class QrsCuts {
  readonly #lengths: CutLengths;
  readonly #samples = new Int32Array(RING);
  #pushed = 0;
  #lastAt: [number, number] = [Number.NaN, Number.NaN];
  #lastCuts: [readonly number[], readonly number[]] = [[], []];

  constructor(rate: number) {
    this.#lengths = cutLengthsOf(rate);
  }

  /** Takes raw samples [from, to), at most 2048, which follow those pushed before. */
  push(samples: Int16Array | Int32Array, from: number, to: number): void {
    const at = this.#pushed & (RING - 1);
    const first = Math.min(to - from, RING - at);
    this.#samples.set(samples.subarray(from, from + first), at);
    if (from + first < to) this.#samples.set(samples.subarray(from + first, to), 0);
    this.#pushed += to - from;
  }

  /**
   * Sums of raw samples around one, counted from the first that was pushed; at the ends the outermost value stands for what
   * is not there. Detectors often mean the same sample: what was cut last is kept.
   */
  at(raw: number): readonly number[] {
    if (this.#lastAt[0] === raw) return this.#lastCuts[0];
    if (this.#lastAt[1] === raw) return this.#lastCuts[1];
    const cut = this.#cut(raw);
    this.#lastAt = [raw, this.#lastAt[0]];
    this.#lastCuts = [cut, this.#lastCuts[0]];
    return cut;
  }

  #cut(raw: number): number[] {
    const { group, half, shift } = this.#lengths;
    const samples = this.#samples;
    const cut: number[] = []; // no typed array: one of this size costs more than all that is in it
    const length = 2 * (half + shift) + 1;
    const last = this.#pushed - 1;
    let i = raw - (half + shift) * group;
    const isWithin = i >= 0 && i + length * group <= last;
    for (let k = 0; k < length; k++) {
      let sum = 0;
      if (isWithin) for (const end = i + group; i < end; i++) sum += samples[i & (RING - 1)] ?? 0;
      else for (const end = i + group; i < end; i++) sum += samples[Math.max(0, Math.min(i, last)) & (RING - 1)] ?? 0;
      cut.push(sum);
    }
    return cut;
  }
}
