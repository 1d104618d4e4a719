import type { Column } from "./run-kit.ts";
import { CELL, divergences, MEANING, tally } from "./tally.ts";
import { shownOutcomes } from "./print-report.ts";

/** The report as Markdown, as docs/CONFORMANCE.md has it: the same run gives the same text. */
export function markdownReport(columns: readonly Column[], digest: string): string[] {
  const asked = (columns[0]?.rows ?? []).filter(({ outcome }) => outcome !== "not for runners");
  const refused = asked.filter(({ vector }) => vector.expected.exit !== 0).length;
  const shown = shownOutcomes(columns);
  const groups = divergences(columns);
  return [
    `${asked.length} vectors, ${refused} to refuse and ${asked.length - refused} to accept. SHA-256 of what was asked: \`${digest}\`.`,
    "",
    row(["verifier", ...shown.map((outcome) => MEANING[outcome])]),
    row(["---", ...shown.map(() => "---:")]),
    ...columns.map(tally).map(({ name, counts }) => row([code(name), ...shown.map((outcome) => String(counts[outcome]))])),
    "",
    ...(groups.length === 0
      ? ["Nothing diverges."]
      : [
          row(["rule", "vector", "must be", ...columns.map(({ name }) => code(name))]),
          row(["---", "---", "---", ...columns.map(() => "---")]),
          ...groups.flatMap(({ rule, lines }) =>
            lines.map(({ row: { vector }, cells }) =>
              row([
                rule,
                `${code(vector.id)}: ${vector.title}`,
                vector.expected.exit === 0 ? "accepted" : "refused",
                ...cells.map((outcome) => (outcome === "accepts" ? `**${CELL[outcome]}**` : CELL[outcome])),
              ]),
            ),
          ),
        ]),
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}
