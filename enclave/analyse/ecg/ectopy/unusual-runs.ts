import { COLUMN, FEATURES } from "./features.ts";

/**
 * Completes rows by what the beats around have in common that are not of the usual shape: a slow ventricular run, whose
 * single beats are hardly early, begins early and is faster than the patient's own rhythm as a whole; a bundle branch block
 * that comes and goes is not. Such a row is told with the next beat of the usual shape, or once eight more have followed;
 * memory is bounded by that.
 */
export class UnusualRuns {
  readonly #tell: (row: Int32Array) => void;
  /** rows of the run: up to eight that were told, then those that were not */
  readonly #rows: Int32Array[] = [];
  readonly #spare: Int32Array[] = Array.from({ length: 2 * REACH + 2 }, () => new Int32Array(FEATURES.length));
  #told = 0;

  /** @param tell gets every row in order; rows are used again */
  constructor(tell: (row: Int32Array) => void) {
    this.#tell = tell;
  }

  /** Takes the next row, complete but for what the run says. */
  push(row: Int32Array): void {
    if (row[COLUMN["is-usual"]] === 1) {
      this.end();
      this.#complete(row, {
        before: USUAL,
        onset: USUAL,
        after: USUAL,
        likeness: row[COLUMN.likeness] ?? 0,
        width: row[COLUMN.width] ?? 0,
      });
      return;
    }
    const kept = this.#spare.pop() ?? new Int32Array(FEATURES.length);
    kept.set(row);
    this.#rows.push(kept);
    if (this.#rows.length - this.#told > REACH) this.#next();
  }

  /** What follows is another run. */
  end(): void {
    while (this.#told < this.#rows.length) this.#next();
    this.#spare.push(...this.#rows.splice(0));
    this.#told = 0;
  }

  #next(): void {
    const own = this.#rows[this.#told];
    if (own === undefined) return;
    const last = Math.min(this.#told + REACH, this.#rows.length - 1);
    const count = last + 1;
    let [before, likeness, width] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const row = this.#rows[i] ?? own;
      before += limited(row, COLUMN["before-to-usual"]);
      likeness += row[COLUMN.likeness] ?? 0;
      width += row[COLUMN.width] ?? 0;
    }
    const onset = limited(this.#rows[0] ?? own, COLUMN["before-to-usual"]);
    const after = limited(this.#rows[last] ?? own, COLUMN["after-to-usual"]);
    this.#told++;
    this.#complete(own, { before: before / count, onset, after, likeness: likeness / count, width: width / count });
    if (this.#told <= REACH) return;
    this.#spare.push(...this.#rows.splice(0, 1));
    this.#told--;
  }

  #complete(row: Int32Array, run: Readonly<Record<"before" | "onset" | "after" | "likeness" | "width", number>>): void {
    row[COLUMN["run-before"]] = Math.round(run.before);
    row[COLUMN["run-onset"]] = run.onset;
    row[COLUMN["run-likeness"]] = Math.round(run.likeness);
    row[COLUMN["run-width"]] = Math.round(run.width);
    row[COLUMN["run-after"]] = run.after;
    this.#tell(row);
  }
}

/** A pause tells no more than an interval twice the usual one. */
function limited(row: Int32Array, column: number): number {
  return Math.min(row[column] ?? 0, 2000);
}

/** Beats that are looked at on either side. */
const REACH = 8;
const USUAL = 1000;
