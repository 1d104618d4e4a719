import { styled, type Segment, type Style, type Terminal } from "../print.ts";
import { OUTCOMES, type Answer, type Outcome } from "./judge.ts";
import type { Column, Row } from "./run-kit.ts";
import { CELL, divergences, isDivergent, MEANING, tally } from "./tally.ts";

/** Prints what came out: for people a summary and the vectors on which somebody diverges, with --json every row and a summary. */
export function printReport(columns: readonly Column[], digest: string, terminal: Terminal): void {
  for (const { name, rows } of columns) for (const row of rows) terminal.object(rowObject(name, row));
  const tallies = columns.map(tally);
  const vectors = columns[0]?.rows.length ?? 0;
  terminal.object({ summary: true, vectors, kitSha256: digest, diverges: tallies.some((one) => one.diverges), verifiers: tallies });
  const shown = shownOutcomes(columns);
  terminal.table([
    ["verifier", ...shown.map((outcome) => CELL[outcome].toLowerCase())],
    ...tallies.map(({ name, counts }) => [name, ...shown.map((outcome) => number(outcome, counts[outcome]))]),
  ]);
  printDivergences(columns, terminal);
  for (const column of columns) printWhy(column, terminal);
  const left = columns[0]?.rows.filter(({ outcome }) => outcome === "not for runners").length ?? 0;
  if (left > 0) terminal.line(`not for runners: ${left}, which ask for what a command line cannot say; without --runner they run`);
  terminal.line(
    sentence(
      tallies.filter((one) => one.diverges).map(({ name }) => name),
      vectors - left,
    ),
  );
}

/** One line for each vector on which somebody diverges, by rule. */
function printDivergences(columns: readonly Column[], terminal: Terminal): void {
  const groups = divergences(columns);
  if (groups.length === 0) return;
  terminal.line();
  terminal.table([
    ["rule", "vector", "must be", ...columns.map(({ name }) => name)],
    ...groups.flatMap(({ rule, lines }) =>
      lines.map(({ row, cells }, i) => [
        i === 0 ? rule : "",
        row.vector.id,
        mustBe(row),
        ...cells.map((outcome) => styled(STYLE[outcome], CELL[outcome])),
      ]),
    ),
  ]);
  terminal.line(legend());
  terminal.line();
}

/** How answers came about that an exit code does not explain. */
function printWhy({ name, rows }: Column, terminal: Terminal): void {
  const unclear = rows.filter(({ answer, outcome }) => outcome === "broken" || (isWhole(answer) && isDivergent(outcome)));
  for (const { vector, answer } of unclear.slice(0, MAX_WHY))
    terminal.line(`${name}: ${vector.id}: expected ${vector.expected.code}, found ${answer?.why ?? "nothing"}`);
  if (unclear.length > MAX_WHY) terminal.line(`${name}: and ${unclear.length - MAX_WHY} more; --json tells all`);
}

function sentence(divergent: readonly string[], vectors: number): Segment[] {
  const over = vectors === 1 ? "over one vector" : `over ${vectors} vectors`;
  return [
    divergent.length === 0 ? styled("green", `no divergence ${over}`) : styled("red", `divergences ${over}: ${divergent.join(", ")}`),
  ];
}

function rowObject(name: string, { vector, answer, outcome }: Row): Readonly<Record<string, unknown>> {
  return {
    vector: vector.id,
    rule: vector.rule,
    title: vector.title,
    verifier: name,
    outcome,
    expected: vector.expected,
    found: answer === null ? null : (answer.verdict ?? { exit: answer.exit }),
    how: answer?.why ?? null,
  };
}

function mustBe({ vector }: Row): string {
  return vector.expected.exit === 0 ? "accepted" : "refused";
}

function number(outcome: Outcome, count: number): Segment {
  return styled(count === 0 ? "plain" : STYLE[outcome], String(count));
}

/** Only where whole verdicts are compared can the reason differ. */
export function shownOutcomes(columns: readonly Column[]): Outcome[] {
  const whole = columns.some(({ rows }) => rows.some(({ answer }) => isWhole(answer)));
  return OUTCOMES.filter((outcome) => outcome !== "differs" || whole);
}

/** Whether the whole verdict is known, not its exit code alone. */
function isWhole(answer: Answer | null): boolean {
  return answer !== null && answer.verdict !== null;
}

/** The meanings of the short words, for whoever reads such a table the first time. */
function legend(): string {
  return `${CELL.accepts} = ${MEANING.accepts}; ${CELL.refuses} = ${MEANING.refuses}`;
}

const MAX_WHY = 10;
const STYLE: Readonly<Record<Row["outcome"], Style>> = {
  agrees: "green",
  accepts: "red",
  refuses: "yellow",
  differs: "yellow",
  cannot: "dim",
  broken: "yellow",
  "not for runners": "dim",
};
