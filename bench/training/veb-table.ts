import type { Model } from "./boost.ts";

/** The model as the source of `enclave/analyse/ecg/ectopy/model-table.ts`: integers, thousandths of log-odds. */
export function tableSource({ base, trees }: Model): string {
  const splits = trees.map((tree) => tree.splits.flatMap(({ column, least }) => [column, least]).join(", "));
  const leaves = trees.map((tree) => tree.leaves.map(thousandths).join(", "));
  return [
    "// Trained on MIT-BIH DS1 by bench/training/train-veb.ts. Do not edit.",
    "",
    "/** Where a sum of leaves begins: thousandths of log-odds. */",
    `export const BASE = ${thousandths(base)};`,
    "",
    "/** Questions of each tree by level: column of the feature, and the least value that goes right. */",
    "// oxfmt-ignore",
    "export const SPLITS: readonly number[] = [",
    ...splits.map((line) => `  ${line},`),
    "];",
    "",
    "/** Leaves of each tree: thousandths of log-odds. */",
    "// oxfmt-ignore",
    "export const LEAVES: readonly number[] = [",
    ...leaves.map((line) => `  ${line},`),
    "];",
    "",
  ].join("\n");
}

function thousandths(value: number): number {
  return Math.round(1000 * value) + 0; // no -0
}
