/** A reproducible source of randomness for the models: the same seed gives the same numbers for ever. */
export interface RandomSource {
  /** evenly in [0, 1) */
  uniform(): number;
  /** normal, mean 0 and deviation 1 */
  normal(): number;
}

/** sfc32 (C. Doty-Humphrey, PractRand), run in for 12 rounds; `stream` keeps the parts of one model apart. Not for keys. */
export function randomSource(seed: number, stream: number): RandomSource {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  const uniform = (): number => next() / 2 ** 32;
  // Box and Muller (1958); 1 - uniform() is never zero.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}
