import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/** One measured figure; `ratio` is against another figure of the same run. */
export interface Row {
  bench: string;
  name: string;
  value: number;
  unit: string;
  ratio: number | null;
  against: string | null;
  /** the most that `ratio` is meant to be */
  target: number | null;
}

interface Kept {
  at: string;
  machine: string;
  rows: Row[];
  /** lines of text by title, such as figures of each record */
  tables?: Record<string, readonly string[]>;
}

/** Collects the figures of one benchmark, prints them, and keeps them with the machine that gave them. */
export class Report {
  readonly #bench: string;
  readonly #json: boolean;
  readonly #save: boolean;
  readonly #rows: Row[] = [];
  readonly #tables: Record<string, readonly string[]> = {};

  constructor(bench: string, options: { json: boolean; save: boolean }) {
    this.#bench = bench;
    this.#json = options.json;
    this.#save = options.save;
  }

  /** Tells what is going on, on stderr. */
  progress(text: string): void {
    if (!this.#json) process.stderr.write(`${text}\n`);
  }

  /** Keeps a table with the figures, and shows it on stderr. */
  table(title: string, lines: readonly string[]): void {
    this.#tables[title] = lines;
    this.progress([title, ...lines].join("\n"));
  }

  /** `against` names another figure and gives it, or the ratio to it where that was measured pair by pair. */
  add(
    name: string,
    value: number,
    unit: string,
    against?: { name: string } & ({ value: number } | { ratio: number; target: number | null }),
  ): void {
    const ratio = against === undefined ? null : round("ratio" in against ? against.ratio : value / against.value);
    const target = against !== undefined && "target" in against ? against.target : null;
    this.#rows.push({ bench: this.#bench, name, value: round(value), unit, ratio, against: against?.name ?? null, target });
  }

  finish(): void {
    const file = new URL(`results/${this.#bench}.ndjson`, import.meta.url);
    const before = lastOnThisMachine(file);
    for (const row of this.#rows) process.stdout.write(`${this.#json ? JSON.stringify(row) : line(row, before)}\n`);
    const kept: Kept = { at: new Date().toISOString(), machine: machine(), rows: this.#rows };
    if (Object.keys(this.#tables).length > 0) kept.tables = this.#tables;
    if (this.#save) appendFileSync(file, `${JSON.stringify(kept)}\n`);
  }
}

function line(row: Row, before: Kept | null): string {
  const ratio = row.ratio === null ? "" : `  ${row.ratio} x ${row.against ?? ""}`;
  const target = row.target === null ? "" : ` (target ${row.target})`;
  const last = before?.rows.find((one) => one.name === row.name);
  const trend = last === undefined ? "" : `  (last here: ${last.ratio === null ? `${last.value} ${last.unit}` : `${last.ratio} x`})`;
  return `${row.name.padEnd(48)} ${String(row.value).padStart(10)} ${row.unit}${ratio}${target}${trend}`;
}

function lastOnThisMachine(file: URL): Kept | null {
  if (!existsSync(file)) return null;
  const kept = readFileSync(file, "utf8")
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as Kept);
  return kept.findLast((one) => one.machine === machine()) ?? null;
}

function machine(): string {
  const all = cpus();
  return `${all[0]?.model.trim() ?? "unknown"}, ${all.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.versions.node}, ${process.platform}-${process.arch}`;
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}

/** Tenth, middle and 99th percentile of measured values. */
export function percentiles(values: readonly number[]): { p10: number; p50: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p10: at(0.1), p50: at(0.5), p99: at(0.99) };
}
