/** What the model reads of a beat, in the order of its columns: integers, ratios in permille and times in milliseconds. */
export const FEATURES = [
  "before-to-usual", // interval before the beat / median of the last 32 between usual beats
  "after-to-usual",
  "after-to-before",
  "before-to-previous",
  "before-to-mean", // … / mean of the last 32 of all
  "before", // ms
  "irregularity", // mean difference of successive intervals / their mean, last 8
  "likeness", // correlation with the usual beat, leads weighted
  "likeness-least",
  "likeness-most",
  "likeness-with-t", // the same over a window that holds the T wave
  "likeness-with-t-least",
  "likeness-before", // the same before the beat, where the P wave is
  "height", // height / that of the usual beat, mean of leads
  "height-most",
  "area",
  "area-most",
  "slope",
  "slope-least",
  "width",
  "width-most",
  "width-absolute", // ms
  "steep",
  "steep-absolute", // ms
  "polarity", // greatest difference of polarity
  "strangeness", // distance from the usual beat / usual distance
  "other", // how much better another known shape fits
  "is-usual",
  "share", // of beats with this shape
  "shape-width", // width of the shape / that of the usual one
  "shape-before", // mean interval before beats of the shape / usual
  "shape-after",
  "likeness-to-last", // correlation with the beat before
  "likeness-of-last", // of the beat before to the usual beat
  "likeness-of-next",
  "odd", // beats in a row that are unlike the usual beat, up to this one
  "run-before", // of beats around that are not of the usual shape: mean of before-to-usual
  "run-onset", // before-to-usual of the first of them
  "run-likeness", // mean
  "run-width",
  "run-after", // after-to-usual of the last of them
  "shape", // which shape it is, -1 for none: a name, which the table does not ask
] as const;

/** Column of a feature. */
export const COLUMN: Readonly<Record<(typeof FEATURES)[number], number>> = Object.fromEntries(
  FEATURES.map((name, column) => [name, column]),
) as Record<(typeof FEATURES)[number], number>;
