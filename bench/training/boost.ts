/** How trees are grown. */
export interface BoostOptions {
  trees: number;
  depth: number;
  /** how much of each tree counts */
  rate: number;
  /** added to the sum of second derivatives of a leaf */
  lambda: number;
  /** least sum of second derivatives in a leaf */
  leastWeight: number;
  /** for each column 1 where more must not speak against, -1 where more must not speak for, 0 for either; null: not asked */
  directions: readonly (1 | -1 | 0 | null)[];
  /** percent of the columns and of the groups that each tree sees, by a fixed hash */
  columnsPercent: number;
  groupsPercent: number;
}

/** A tree of 2^depth leaves: questions in order of level, "is this column at least this much?". */
export interface Tree {
  splits: { column: number; least: number }[];
  leaves: number[];
}

/** Log-odds are the base and one leaf of each tree. */
export interface Model {
  base: number;
  trees: Tree[];
}

/** Rows with what they are and how much they count. */
export interface Labelled {
  rows: readonly Int32Array[];
  /** 1 or 0 */
  labels: readonly number[];
  weights: readonly number[];
  /** what belongs together, such as one patient's beats */
  groups: readonly number[];
}

/**
 * Boosted trees on histograms with logistic loss; every tree sees some of the groups and columns (Friedman 2001, 2002). What
 * it sees follows from a hash: the same rows give the same model.
 */
export function boost({ rows, labels, weights, groups }: Labelled, options: BoostOptions): Model {
  const { rate, lambda } = options;
  const edges = binEdges(rows, options.directions.length);
  const binned: Binned = { edges, columns: edges.map((bounds, column) => Uint8Array.from(rows, (row) => binOf(bounds, row[column] ?? 0))) };
  const positive = labels.reduce((sum, label, i) => sum + label * (weights[i] ?? 0), 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const model: Model = { base: Math.log(positive / (total - positive)), trees: [] };
  const scores = new Float64Array(rows.length).fill(model.base);
  const gradients: Gradients = { first: new Float64Array(rows.length), second: new Float64Array(rows.length) };
  while (model.trees.length < options.trees) {
    const tree = model.trees.length;
    for (let i = 0; i < rows.length; i++) {
      const likelihood = 1 / (1 + Math.exp(-(scores[i] ?? 0)));
      const weight = hash(tree, groups[i] ?? 0) % 100 < options.groupsPercent ? (weights[i] ?? 0) : 0;
      gradients.first[i] = weight * ((labels[i] ?? 0) - likelihood);
      gradients.second[i] = weight * likelihood * (1 - likelihood);
    }
    const asked = options.directions.map((direction, column) =>
      hash(tree + COLUMNS, column) % 100 < options.columnsPercent ? direction : null,
    );
    const { splits, nodes } = grow(binned, gradients, { ...options, directions: asked });
    const leaves = 2 ** options.depth;
    const [sums, squares] = [new Float64Array(leaves), new Float64Array(leaves)];
    nodes.forEach((node, i) => {
      sums[node - leaves] = (sums[node - leaves] ?? 0) + (gradients.first[i] ?? 0);
      squares[node - leaves] = (squares[node - leaves] ?? 0) + (gradients.second[i] ?? 0);
    });
    const values = Array.from(sums, (sum, leaf) => (rate * sum) / ((squares[leaf] ?? 0) + lambda));
    nodes.forEach((node, i) => (scores[i] = (scores[i] ?? 0) + (values[node - leaves] ?? 0)));
    model.trees.push({
      leaves: values,
      splits: splits.map((split) =>
        split === null ? { column: 0, least: NEVER } : { column: split.column, least: edges[split.column]?.[split.bin] ?? NEVER },
      ),
    });
  }
  return model;
}

/** Log-odds of a row. */
export function logOdds({ base, trees }: Model, row: Int32Array): number {
  let score = base;
  for (const { splits, leaves } of trees) {
    let node = 1;
    while (node < leaves.length) {
      const split = splits[node - 1];
      node = 2 * node + (split !== undefined && (row[split.column] ?? 0) >= split.least ? 1 : 0);
    }
    score += leaves[node - leaves.length] ?? 0;
  }
  return score;
}

interface Binned {
  edges: readonly (readonly number[])[];
  columns: readonly Uint8Array[];
}

interface Gradients {
  first: Float64Array;
  second: Float64Array;
}

interface Split {
  column: number;
  /** rows of this bin and below go left */
  bin: number;
  gain: number;
}

function binEdges(rows: readonly Int32Array[], columns: number): number[][] {
  return Array.from({ length: columns }, (_, column) => {
    const sorted = Int32Array.from(rows, (row) => row[column] ?? 0).toSorted();
    const edges: number[] = [];
    for (let bin = 1; bin < BINS; bin++) {
      const edge = sorted[Math.floor((bin * sorted.length) / BINS)] ?? 0;
      if (edge > (edges.at(-1) ?? sorted[0] ?? 0)) edges.push(edge);
    }
    return edges;
  });
}

function binOf(edges: readonly number[], value: number): number {
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] ?? 0)) bin++;
  return bin;
}

