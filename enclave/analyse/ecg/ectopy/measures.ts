import type { CutLayout } from "./beat-cut.ts";

/** What one QRS window measures. */
export interface Measures {
  /** microvolts from lowest to highest */
  height: number;
  /** microvolt seconds around the mean */
  area: number;
  /** microvolts per second */
  slope: number;
  /** seconds: area over steepest slope */
  width: number;
  /** seconds in which the slope is more than a fifth of the steepest */
  steep: number;
  /** -1 all below the mean to 1 all above */
  polarity: number;
}

/** Measures the QRS window of a wave, whose beat lies at `centre`. */
export function measure(wave: Float64Array, centre: number, { half, rate }: CutLayout, into: Measures): void {
  const [from, to] = [centre - half, centre + half];
  let sum = 0;
  for (let k = from; k <= to; k++) sum += wave[k] ?? 0;
  const mean = sum / (to - from + 1);
  let least = 0;
  let most = 0;
  let area = 0;
  let slope = 0;
  let before = (wave[from] ?? 0) - mean;
  for (let k = from; k <= to; k++) {
    const value = (wave[k] ?? 0) - mean;
    if (value < least) least = value;
    if (value > most) most = value;
    area += value < 0 ? -value : value;
    const step = value < before ? before - value : value - before;
    if (step > slope) slope = step;
    before = value;
  }
  let steep = 0;
  for (let k = from + 1; k <= to; k++) {
    const step = (wave[k] ?? 0) - (wave[k - 1] ?? 0);
    if (step > STEEP * slope || -step > STEEP * slope) steep++;
  }
  into.height = most - least;
  into.area = area / rate;
  into.slope = slope * rate;
  into.width = area / (slope + 1) / rate;
  into.steep = steep / rate;
  into.polarity = (most + least) / (most - least + 1);
}

/** Measures of nothing, to be filled. */
export function noMeasures(): Measures {
  return { height: 0, area: 0, slope: 0, width: 0, steep: 0, polarity: 0 };
}

const STEEP = 0.2;
