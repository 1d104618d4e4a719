import type { ExitCode } from "./exit.ts";
import type { Arguments } from "./arguments.ts";
import type { Terminal } from "./print.ts";

/** One option of a command; help and parsing come from it. */
export interface Option {
  /** what stands behind the option, such as FILE; null for a switch */
  value: string | null;
  /** one line */
  about: string;
  required?: boolean;
  /** may be given more than once */
  multiple?: boolean;
}

/** What a command does when it runs. */
export type Run = (args: Arguments, terminal: Terminal) => Promise<ExitCode>;

/** One row of the table of commands. */
export interface Command {
  /** one word, or two for a command of a group */
  name: string;
  /** one line */
  summary: string;
  /** the inputs as usage shows them, such as "INPUT…"; "" for none */
  inputs: string;
  /** how many inputs there may be */
  count: readonly [least: number, most: number];
  options: Readonly<Record<string, Option>>;
  /** further lines of help */
  notes: readonly string[];
  /** loads the command's own file: others are not loaded for it */
  load: () => Promise<{ run: Run }>;
}
