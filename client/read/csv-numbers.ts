import type { CsvColumn } from "./csv-columns.ts";
import type { CsvSeparator } from "./csv-rows.ts";
import { parseDecimal, type Rational } from "./rational.ts";
import { convert } from "./signals.ts";

type SignalColumn = Extract<CsvColumn, { kind: "signal" }>;

/** Reads the numbers of one file, which keeps to one decimal mark. Waves repeat their values: those that were read are kept. */
export class CsvNumbers {
  readonly #separator: CsvSeparator;
  readonly #known = new Map<SignalColumn, Map<string, Rational>>();
  #mark: "." | "," | null = null;

  constructor(separator: CsvSeparator) {
    this.#separator = separator;
  }

  /** What a cell that is no number should have been. */
  get expected(): string {
    if (this.#separator === ",") return "a number with a decimal point, or nothing; decimal commas need semicolons or tabs between cells";
    return this.#mark === null ? "a number, or nothing" : `a number with "${this.#mark}" as on the lines before, or nothing`;
  }

  /** A number in the column's unit; "comparator" for one that is known to be smaller or larger; undefined for anything else. */
  parse(cell: string, column: SignalColumn): Rational | "comparator" | undefined {
    let known = this.#known.get(column);
    if (known === undefined) this.#known.set(column, (known = new Map()));
    const before = known.get(cell);
    if (before !== undefined) return before;
    const value = this.#read(cell);
    if (value === undefined || value === "comparator") return value;
    const converted = convert(value, column.conversion);
    if (known.size < MAX_KNOWN) known.set(cell, converted);
    return converted;
  }

  #read(cell: string): Rational | "comparator" | undefined {
    const [, comparator, text = ""] = /^([<>]=?|[≤≥])?\s*(\S+)$/u.exec(cell) ?? [];
    const mark = text.includes(",") ? "," : text.includes(".") ? "." : null;
    if (mark === "," && this.#separator === ",") return undefined;
    if (mark !== null && this.#mark !== null && mark !== this.#mark) return undefined;
    const value = parseDecimal(mark === "," ? text.replace(",", ".") : text);
    if (value === null) return undefined;
    this.#mark ??= mark;
    return comparator === undefined ? value : "comparator";
  }
}

const MAX_KNOWN = 65_536;
