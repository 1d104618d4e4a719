import type { Segment } from "./energy.ts";
import type { Voted } from "./vote.ts";

/**
 * Tells where the detectors of a lead agree too little for beats to be claimed: of what they say within 12.5 s around,
 * less than 55 % is a beat of which there is no doubt, or four and more are beats in doubt. Pushed in order; memory is bounded, and a stretch is told at most 15 s after it ends.
 */
export class Agreement {
  readonly #cell: number;
  readonly #tell: (uncertain: Segment) => void;
  readonly #said = new Int32Array(AROUND);
  readonly #beats = new Int32Array(AROUND);
  readonly #doubtful = new Int32Array(AROUND);
  #filled = 0;
  #open: Segment | null = null;

  /** @param tell gets stretches in order, in samples from the first that was pushed; they do not touch */
  constructor(rate: number, tell: (uncertain: Segment) => void) {
    this.#cell = Math.max(1, Math.round(CELL_SECONDS * rate));
    this.#tell = tell;
  }

  /** Takes the next deflection that was decided about. What only another lead saw does not count. */
  push({ at, isBeat, votes, isDoubtful }: Voted): void {
    if (votes === 0) return;
    this.#advance(Math.floor(at / this.#cell));
    const cell = this.#filled % AROUND;
    this.#said[cell] = (this.#said[cell] ?? 0) + 1;
    const counts = isDoubtful ? this.#doubtful : this.#beats;
    if (isBeat) counts[cell] = (counts[cell] ?? 0) + 1;
  }

  /** Nothing follows after so many samples. */
  end(length: number): void {
    const last = Math.floor(Math.max(0, length - 1) / this.#cell);
    this.#advance(last + HALF + 1);
    if (this.#open !== null) this.#tell({ from: this.#open.from, to: Math.min(this.#open.to, length) });
  }

  /** Makes a cell the newest: the one that then lies in the middle of all around it is decided. */
  #advance(cell: number): void {
    while (this.#filled < cell) {
      this.#decide(this.#filled - HALF);
      this.#filled++;
      this.#said[this.#filled % AROUND] = 0;
      this.#beats[this.#filled % AROUND] = 0;
      this.#doubtful[this.#filled % AROUND] = 0;
    }
  }

  #decide(cell: number): void {
    if (cell < 0) return;
    let [said, beats, doubtful] = [0, 0, 0];
    for (let i = 0; i < AROUND; i++) {
      said += this.#said[i] ?? 0;
      beats += this.#beats[i] ?? 0;
      doubtful += this.#doubtful[i] ?? 0;
    }
    const isUncertain = doubtful >= LEAST_DOUBTFUL || (said - beats >= LEAST && beats < LEAST_SHARE * said);
    if (!isUncertain) {
      if (this.#open !== null) this.#tell(this.#open);
      this.#open = null;
    } else if (this.#open === null) this.#open = { from: cell * this.#cell, to: (cell + 1) * this.#cell };
    else this.#open.to = (cell + 1) * this.#cell;
  }
}

const CELL_SECONDS = 5;
const HALF = 2;
const AROUND = 2 * HALF + 1;
/** Fewer false alarms of detectors in 25 s are no noise. */
const LEAST = 3;
const LEAST_SHARE = 0.55;
const LEAST_DOUBTFUL = 4;
