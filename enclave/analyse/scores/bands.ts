/** [highest value of the band, points], rising; values are integers, temperature in tenths of a degree. */
export type Bands = readonly (readonly [number, number])[];

/** What stands for one parameter, read from tables by value + 1; class 0 is "nothing", so that an absent value (-1) needs no test. */
export interface Slot {
  classes: Uint8Array;
  /** points by class, -1 for class 0 */
  points: Int8Array;
}

/** Tables of one parameter. The last band must reach the highest plausible value. */
export function slotOf(bands: Bands): Slot {
  const classes = new Uint8Array((bands.at(-1)?.[0] ?? 0) + 2);
  let value = 0;
  bands.forEach(([upTo], band) => {
    for (; value <= upTo; value++) classes[value + 1] = band + 1;
  });
  return { classes, points: Int8Array.from([-1, ...bands.map(([, points]) => points)]) };
}
