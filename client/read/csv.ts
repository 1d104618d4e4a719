import type { RecordingEvent } from "@caladrius/wire";
import { Collector, type ReadResult } from "./collect.ts";
import { channelFromPoints, type Point } from "./columns.ts";
import { parseCsvColumn, type CsvColumn } from "./csv-columns.ts";
import { CsvNumbers } from "./csv-numbers.ts";
import { csvRows, separatorOf, type CsvRow } from "./csv-rows.ts";
import { parseCsvSettings, type CsvSettings } from "./csv-settings.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { tooLarge } from "./plausible.ts";
import { compare, rational, type Rational } from "./rational.ts";
import { decodeText } from "./text.ts";

export interface CsvOptions {
  /** name of the file, for problems and sources; without `.csv` it is the subject where the file names none */
  file: string;
  /** of times without offset: an IANA name or a fixed offset; without one such times are refused */
  zone?: string;
  limits?: Partial<ReadLimits>;
}

/**
 * Reads CSV (RFC 4180, attacker-controlled bytes). The grammar:
 *
 * - first any number of lines `# key: value` with the keys `subject`, `device`, `zone` (of times without offset), and for
 *   evenly sampled files, which have no time column, `start` (time of the first row) and `rate` (rows per second); other `#`
 *   lines are remarks;
 * - then one header row: `time`, optional `subject` and `device`, and columns as `parseCsvColumn` reads them, such as
 *   `8867-4 [/min]`, `SpO2 [%]`, `mdc:131330 (mV)`, `oxygen`, `consciousness`, `spo2-scale`, with comma, semicolon or tab
 *   between them;
 * - then rows with as many cells, in any order; in evenly sampled files an empty line is a row too. `time` is as `csvClock` reads it; an empty cell, `NA` or `NaN` is "no value";
 *   `<60` and `>200` are counted as comparators and carried as missing; a decimal comma is read where no comma is between
 *   cells, and one file keeps to one mark; `oxygen` is on or off, `consciousness` one of A C V P U, `spo2-scale` 1 or 2, each
 *   valid until the next and left empty where nothing is said.
 *
 * A file with a fault is refused whole, with the line. Never throws for anything in the file.
 */
export function readCsv(bytes: Uint8Array, options: CsvOptions): ReadResult {
  const collector = new Collector(options.limits);
  collectCsv(bytes, options.file, collector, options.zone ?? null);
  return collector.finish();
}

/** The same into a collector that other files share. */
export function collectCsv(bytes: Uint8Array, file: string, collector: Collector, zone: string | null = null): void {
  collector.open(file);
  collector.attempt(file, () => {
    const { settings, rest, lines } = parseCsvSettings(decodeText(bytes, collector.limits), file, zone);
    const separator = separatorOf(rest);
    const isSampled = settings.sampled !== null;
    const rows = csvRows(isSampled ? withoutLastLines(rest) : rest, separator, lines + 1, isSampled);
    const header = rows.next();
    if (header.done === true) throw new ReadError("csv-header", `line ${lines + 1}`, "a header row", "the end");
    const columns = header.value.cells.map((cell) => parseCsvColumn(cell, `line ${header.value.line}`));
    checkColumns(columns, settings, `line ${header.value.line}`);
    // All rows are parsed before anything is handed on, so that a faulty file leaves nothing behind.
    const parsed: ParsedRow[] = [];
    const numbers = new CsvNumbers(separator);
    for (const row of rows) {
      if ((parsed.length + 1) * columns.length > collector.limits.maxPoints) {
        throw new ReadError("recording-limit", `line ${row.line}`, `at most ${collector.limits.maxPoints} values`, "more");
      }
      parsed.push(parseRow(row, columns, settings, numbers));
    }
    if (parsed.length === 0) throw new ReadError("file-empty", "file", "rows", "none");
    refuseFractions(parsed, columns);
    if (settings.sampled === null && !columns.some(({ kind }) => kind === "subject")) refuseSeveral(parsed, columns);
    if (settings.sampled === null) handOn(parsed, columns, file, collector);
    else handOnSampled(parsed, columns, settings, settings.sampled, file, collector);
  });
}

/** Empty lines at the end are no rows: editors leave them there. */
function withoutLastLines(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return text.slice(0, end);
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
  line: number;
  /** cells such as "<60", which are among the missing */
  comparators: number;
  /** by column; undefined where the column is no signal */
  values: (Rational | null | undefined)[];
  events: readonly RecordingEvent[];
}

/** Shared, since most rows of large files have none. */
const NO_EVENTS: readonly RecordingEvent[] = [];

