import type { RecordingEvent } from "@caladrius/wire";
import { Collector, type ReadResult } from "./collect.ts";
import { channelFromPoints, type Point } from "./columns.ts";
import { parseCsvColumn, type CsvColumn } from "./csv-columns.ts";
import { csvRows, type CsvRow } from "./csv-rows.ts";
import { parseCsvSettings, parseCsvTimeMs, TIME_GRAMMAR, type CsvSettings } from "./csv-settings.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { parseDecimal, type Rational } from "./rational.ts";
import { convert } from "./signals.ts";
import { decodeText } from "./text.ts";

export interface CsvOptions {
  /** name of the file, for problems and sources; without `.csv` it is the subject where the file names none */
  file: string;
  limits?: Partial<ReadLimits>;
}

/**
 * Reads CSV (RFC 4180, attacker-controlled bytes). The grammar:
 *
 * - first any number of lines `# key: value` with the keys `subject`, `device`, and for evenly sampled files, which have no
 *   time column, `start` (time of the first row) and `rate` (rows per second); other `#` lines are remarks;
 * - then one header row: `time`, optional `subject` and `device`, and columns as `parseCsvColumn` reads them, such as
 *   `8867-4 [/min]`, `SpO2 [%]`, `mdc:131330 [mV]`, `oxygen`, `consciousness`, `spo2-scale`;
 * - then rows with as many cells. `time` is date and time with offset ("2026-01-01T08:00:00Z") or whole milliseconds since
 *   1970; an empty cell, `NA` or `NaN` is "no value"; `oxygen` is on or off, `consciousness` one of A C V P U, `spo2-scale`
 *   1 or 2, each valid until the next and left empty where nothing is said.
 *
 * A file with a fault is refused whole, with the line. Never throws for anything in the file.
 */
export function readCsv(bytes: Uint8Array, options: CsvOptions): ReadResult {
  const collector = new Collector(options.limits);
  collectCsv(bytes, options.file, collector);
  return collector.finish();
}

/** The same into a collector that other files share. */
export function collectCsv(bytes: Uint8Array, file: string, collector: Collector): void {
  collector.open(file);
  collector.attempt(file, () => {
    const { settings, rest, lines } = parseCsvSettings(decodeText(bytes, collector.limits), file);
    const rows = csvRows(rest, lines + 1);
    const header = rows.next();
    if (header.done === true) throw new ReadError("csv-header", `line ${lines + 1}`, "a header row", "the end");
    const columns = header.value.cells.map((cell) => parseCsvColumn(cell, `line ${header.value.line}`));
    checkColumns(columns, settings, `line ${header.value.line}`);
    // All rows are parsed before anything is handed on, so that a faulty file leaves nothing behind.
    const parsed: ParsedRow[] = [];
    for (const row of rows) {
      if ((parsed.length + 1) * columns.length > collector.limits.maxPoints) {
        throw new ReadError("recording-limit", `line ${row.line}`, `at most ${collector.limits.maxPoints} values`, "more");
      }
      parsed.push(parseRow(row, columns, settings));
    }
    if (parsed.length === 0) throw new ReadError("file-empty", "file", "rows", "none");
    if (settings.sampled === null) handOn(parsed, columns, file, collector);
    else handOnSampled(parsed, columns, settings, settings.sampled, file, collector);
  });
}

function checkColumns(columns: readonly CsvColumn[], settings: CsvSettings, where: string): void {
  const names = columns.map((column) => (column.kind === "signal" ? column.signal.code : column.kind));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ReadError("csv-header", where, "each column once", `${twice} again`);
  if (!columns.some((column) => column.kind === "signal")) throw new ReadError("csv-header", where, "a signal column", names.join(", "));
  if (settings.sampled === null && !names.includes("time"))
    throw new ReadError("csv-header", where, 'a column "time", or "# start" and "# rate"', names.join(", "));
  const other = settings.sampled === null ? undefined : columns.find((column) => column.kind !== "signal");
  if (other !== undefined) throw new ReadError("csv-header", where, "signal columns alone beside # rate", other.kind);
}

interface ParsedRow {
  atMs: number;
  subject: string;
  device: string | null;
  /** by column; undefined where the column is no signal */
  values: (Rational | null | undefined)[];
  events: RecordingEvent[];
}

function parseRow(row: CsvRow, columns: readonly CsvColumn[], settings: CsvSettings): ParsedRow {
  if (row.cells.length !== columns.length)
    throw new ReadError("csv-row", `line ${row.line}`, `${columns.length} cells`, String(row.cells.length));
  const parsed: ParsedRow = { atMs: 0, subject: settings.subject, device: settings.device, values: [], events: [] };
  columns.forEach((column, i) => {
    const cell = row.cells[i] ?? "";
    const fault = (expected: string): ReadError => new ReadError("csv-value", `line ${row.line}, column ${i + 1}`, expected, quote(cell));
    switch (column.kind) {
      case "time": {
        const atMs = parseCsvTimeMs(cell);
        if (atMs === null) throw fault(TIME_GRAMMAR);
        parsed.atMs = atMs;
        return;
      }
      case "subject":
      case "device":
        if (cell.length < 1 || cell.length > 128) throw fault("1 to 128 characters");
        parsed[column.kind] = cell;
        return;
      case "signal": {
        const value = ABSENT.has(cell) ? null : parseDecimal(cell);
        if (value === null && !ABSENT.has(cell)) throw fault("a number, or nothing");
        parsed.values[i] = value === null ? null : convert(value, column.conversion);
        return;
      }
      case "oxygen":
      case "consciousness":
      case "spo2-scale":
        if (cell === "") return;
        if (!EVENT_VALUES[column.kind].includes(cell)) throw fault(EVENT_VALUES[column.kind].join(", "));
        parsed.events.push({ atMs: 0, kind: column.kind, value: cell });
    }
  });
  return parsed;
}

function handOn(rows: readonly ParsedRow[], columns: readonly CsvColumn[], file: string, collector: Collector): void {
  for (const { atMs, subject, device, values, events } of rows) {
    collector.source(subject, file, device);
    for (const event of events) collector.event(subject, { ...event, atMs });
    columns.forEach((column, i) => {
      const value = values[i];
      if (column.kind !== "signal" || value === undefined) return;
      if (value === null) collector.count("value-absent", subject);
      collector.point(subject, column.signal.code, column.signal.unit, { atMs, rank: 0, value });
    });
  }
}

/** Evenly sampled rows: a rate such as 360 Hz falls on no whole milliseconds, so that rows are counted instead. */
function handOnSampled(
  rows: readonly ParsedRow[],
  columns: readonly CsvColumn[],
  { subject, device }: CsvSettings,
  { startMs, rate }: { startMs: number; rate: { numerator: number; denominator: number } },
  file: string,
  collector: Collector,
): void {
  collector.source(subject, file, device);
  columns.forEach((column, i) => {
    if (column.kind !== "signal") return;
    const points = rows.map(({ values }, index): Point => ({ atMs: index, value: values[i] ?? null }));
    const absent = points.filter(({ value }) => value === null).length;
    if (absent > 0) collector.count("value-absent", subject, absent);
    const channel = channelFromPoints(column.signal.code, column.signal.unit, points);
    collector.wave(subject, { ...channel, startMs, timing: { kind: "rate", ...rate } });
  });
}

const ABSENT: ReadonlySet<string> = new Set(["", "NA", "NaN"]);
const EVENT_VALUES: Readonly<Record<RecordingEvent["kind"], readonly string[]>> = {
  oxygen: ["on", "off"],
  consciousness: ["A", "C", "V", "P", "U"],
  "spo2-scale": ["1", "2"],
};
