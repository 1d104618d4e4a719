/** Consecutive ventricular beats, in raw samples of the first and the last. */
export interface VentricularRunFound {
  from: number;
  to: number;
  beats: number;
  /** mean likelihood */
  permille: number;
}

/** All ventricular beats so far. */
export interface Burden extends VentricularRunFound {
  /** exactly two in a row */
  couplets: number;
  /** as many in a row as make a run, or more */
  runs: number;
}

/** Counts ventricular beats, couplets and runs as labels come, in constant memory. */
export class EctopyCount {
  readonly #runBeats: number;
  readonly #tell: (run: VentricularRunFound) => void;
  readonly #all = { from: 0, to: 0, beats: 0, sum: 0, couplets: 0, runs: 0 };
  readonly #row = { from: 0, to: 0, beats: 0, sum: 0 };

  /** @param runBeats ventricular beats in a row that are told as a run, once it is over */
  constructor(runBeats: number, tell: (run: VentricularRunFound) => void) {
    this.#runBeats = runBeats;
    this.#tell = tell;
  }

  /** The next beat: its raw sample and how likely it is ventricular, -1 where it is not. */
  beat(at: number, permille: number): void {
    if (permille < 0) return this.pause();
    const [row, all] = [this.#row, this.#all];
    if (row.beats === 0) row.from = at;
    row.to = at;
    row.beats++;
    row.sum += permille;
    if (all.beats === 0) all.from = at;
    all.to = at;
    all.beats++;
    all.sum += permille;
  }

  /** What was in a row is no longer. */
  pause(): void {
    const { from, to, beats, sum } = this.#row;
    this.#row.beats = 0;
    this.#row.sum = 0;
    if (beats === 2) this.#all.couplets++;
    if (beats < this.#runBeats) return;
    this.#all.runs++;
    this.#tell({ from, to, beats, permille: Math.round(sum / beats) });
  }

  get burden(): Burden {
    const { from, to, beats, sum, couplets, runs } = this.#all;
    return { from, to, beats, permille: beats === 0 ? 0 : Math.round(sum / beats), couplets, runs };
  }
}