function parseRow(row: CsvRow, columns: readonly CsvColumn[], settings: CsvSettings, numbers: CsvNumbers): ParsedRow {
  if (row.cells.length !== columns.length)
    throw new ReadError("csv-row", `line ${row.line}`, `${columns.length} cells`, String(row.cells.length));
  const parsed: ParsedRow = {
    line: row.line,
    atMs: 0,
    subject: settings.subject,
    device: settings.device,
    values: columns.map(() => undefined), // of their number at once: pushing would take room for sixteen
    comparators: 0,
    events: NO_EVENTS,
  };
  columns.forEach((column, i) => {
    const cell = row.cells[i] ?? "";
    const fault = (expected: string, code: "csv-value" | "csv-time" | "value-range" = "csv-value"): ReadError =>
      new ReadError(code, `line ${row.line}, column ${i + 1}`, expected, quote(cell));
    switch (column.kind) {
      case "time": {
        const time = settings.clock(cell, column.unit);
        if ("expected" in time) throw fault(time.expected, "csv-time");
        parsed.atMs = time.atMs;
        return;
      }
      case "subject":
      case "device":
        if (cell.length < 1 || cell.length > 128) throw fault("1 to 128 characters");
        parsed[column.kind] = cell;
        return;
      case "signal": {
        const value = ABSENT.has(cell) ? null : numbers.parse(cell, column);
        if (value === undefined) throw fault(numbers.expected);
        if (value === "comparator") parsed.comparators++;
        else if (value !== null) {
          const limit = tooLarge(column.signal.unit, value);
          if (limit !== null) throw fault(limit, "value-range");
        }
        parsed.values[i] = value === "comparator" ? null : value;
        return;
      }
      case "oxygen":
      case "consciousness":
      case "spo2-scale":
        if (cell === "") return;
        if (!EVENT_VALUES[column.kind].includes(cell)) throw fault(EVENT_VALUES[column.kind].join(", "));
        parsed.events = [...parsed.events, { atMs: 0, kind: column.kind, value: cell }];
    }
  });
  return parsed;
}

/** Saturations that are all between nought and one are fractions: as percent they would be a dying patient's. */
function refuseFractions(rows: readonly ParsedRow[], columns: readonly CsvColumn[]): void {
  columns.forEach((column, i) => {
    if (column.kind !== "signal" || column.signal.unit !== "%") return;
    const values = rows.flatMap(({ values: own }) => own[i] ?? []);
    if (values.length === 0 || values.some((value) => compare(value, ONE) > 0) || values.every(({ n }) => n <= 0n)) return;
    throw new ReadError("csv-value", `column ${i + 1}`, "percent, such as 97", "fractions of 1");
  });
}

/** Without a column of subjects, two values of one signal and time show that rows of several subjects were put together. */
function refuseSeveral(rows: readonly ParsedRow[], columns: readonly CsvColumn[]): void {
  columns.forEach((column, i) => {
    if (column.kind !== "signal") return;
    const first = new Map<number, { value: Rational; line: number }>();
    for (const { atMs, line, values } of rows) {
      const value = values[i] ?? null;
      if (value === null) continue;
      const before = first.get(atMs);
      if (before === undefined) first.set(atMs, { value, line });
      else if (compare(before.value, value) !== 0)
        throw new ReadError("csv-subject", `line ${line}, column ${i + 1}`, `the value of line ${before.line} again`, "another one");
    }
  });
}

function handOn(rows: readonly ParsedRow[], columns: readonly CsvColumn[], file: string, collector: Collector): void {
  for (const { atMs, line, subject, device, values, comparators, events } of rows) {
    collector.source(subject, file, device);
    if (atMs < FIRST_DATED_MS) collector.relative(subject);
    const absent = values.filter((value) => value === null).length - comparators;
    if (absent > 0) collector.count("value-absent", subject, absent);
    if (comparators > 0) collector.count("comparator", subject, comparators);
    for (const event of events) collector.event(subject, { ...event, atMs });
    columns.forEach((column, i) => {
      const value = values[i];
      if (column.kind !== "signal" || value === undefined) return;
      collector.point(
        subject,
        column.signal.code,
        column.signal.unit,
        { atMs, rank: 0, value },
        { file, where: `line ${line}, column ${i + 1}` },
      );
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
  if (startMs < FIRST_DATED_MS) collector.relative(subject);
  const comparators = rows.reduce((sum, row) => sum + row.comparators, 0);
  const absent = rows.reduce((sum, { values }) => sum + values.filter((value) => value === null).length, 0) - comparators;
  if (absent > 0) collector.count("value-absent", subject, absent);
  if (comparators > 0) collector.count("comparator", subject, comparators);
  columns.forEach((column, i) => {
    if (column.kind !== "signal") return;
    const points = rows.map(({ values }, index): Point => ({ atMs: index, value: values[i] ?? null }));
    const channel = channelFromPoints(column.signal.code, column.signal.unit, points);
    collector.wave(subject, { ...channel, startMs, timing: { kind: "rate", ...rate } }, { file, where: `column ${i + 1}` }, `${i}`);
  });
}

/** Times of 1970 are no dates: they count from the start of the recording. */
const FIRST_DATED_MS = 31_536_000_000;
const ONE: Rational = rational(1n, 1n);
const ABSENT: ReadonlySet<string> = new Set(["", "NA", "NaN"]);
const EVENT_VALUES: Readonly<Record<RecordingEvent["kind"], readonly string[]>> = {
  oxygen: ["on", "off"],
  consciousness: ["A", "C", "V", "P", "U"],
  "spo2-scale": ["1", "2"],
};
