import { BASE, LEAVES, SPLITS } from "./model-table.ts";
import { ShapeScores } from "./shape-scores.ts";

/** How likely the beats of one patient are of ventricular origin: by each one's own features and by others of its shape. */
export class VentricularModel {
  readonly #shapes = new ShapeScores();

  /** Likelihood of the next beat, in permille. */
  permille(row: Int32Array): number {
    return likelihoodOf(Math.round(this.#shapes.join(row, scoreOf(row))));
  }
}

/** Thousandths of log-odds: a sum of small decision trees, each of three questions, in integers throughout. */
function scoreOf(row: Int32Array): number {
  let score = BASE;
  for (let tree = 0; tree < TREES; tree++) {
    let node = 1;
    while (node < LEAVES_OF_TREE) {
      const split = 2 * (tree * (LEAVES_OF_TREE - 1) + node - 1);
      node = 2 * node + ((row[TABLE[split] ?? 0] ?? 0) >= (TABLE[split + 1] ?? 0) ? 1 : 0);
    }
    score += VALUES[tree * LEAVES_OF_TREE + node - LEAVES_OF_TREE] ?? 0;
  }
  return score;
}

/** Logistic function of thousandths, from a table, straight between its points. */
function likelihoodOf(score: number): number {
  const size = Math.min(score < 0 ? -score : score, LAST_POINT);
  const point = Math.floor(size / POINT);
  const [low, high] = [LOGISTIC[point] ?? 1000, LOGISTIC[point + 1] ?? 1000];
  const above = low + Math.round(((high - low) * (size - point * POINT)) / POINT);
  return score < 0 ? 1000 - above : above;
}

const LEAVES_OF_TREE = 8;
const TABLE: Int32Array = Int32Array.from(SPLITS);
const VALUES: Int32Array = Int32Array.from(LEAVES);
const TREES: number = VALUES.length / LEAVES_OF_TREE;
/** 1000 / (1 + e^-x) for x = 0, 0.5, 1 … 7 */
const LOGISTIC = [500, 622, 731, 818, 881, 924, 953, 971, 982, 989, 993, 996, 998, 998, 999] as const;
const POINT = 500;
const LAST_POINT = 6999;
