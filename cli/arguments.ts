import { parseArgs } from "node:util";
import type { Command, Option } from "./command.ts";
import { UsageError } from "./exit.ts";

/** What a command was called with; every value was given as the table allows. */
export class Arguments {
  readonly #values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  /** the inputs, in order */
  readonly inputs: readonly string[];

  constructor(values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>, inputs: readonly string[]) {
    this.#values = values;
    this.inputs = inputs;
  }

  /** Whether a switch was given. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The value of an option, null when it was not given. */
  optional(name: string): string | null {
    const value = this.#values[name];
    return typeof value === "string" ? value : null;
  }

  /** The value of an option that the table requires. */
  text(name: string): string {
    const value = this.optional(name);
    if (value === null) throw new UsageError(`--${name} is missing`);
    return value;
  }

  /** All values of an option that may be given more than once. */
  many(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  }

  /** The value as a whole number between two bounds, or `otherwise` when it was not given. */
  integer(name: string, least: number, most: number, otherwise: number): number {
    const value = this.optional(name);
    if (value === null) return otherwise;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most))
      throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
    return number;
  }

  /** The value as bytes written in hex, null when it was not given. */
  hex(name: string, leastBytes: number, mostBytes: number): Uint8Array | null {
    const value = this.optional(name);
    if (value === null) return null;
    const bytes = value.length / 2;
    if (!/^([0-9a-f]{2})*$/.test(value) || bytes < leastBytes || bytes > mostBytes) {
      throw new UsageError(
        `--${name} must be ${leastBytes === mostBytes ? leastBytes : `${leastBytes} to ${mostBytes}`} bytes in lower-case hex`,
      );
    }
    return new Uint8Array(Buffer.from(value, "hex"));
  }

  /** The value as Unix ms, null when it was not given: a date, or a time with its offset, which would else mean another moment on another machine. */
  instant(name: string): number | null {
    const value = this.optional(name);
    if (value === null) return null;
    const day = value.slice(0, 10);
    const ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(value) ? Date.parse(value) : Number.NaN;
    // Date.parse takes 31 February for a day in March.
    const exists = !Number.isNaN(ms) && new Date(Date.parse(day)).toISOString().startsWith(day);
    if (!exists) throw new UsageError(`--${name} must be a time such as 2026-11-21T10:00:00Z, not ${JSON.stringify(value)}`);
    return ms;
  }

  /** The value if it is one of a few words, null when it was not given. */
  oneOf<const T extends string>(name: string, words: readonly T[]): T | null {
    const value = this.optional(name);
    if (value === null) return null;
    const word = words.find((one) => one === value);
    if (word === undefined) throw new UsageError(`--${name} must be one of ${words.join(", ")}, not ${JSON.stringify(value)}`);
    return word;
  }
}

/** Options that every command has. */
export const COMMON: Readonly<Record<string, Option>> = {
  help: { value: null, about: "this text" },
};

/**
 * Reads the words behind a command's name.
 * @throws UsageError with a hint for unknown options, missing ones and a wrong number of inputs
 */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const options = { ...command.options, ...COMMON };
  const { values, positionals, tokens } = parse(command, options, words);
  const args = new Arguments(values, positionals);
  if (args.flag("help")) return args;
  for (const [name, option] of Object.entries(options)) {
    if (option.required === true && values[name] === undefined)
      throw new UsageError(`--${name} ${option.value ?? ""} is missing`, hintFor(command));
  }
  const given = tokens.flatMap((token) => (token.kind === "option" ? [token.name] : []));
  const twice = given.find((name, i) => options[name]?.multiple !== true && options[name]?.value !== null && given.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--${twice} is given more than once`, hintFor(command));
  const [least, most] = command.count;
  if (positionals.length < least) throw new UsageError(`${command.inputs} is missing`, hintFor(command));
  if (positionals.length > most) throw new UsageError(`${JSON.stringify(positionals[most])} is one input too many`, hintFor(command));
  return args;
}

function parse(command: Command, options: Readonly<Record<string, Option>>, words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      strict: true,
      allowPositionals: true,
      tokens: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, option]) => [
          name,
          {
            type: option.value === null ? "boolean" : "string",
            multiple: option.multiple === true,
            ...(name === "help" ? { short: "h" } : {}),
          } as const,
        ]),
      ),
    });
  } catch (error) {
    const valueless = /^Option '(?:-\w, )?--([\w-]+)[^']*' argument (?:missing|is ambiguous)/.exec(
      error instanceof Error ? error.message : "",
    )?.[1];
    if (valueless !== undefined) {
      const option = `--${valueless} ${options[valueless]?.value ?? ""}`;
      throw new UsageError(`${option} has no value`, `write --${valueless}=VALUE where the value begins with a dash`);
    }
    const unknown = /^Unknown option '(-[^']*)'/.exec(error instanceof Error ? error.message : "")?.[1];
    if (unknown === undefined)
      throw new UsageError(error instanceof Error ? (error.message.split(/\n|\. /)[0] ?? "") : "cannot read the options", hintFor(command));
    const near = closest(unknown.replace(/^-+/, ""), Object.keys(options));
    throw new UsageError(`${command.name} has no option ${unknown}`, near === null ? hintFor(command) : `did you mean --${near}?`);
  }
}

function hintFor(command: Command): string {
  return `\`caladrius ${command.name} --help\` lists what it takes`;
}

/** The known word nearest to a mistyped one, null when none is near. */
export function closest(word: string, known: readonly string[]): string | null {
  const ranked = known.map((one) => ({ one, distance: editDistance(word, one) })).toSorted((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.ceil(word.length / 3) ? best.one : null;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
