import { quote, ReadError } from "./problems.ts";

export type CsvSeparator = "," | ";" | "\t";

export interface CsvRow {
  line: number;
  cells: string[];
}

/**
 * Splits CSV into rows (RFC 4180: double quotes doubled inside quotes, LF or CRLF). Empty lines are skipped; cells lose the
 * spaces around them, quoted ones do not.
 * @param separator as `separatorOf` finds it
 * @param firstLine the number of the text's first line, for messages
 * @param keepEmpty empty lines behind the first row are rows of one empty cell, where the number of a row is its time
 * @throws ReadError csv-row
 */
export function* csvRows(text: string, separator: CsvSeparator, firstLine: number, keepEmpty = false): Generator<CsvRow> {
  let line = firstLine;
  let at = 0;
  let isFirst = true;
  while (at < text.length) {
    const row: CsvRow = { line, cells: [] };
    for (;;) {
      if (row.cells.length === MAX_CELLS) throw new ReadError("csv-row", `line ${line}`, `at most ${MAX_CELLS} cells`, "more");
      if (text[at] === '"') {
        const { value, end } = quotedCell(text, at, line);
        row.cells.push(value);
        for (let i = at; i < end; i++) if (text[i] === "\n") line++;
        at = end;
      } else {
        const end = cellEnd(text, at, separator.charCodeAt(0));
        const cell = text.slice(at, end).trim();
        if (cell.includes('"')) throw new ReadError("csv-row", `line ${line}`, "quotes around the whole cell", quote(cell));
        row.cells.push(cell);
        at = end;
      }
      if (text[at] !== separator) break;
      at++;
    }
    if (text[at] === "\r") at++;
    if (at < text.length && text[at] !== "\n")
      throw new ReadError(
        "csv-row",
        `line ${line}`,
        `${SEPARATOR_NAMES[separator]} or the end of the line`,
        quote(text.slice(at, at + 12)),
      );
    at++;
    line++;
    if (row.cells.length === 1 && row.cells[0] === "" && (isFirst || !keepEmpty)) continue;
    isFirst = false;
    yield row;
  }
}

/** What stands between the cells of the first line: a tab, else a semicolon, else a comma, outside quotes. */
export function separatorOf(text: string): CsvSeparator {
  const line = text.slice(0, text.search(/\r?\n|$/)).replaceAll(/"[^"]*"/g, "");
  return line.includes("\t") ? "\t" : line.includes(";") ? ";" : ",";
}

function cellEnd(text: string, start: number, separator: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === separator || code === 0x0a || (code === 0x0d && (at + 1 === text.length || text.charCodeAt(at + 1) === 0x0a))) break;
  }
  return at;
}

function quotedCell(text: string, start: number, line: number): { value: string; end: number } {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at - start > MAX_CELL) throw new ReadError("csv-row", `line ${line}`, `at most ${MAX_CELL} characters a cell`, "more");
    if (at < 0) throw new ReadError("csv-row", `line ${line}`, "a closing quote", "the end");
    if (text[at + 1] === '"') at++;
    else return { value: text.slice(start + 1, at).replaceAll('""', '"'), end: at + 1 };
  }
}

const SEPARATOR_NAMES: Readonly<Record<CsvSeparator, string>> = { ",": "a comma", ";": "a semicolon", "\t": "a tab" };
const MAX_CELLS = 512;
const MAX_CELL = 10_000;
