/* What two waves have in common, in sums of fixed order: the same bits on every machine. */

/** Correlation of a cut with a known wave, whose mean is zero. */
export function correlation(cut: Float64Array, wave: Float64Array, energy: number): number {
  return productAt(cut, 0, wave) / Math.sqrt(energyAt(cut, 0, wave.length) * energy + TINY);
}

/** Sums of products of a wave with a stretch, for every shift of `into`. Three at a time, since each addition to a sum waits for the one before it. */
export function multiply(stretch: Float64Array, wave: Float64Array, into: Float64Array): void {
  let shift = 0;
  for (; shift + 2 < into.length; shift += 3) {
    let [first, second, third] = [0, 0, 0];
    for (let k = 0; k < wave.length; k++) {
      const value = wave[k] ?? 0;
      first += (stretch[shift + k] ?? 0) * value;
      second += (stretch[shift + k + 1] ?? 0) * value;
      third += (stretch[shift + k + 2] ?? 0) * value;
    }
    into[shift] = first;
    into[shift + 1] = second;
    into[shift + 2] = third;
  }
  for (; shift < into.length; shift++) into[shift] = productAt(stretch, shift, wave);
}

/** Sum of products of a wave with a stretch from `shift` on. */
function productAt(stretch: Float64Array, shift: number, wave: Float64Array): number {
  let product = 0;
  for (let k = 0; k < wave.length; k++) product += (stretch[shift + k] ?? 0) * (wave[k] ?? 0);
  return product;
}

/** Sum of squares around the mean of `length` values from `shift` on. */
export function energyAt(stretch: Float64Array, shift: number, length: number): number {
  let [squares, sum] = [0, 0];
  for (let k = shift; k < shift + length; k++) {
    const value = stretch[k] ?? 0;
    squares += value * value;
    sum += value;
  }
  return Math.max(0, squares - (sum * sum) / length);
}

/** Sum of squares. */
export function energyOf(wave: Float64Array): number {
  let energy = 0;
  for (let k = 0; k < wave.length; k++) energy += (wave[k] ?? 0) * (wave[k] ?? 0);
  return energy;
}

/** Square microvolts to the second power that keep a flat line from being divided by zero. */
export const TINY: number = 1e-6;
