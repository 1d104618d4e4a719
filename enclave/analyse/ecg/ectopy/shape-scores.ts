import { COLUMN } from "./features.ts";
import { MOST_SHAPES } from "./known-shapes.ts";

interface Mean {
  shape: number;
  score: number;
  beats: number;
}

/**
 * What one patient's beats of each shape were thought to be: beats of one shape have one origin, and what one of them leaves
 * open the others may tell. Only beats before are asked, so a stream says what the whole does; memory is one mean for each of
 * the known shapes.
 */
export class ShapeScores {
  readonly #means: Mean[] = Array.from({ length: MOST_SHAPES }, () => ({ shape: NONE, score: 0, beats: 0 }));

  /** Half the score of the next beat by its own row, half the running mean of those of its shape, this one included. */
  join(row: Int32Array, own: number): number {
    const shape = row[COLUMN.shape] ?? NONE;
    const mean = this.#means[shape % MOST_SHAPES];
    if (mean === undefined) return own;
    if (mean.shape !== shape) Object.assign(mean, { shape, score: 0, beats: 0 });
    mean.beats = Math.min(mean.beats + 1, MEAN_BEATS);
    mean.score += (own - mean.score) / mean.beats;
    return (own + mean.score) / 2;
  }
}

const NONE = -1;
const MEAN_BEATS = 32;
