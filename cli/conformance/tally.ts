import { OUTCOMES, type Outcome } from "./judge.ts";
import { RULES } from "./rules.ts";
import type { Column, Row } from "./run-kit.ts";

/** How often each outcome occurred in one column, beside the vectors that runners cannot be asked. */
export interface Tally {
  name: string;
  counts: Readonly<Record<Row["outcome"], number>>;
  diverges: boolean;
}

/** Counts one verifier's outcomes. */
export function tally({ name, rows }: Column): Tally {
  const count = (outcome: Row["outcome"]): number => rows.filter((row) => row.outcome === outcome).length;
  const counts = Object.fromEntries(ALL.map((outcome) => [outcome, count(outcome)])) as Record<Row["outcome"], number>;
  return { name, counts, diverges: rows.some(({ outcome }) => isDivergent(outcome)) };
}

/** The vectors of one rule that some verifier does not agree with: one row a vector, one cell a verifier. */
export interface Group {
  rule: string;
  sentence: string;
  lines: readonly { row: Row; cells: readonly Row["outcome"][] }[];
}

/** Groups what diverges by rule, in the order of the rules. */
export function divergences(columns: readonly Column[]): Group[] {
  const [first] = columns;
  const lines = (first?.rows ?? []).flatMap((row, i) => {
    const rows = columns.flatMap((column) => column.rows[i] ?? []);
    return rows.some(({ outcome }) => isDivergent(outcome)) ? [{ row, cells: rows.map(({ outcome }) => outcome) }] : [];
  });
  return [...RULES]
    .map(([rule, sentence]) => ({ rule, sentence, lines: lines.filter(({ row }) => row.vector.rule === rule) }))
    .filter((group) => group.lines.length > 0);
}

/** Whether an outcome is a divergence. Whoever says that he cannot, or was not asked, is not wrong. */
export function isDivergent(outcome: Row["outcome"]): boolean {
  return outcome !== "agrees" && outcome !== "cannot" && outcome !== NOT_FOR_RUNNERS;
}

/** How an outcome is written in a cell. */
export const CELL: Readonly<Record<Row["outcome"], string>> = {
  agrees: "agrees",
  accepts: "ACCEPTS",
  refuses: "refuses",
  differs: "other reason",
  cannot: "cannot",
  broken: "broken",
  "not for runners": "-",
};

/** What an outcome means, for the head of a table. */
export const MEANING: Readonly<Record<Outcome, string>> = {
  agrees: "agrees",
  accepts: "accepts what must be refused",
  refuses: "refuses what must be accepted",
  differs: "right for another reason",
  cannot: "cannot",
  broken: "broken",
};

const NOT_FOR_RUNNERS = "not for runners";
const ALL: readonly Row["outcome"][] = [...OUTCOMES, NOT_FOR_RUNNERS];
