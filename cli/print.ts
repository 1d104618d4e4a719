import { escapeText } from "@caladrius/wire";

/** One JSON object on one line, with the same characters escaped; it parses back to the same value. Bytes become lower-case hex. */
export function jsonLine(value: unknown): string {
  return escapeText(JSON.stringify(value, plain));
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (value instanceof Map) return Object.fromEntries(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Int32Array);
  return typeof value === "bigint" ? value.toString() : value;
}

export type Style = "plain" | "bold" | "dim" | "red" | "yellow" | "green";

/** A piece of a line with a look; its text is escaped when it is printed. */
export interface Segment {
  text: string;
  style: Style;
}
export type Line = string | readonly (string | Segment)[];

const ANSI: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "\u001b[1m",
  dim: "\u001b[2m",
  red: "\u001b[31m",
  yellow: "\u001b[33m",
  green: "\u001b[32m",
};

/** A piece of text with a look. */
export function styled(style: Style, text: string): Segment {
  return { text, style };
}

/** The streams a command writes to. */
export interface Streams {
  stdout: Pick<NodeJS.WriteStream, "write" | "isTTY">;
  stderr: Pick<NodeJS.WriteStream, "write" | "isTTY">;
  environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The only way a command prints. Everything is escaped; colours appear on a terminal only and not with NO_COLOR;
 * progress goes to stderr, rewritten in place on a terminal, plain lines elsewhere, nothing with --json.
 */
export class Terminal {
  readonly #streams: Streams;
  readonly #json: boolean;
  #progressShown = false;

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.#json = json;
  }

  /** Whether the command was called with --json. */
  get isJson(): boolean {
    return this.#json;
  }

  /** A line for people on stdout; nothing with --json. */
  line(line: Line = ""): void {
    if (!this.#json) this.#write("stdout", line);
  }

  /** One object a line on stdout, with --json only. */
  object(value: unknown): void {
    if (!this.#json) return;
    this.#streams.stdout.write(`${jsonLine(value)}\n`);
  }

  /** A line on stderr, always. */
  note(line: Line): void {
    this.#write("stderr", line);
  }

  /** What is going on during long work; what passes quickly is shown on a terminal alone. */
  progress(text: string, passing = false): void {
    if (this.#json || (passing && !this.#streams.stderr.isTTY)) return;
    if (this.#streams.stderr.isTTY) {
      this.#streams.stderr.write(`\r\u001b[K${escapeText(text)}`);
      this.#progressShown = true;
    } else this.#streams.stderr.write(`${escapeText(text)}\n`);
  }

  /** Rows with aligned columns; the last column is not padded. */
  table(rows: readonly (readonly (string | Segment)[])[], indent = ""): void {
    const widths: number[] = [];
    for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, escapeText(textOf(cell)).length)));
    for (const full of rows) {
      const row = full.slice(0, full.findLastIndex((cell) => textOf(cell) !== "") + 1);
      const cells = row.flatMap((cell, i) =>
        i === row.length - 1 ? [cell] : [cell, " ".repeat((widths[i] ?? 0) - escapeText(textOf(cell)).length + 2)],
      );
      this.line([indent, ...cells]);
    }
  }

  #write(name: "stdout" | "stderr", line: Line): void {
    if (this.#progressShown) this.#streams.stderr.write("\r\u001b[K");
    this.#progressShown = false;
    const stream = this.#streams[name];
    const coloured = stream.isTTY && !this.#streams.environment["NO_COLOR"] && this.#streams.environment["TERM"] !== "dumb";
    const pieces = typeof line === "string" ? [line] : line;
    stream.write(`${pieces.map((piece) => render(piece, coloured)).join("")}\n`);
  }
}

function render(piece: string | Segment, coloured: boolean): string {
  const text = escapeText(textOf(piece));
  if (typeof piece === "string" || !coloured || piece.style === "plain") return text;
  return `${ANSI[piece.style]}${text}\u001b[0m`;
}

function textOf(cell: string | Segment): string {
  return typeof cell === "string" ? cell : cell.text;
}
