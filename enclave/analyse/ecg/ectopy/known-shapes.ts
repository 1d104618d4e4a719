import type { CutLayout } from "./beat-cut.ts";

/** A shape that was met before, with what its beats have in common. */
export interface Known {
  /** its place among the shapes, and 8 times how often a shape there was replaced */
  id: number;
  /** of each lead the running mean of its beats, from -0.25 s to +0.4 s */
  waves: Float64Array[];
  /** sum and sum of squares of each wave's QRS window */
  sums: Float64Array;
  squares: Float64Array;
  /** how far beats usually are from it, by lead: 1 - correlation */
  distances: Float64Array;
  /** weight among the last few hundred beats */
  share: number;
  beats: number;
  /** running means over its beats: width (s), interval before and after beside the usual one */
  width: number;
  before: number;
  after: number;
}

/** Where a known shape fits a cut best. */
export interface Fit {
  likeness: number;
  shift: number;
}

/**
 * The shapes of one patient's beats: at most 8 running means. The usual one is the narrowest of those that at least an
 * eighth of the last few hundred beats had.
 */
export class KnownShapes {
  readonly all: Known[] = [];
  readonly #layout: CutLayout;
  readonly #head: number;

  constructor(layout: CutLayout) {
    this.#layout = layout;
    this.#head = layout.centre - layout.shift;
  }

  /** The patient's usual beat; null before there is any. */
  usual(): Known | null {
    let total = 0;
    for (const { share } of this.all) total += share;
    let usual: Known | null = null;
    for (const known of this.all) {
      if (known.share < USUAL_SHARE * total) continue;
      if (usual === null || known.width < usual.width) usual = known;
    }
    return usual;
  }

  /** Fits a shape to cuts by QRS correlation, from the middle to where it fits no better; leads in which its beats differ little weigh more. */
  fit(known: Known, cuts: readonly Float64Array[], leads: number): Fit {
    const { shift: most } = this.#layout;
    let best = 0;
    let likeness = this.#likenessAt(known, cuts, leads, 0);
    for (let step = -1; step <= 1; step += 2) {
      const from = best;
      for (let shift = best + step; shift >= -most && shift <= most; shift += step) {
        const next = this.#likenessAt(known, cuts, leads, shift);
        if (next <= likeness) break;
        likeness = next;
        best = shift;
      }
      if (best !== from) break;
    }
    return { likeness, shift: best };
  }

