import { cutLengthsOf } from "./qrs-cuts.ts";

/** A shape that was seen. */
interface Known {
  /** values whose mean is zero, and the sum of their squares */
  wave: number[];
  energy: number;
  /** how many of the last hundred had it */
  share: number;
  /** how far they usually are from it: 1 - correlation */
  distance: number;
}

interface Fit {
  known: Known;
  /** first value of the cut under the wave */
  shift: number;
  likeness: number;
}

/**
 * Knows the shapes of a lead's QRS complexes by what all detectors saw, and says how odd another deflection is. Noise has
 * a new shape each time, so that it is never known; ectopic beats that come again are.
 */
export class QrsShapes {
  readonly #length: number;
  readonly #shift: number;
  readonly #known: Known[] = [];

  constructor(rate: number) {
    const { half, shift } = cutLengthsOf(rate);
    this.#length = 2 * half + 1;
    this.#shift = shift;
  }

  /** How many times further than usual a cut is from the known shape that is most like it; null while none is known. */
  oddness(cut: readonly number[]): number | null {
    const fit = this.#fit(cut, LEAST_SHARE);
    return fit === null ? null : (1 - fit.likeness) / Math.max(LEAST_DISTANCE, Math.min(fit.known.distance, MOST_DISTANCE));
  }

  /** Takes a cut that all detectors hold for a QRS. */
  learn(cut: readonly number[]): void {
    const fit = this.#fit(cut, 0);
    for (const known of this.#known) known.share *= 1 - 1 / SHARE_BEATS;
    if (fit === null || fit.likeness < SAME) return this.#remember(cut);
    const { known, shift, likeness } = fit;
    const mean = this.#meanOf(cut, shift);
    let energy = 0;
    for (let k = 0; k < this.#length; k++) {
      const value = known.wave[k] ?? 0;
      const next = value + ((cut[shift + k] ?? 0) - mean - value) / SMOOTH;
      known.wave[k] = next;
      energy += next * next;
    }
    known.energy = energy;
    known.share++;
    known.distance += (1 - likeness - known.distance) / SMOOTH;
  }

  /** The rarest shape makes room. */
  #remember(cut: readonly number[]): void {
    const mean = this.#meanOf(cut, this.#shift);
    const wave = cut.slice(this.#shift, this.#shift + this.#length).map((value) => value - mean);
    const fresh = { wave, energy: wave.reduce((sum, value) => sum + value * value, 0), share: 1, distance: FIRST_DISTANCE };
    if (this.#known.length < MOST_SHAPES) this.#known.push(fresh);
    else {
      let rarest = 0;
      for (let i = 1; i < this.#known.length; i++) if ((this.#known[i]?.share ?? 0) < (this.#known[rarest]?.share ?? 0)) rarest = i;
      this.#known[rarest] = fresh;
    }
  }

  /** The known shape with the largest correlation, wherever it lies best; null where there is none, or nothing but a flat line. */
  #fit(cut: readonly number[], leastShare: number): Fit | null {
    const length = this.#length;
    let best: Known | null = null;
    let [bestShift, likeness] = [0, 0];
    for (let shift = 0; shift <= 2 * this.#shift; shift++) {
      let [sum, squares] = [0, 0];
      for (let k = shift; k < shift + length; k++) {
        const value = cut[k] ?? 0;
        sum += value;
        squares += value * value;
      }
      const energy = squares - (sum * sum) / length;
      if (energy <= 0) continue;
      for (const known of this.#known) {
        if (known.share < leastShare) continue;
        let product = 0;
        for (let k = 0; k < length; k++) product += (cut[shift + k] ?? 0) * (known.wave[k] ?? 0);
        const alike = product / Math.sqrt(energy * known.energy + 1e-9);
        if (best !== null && alike <= likeness) continue;
        best = known;
        bestShift = shift;
        likeness = alike;
      }
    }
    return best === null ? null : { known: best, shift: bestShift, likeness };
  }

  #meanOf(cut: readonly number[], shift: number): number {
    let sum = 0;
    for (let k = shift; k < shift + this.#length; k++) sum += cut[k] ?? 0;
    return sum / this.#length;
  }
}

/** Correlation from which on two have one shape. */
const SAME = 0.85;
const MOST_SHAPES = 4;
/** A shape is known when so many of the last hundred had it. */
const LEAST_SHARE = 5;
const SHARE_BEATS = 100;
const SMOOTH = 16;
/** Distances that are held for usual lie between these. */
const LEAST_DISTANCE = 0.02;
const MOST_DISTANCE = 0.2;
const FIRST_DISTANCE = 0.05;
