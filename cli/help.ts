import { COMMON } from "./arguments.ts";
import type { Command, Option } from "./command.ts";

/** The help of the whole program, from the table. */
export function overview(commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    "caladrius: sealed vital signs in, findings out that anyone can check.",
    "Not a medical device.",
    "",
    "usage: caladrius COMMAND [INPUT…] [--OPTION…]",
    "",
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    "  caladrius COMMAND --help   what a command takes",
    "  caladrius --version        the version and the Node it runs on",
    "",
    "exit codes: 0 affirming, warning or done; 10 contraindicated;",
    "            20 unknown version or format; 30 malformed bytes; 2 wrong use;",
    "            3 host or file not reachable; 1 internal error",
  ];
}

/** The help of a group such as `trust`. */
export function groupHelp(name: string, commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    `usage: caladrius ${name} COMMAND`,
    "",
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    `  caladrius ${name} COMMAND --help   what it takes`,
  ];
}

/** The help of one command, from its row. */
export function helpOf(command: Command): string[] {
  const options = Object.entries({ ...command.options, ...COMMON });
  const width = Math.max(...options.map(([name, option]) => spelled(name, option).length));
  return [
    command.summary,
    "",
    ...wrap(`usage: caladrius ${command.name} `, usageOf(command)),
    "",
    ...options.flatMap(([name, option]) =>
      wrap(`  ${spelled(name, option).padEnd(width)}  `, `${option.about}${remarks(option)}`.split(" ")),
    ),
    ...(command.notes.length === 0 ? [] : ["", ...command.notes.flatMap((note) => wrap("", note.split(" ")))]),
  ];
}

/** The inputs and the options, each a piece that is not broken. */
function usageOf(command: Command): string[] {
  const options = Object.entries(command.options).map(([name, option]) => {
    const text = spelled(name, option);
    return option.required === true ? text : `[${text}]${option.multiple === true ? "…" : ""}`;
  });
  return [command.inputs, ...options].filter((word) => word !== "");
}

/** Lines of at most 80 columns; what follows the first is indented as far as its head is long. */
function wrap(head: string, words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = head;
  for (const word of words) {
    if (line.length + word.length > COLUMNS && line.trim() !== "" && line !== head) {
      lines.push(line.trimEnd());
      line = " ".repeat(head.length);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

const COLUMNS = 80;

function spelled(name: string, option: Option): string {
  return option.value === null ? `--${name}` : `--${name} ${option.value}`;
}

function remarks(option: Option): string {
  const words = [...(option.required === true ? ["required"] : []), ...(option.multiple === true ? ["may be repeated"] : [])];
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}