function grow(binned: Binned, gradients: Gradients, options: BoostOptions): { splits: (Split | null)[]; nodes: Uint16Array } {
  const nodes = new Uint16Array(gradients.first.length).fill(1);
  const splits: (Split | null)[] = [];
  for (let level = 0; level < options.depth; level++) {
    const best = bestSplits(binned, gradients, nodes, 2 ** level, options);
    splits.push(...best);
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] ?? 1;
      const split = best[node - 2 ** level] ?? null;
      nodes[i] = 2 * node + (split !== null && (binned.columns[split.column]?.[i] ?? 0) > split.bin ? 1 : 0);
    }
  }
  return { splits, nodes };
}

function bestSplits(
  { edges, columns }: Binned,
  { first, second }: Gradients,
  nodes: Uint16Array,
  firstNode: number,
  { lambda, leastWeight, directions }: BoostOptions,
): (Split | null)[] {
  const best = Array.from({ length: firstNode }, (): Split | null => null);
  const [sums, weights] = [new Float64Array(firstNode * BINS), new Float64Array(firstNode * BINS)];
  columns.forEach((bins, column) => {
    const count = edges[column]?.length ?? 0;
    const direction = directions[column] ?? null;
    if (count === 0 || direction === null) return;
    sums.fill(0);
    weights.fill(0);
    for (let i = 0; i < bins.length; i++) {
      const cell = ((nodes[i] ?? 1) - firstNode) * BINS + (bins[i] ?? 0);
      sums[cell] = (sums[cell] ?? 0) + (first[i] ?? 0);
      weights[cell] = (weights[cell] ?? 0) + (second[i] ?? 0);
    }
    for (let node = 0; node < firstNode; node++) {
      const cells = node * BINS;
      let [sum, weight] = [0, 0];
      for (let bin = 0; bin <= count; bin++) {
        sum += sums[cells + bin] ?? 0;
        weight += weights[cells + bin] ?? 0;
      }
      let [left, leftWeight] = [0, 0];
      for (let bin = 0; bin < count; bin++) {
        left += sums[cells + bin] ?? 0;
        leftWeight += weights[cells + bin] ?? 0;
        const [right, rightWeight] = [sum - left, weight - leftWeight];
        if (leftWeight < leastWeight || rightWeight < leastWeight) continue;
        if (direction * (right / (rightWeight + lambda) - left / (leftWeight + lambda)) < 0) continue;
        const gain = (left * left) / (leftWeight + lambda) + (right * right) / (rightWeight + lambda) - (sum * sum) / (weight + lambda);
        if (gain > (best[node]?.gain ?? LEAST_GAIN)) best[node] = { column, bin, gain };
      }
    }
  });
  return best;
}

/** 32 bits from two numbers (after MurmurHash3's finalizer). */
function hash(a: number, b: number): number {
  let x = Math.imul(a + 1, 2_654_435_761) ^ Math.imul(b + 17, 2_246_822_519);
  x ^= x >>> 15;
  x = Math.imul(x, 3_266_489_917);
  x ^= x >>> 13;
  x = Math.imul(x, 668_265_263);
  x ^= x >>> 16;
  return x >>> 0;
}

const COLUMNS = 1000;
const BINS = 64;
const LEAST_GAIN = 1e-6;
/** No feature is as large. */
const NEVER = 1_000_000_000;