  #likenessAt(known: Known, cuts: readonly Float64Array[], leads: number, shift: number): number {
    let sum = 0;
    let weights = 0;
    for (let lead = 0; lead < cuts.length; lead++) {
      if ((leads & (1 << lead)) === 0) continue;
      const weight = 1 / ((known.distances[lead] ?? 0) + LEAST_DISTANCE);
      sum += weight * this.#qrsLikeness(known, cuts[lead] as Float64Array, lead, shift);
      weights += weight;
    }
    return sum / weights;
  }

  /** As `correlate` over the QRS window, with what is known of the wave. */
  #qrsLikeness({ waves, sums, squares }: Known, cut: Float64Array, lead: number, shift: number): number {
    const { centre, half } = this.#layout;
    const wave = waves[lead] as Float64Array;
    const fromA = this.#head - half;
    const fromB = centre + shift - half;
    const length = 2 * half + 1;
    let sumB = 0;
    let product = 0;
    let squaresB = 0;
    for (let k = 0; k < length; k++) {
      const y = cut[fromB + k] as number;
      sumB += y;
      product += (wave[fromA + k] as number) * y;
      squaresB += y * y;
    }
    const sumA = sums[lead] ?? 0;
    const spread = Math.max(0, (squares[lead] ?? 0) - (sumA * sumA) / length) * Math.max(0, squaresB - (sumB * sumB) / length);
    return (product - (sumA * sumB) / length) / Math.sqrt(spread + TINY);
  }

  #remember({ waves, sums, squares }: Known, lead: number): void {
    const wave = waves[lead] as Float64Array;
    const { half } = this.#layout;
    let sum = 0;
    let square = 0;
    for (let k = this.#head - half; k <= this.#head + half; k++) {
      const value = wave[k] as number;
      sum += value;
      square += value * value;
    }
    sums[lead] = sum;
    squares[lead] = square;
  }

  /** Correlation of a cut, moved by `shift`, with a shape over the window [from, to] around the beat. */
  correlate({ waves }: Known, cuts: readonly Float64Array[], lead: number, shift: number, from: number, to: number): number {
    return correlation(
      waves[lead] as Float64Array,
      this.#head + from,
      cuts[lead] as Float64Array,
      this.#layout.centre + shift + from,
      to - from + 1,
    );
  }

  /** Learns a beat of a known shape, or with null one of a new shape, which takes the place of the rarest; gives the shape. */
  learn(known: Known | null, cuts: readonly Float64Array[], leads: number, { shift, width }: { shift: number; width: number }): Known {
    for (const one of this.all) one.share *= 1 - 1 / SHARE_BEATS;
    if (known === null) return this.#add(cuts, width);
    known.share++;
    known.beats++;
    const weight = 1 / Math.min(known.beats, MEAN_BEATS);
    known.width += (width - known.width) * weight;
    const { centre, half } = this.#layout;
    for (let lead = 0; lead < cuts.length; lead++) {
      if ((leads & (1 << lead)) === 0) continue;
      const distance = 1 - this.correlate(known, cuts, lead, shift, -half, half);
      known.distances[lead] = (known.distances[lead] ?? 0) + (distance - (known.distances[lead] ?? 0)) / MEAN_BEATS;
      const [wave, cut] = [known.waves[lead] as Float64Array, cuts[lead] as Float64Array];
      const from = centre + shift - this.#head;
      for (let k = 0; k < wave.length; k++) wave[k] = (wave[k] ?? 0) + ((cut[from + k] ?? 0) - (wave[k] ?? 0)) * weight;
      this.#remember(known, lead);
    }
    return known;
  }

  #add(cuts: readonly Float64Array[], width: number): Known {
    const { centre, tail } = this.#layout;
    const from = centre - this.#head;
    const waves = cuts.map((cut) => cut.slice(from, from + this.#head + tail + 1));
    const leads = cuts.length;
    const fresh: Known = {
      id: this.all.length,
      waves,
      sums: new Float64Array(leads),
      squares: new Float64Array(leads),
      distances: new Float64Array(leads).fill(0.05),
      share: 1,
      beats: 1,
      width,
      before: 1,
      after: 1,
    };
    for (let lead = 0; lead < leads; lead++) this.#remember(fresh, lead);
    if (this.all.length < MOST_SHAPES) this.all.push(fresh);
    else {
      let rarest = 0;
      for (let i = 1; i < this.all.length; i++) if ((this.all[i]?.share ?? 0) < (this.all[rarest]?.share ?? 0)) rarest = i;
      fresh.id = (this.all[rarest]?.id ?? 0) + MOST_SHAPES;
      this.all[rarest] = fresh;
    }
    return fresh;
  }
}

/** Correlation of `length` samples of each, from these places on. */
export function correlation(a: Float64Array, fromA: number, b: Float64Array, fromB: number, length: number): number {
  let sumA = 0;
  let sumB = 0;
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let k = 0; k < length; k++) {
    const x = a[fromA + k] as number;
    const y = b[fromB + k] as number;
    sumA += x;
    sumB += y;
    product += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  const spread = Math.max(0, squaresA - (sumA * sumA) / length) * Math.max(0, squaresB - (sumB * sumB) / length);
  return (product - (sumA * sumB) / length) / Math.sqrt(spread + TINY);
}

/** Correlation from which on two beats have one shape. */
export const SAME_SHAPE = 0.9;
/** Shapes that are kept. */
export const MOST_SHAPES = 8;
const USUAL_SHARE = 0.125;
const SHARE_BEATS = 256;
const MEAN_BEATS = 16;
const LEAST_DISTANCE = 0.03;
const TINY = 1e-6;
