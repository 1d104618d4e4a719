import type { Match } from "./match.ts";

/** Counts of one record. */
export interface RecordScore {
  record: string;
  /** reference beats that were scored */
  beats: number;
  found: number;
  missed: number;
  extra: number;
  /** RMS RR-interval error in ms */
  rrMs: number;
}

/** Sensitivity and positive predictivity in percent. */
export interface Rates {
  sensitivity: number;
  precision: number;
}

/** Gross figures pool the beats of all records; average ones are means over records (EC57). */
export interface Summary {
  records: number;
  beats: number;
  missed: number;
  extra: number;
  gross: Rates;
  average: Rates;
  /** mean over records */
  rrMs: number;
}

/** An interval that holds the figure in so many of 100 resamplings. */
export interface Interval {
  from: number;
  to: number;
}

export function scoreOf(record: string, { pairs, missed, extra, intervals, squaredMs }: Match): RecordScore {
  const rrMs = intervals === 0 ? 0 : Math.sqrt(squaredMs / intervals);
  return { record, beats: pairs.length + missed.length, found: pairs.length, missed: missed.length, extra: extra.length, rrMs };
}

/** Percent; 100 where there was nothing to find, or nothing was said. */
export function ratesOf({ found, missed, extra }: Pick<RecordScore, "found" | "missed" | "extra">): Rates {
  const percent = (all: number): number => (all === 0 ? 100 : (100 * found) / all);
  return { sensitivity: percent(found + missed), precision: percent(found + extra) };
}

export function summarise(scores: readonly RecordScore[]): Summary {
  const sum = (of: (score: RecordScore) => number): number => scores.reduce((total, score) => total + of(score), 0);
  const mean = (of: (score: RecordScore) => number): number => sum(of) / Math.max(1, scores.length);
  const [missed, extra] = [sum((one) => one.missed), sum((one) => one.extra)];
  return {
    records: scores.length,
    beats: sum(({ beats }) => beats),
    missed,
    extra,
    gross: ratesOf({ found: sum(({ found }) => found), missed, extra }),
    average: { sensitivity: mean((one) => ratesOf(one).sensitivity), precision: mean((one) => ratesOf(one).precision) },
    rrMs: mean((one) => one.rrMs),
  };
}

/**
 * 95 % bootstrap interval of a figure by record: beats of one patient are not independent, so whole records are drawn
 * with replacement. Seeded, hence the same for the same scores.
 */
export function bootstrap<Score>(scores: readonly Score[], figure: (drawn: readonly Score[]) => number, seed = 1, draws = 2000): Interval {
  const random = randomFrom(seed);
  const figures = Array.from({ length: draws }, () => figure(scores.map(() => scores[Math.floor(random() * scores.length)] as Score)));
  figures.sort((a, b) => a - b);
  return { from: figures[Math.floor(0.025 * draws)] ?? Number.NaN, to: figures[Math.ceil(0.975 * draws) - 1] ?? Number.NaN };
}

/** The per-record table as text. */
export function tableOf(scores: readonly RecordScore[]): string[] {
  const line = (...cells: readonly string[]): string => cells.map((cell) => cell.padStart(9)).join("");
  const row = (name: string, score: Pick<RecordScore, "beats" | "missed" | "extra" | "rrMs">, { sensitivity, precision }: Rates): string =>
    line(
      name,
      String(score.beats),
      String(score.missed),
      String(score.extra),
      sensitivity.toFixed(3),
      precision.toFixed(3),
      score.rrMs.toFixed(1),
    );
  const summary = summarise(scores);
  return [
    line("record", "beats", "missed", "extra", "Se %", "+P %", "RR ms"),
    ...scores.map((score) => row(score.record, score, ratesOf(score))),
    row("gross", summary, summary.gross),
    row("average", summary, summary.average),
  ];
}

/** Uniform in [0, 1): a 32-bit generator by Marsaglia (xorshift, 2003), started by a multiplicative hash of the seed. */
export function randomFrom(seed: number): () => number {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e37_79b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
