import { COMMON } from "./arguments.ts";
import type { Command, Option } from "./command.ts";

/** The help of the whole program, from the table. */
export function overview(commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    "caladrius: sealed vital signs in, findings out that anyone can check. Not a medical device.",
    "",
    "usage: caladrius COMMAND [INPUT…] [--OPTION…]",
    "",
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    "  caladrius COMMAND --help   what a command takes",
    "  caladrius --version        the version and the Node it runs on",
    "",
    "exit codes: 0 affirming, warning or done; 10 contraindicated; 20 unknown version or format; 30 malformed bytes;",
    "            2 wrong use; 3 host or file not reachable; 1 internal error",
  ];
}

/** The help of one command, from its row. */
export function helpOf(command: Command): string[] {
  const options = Object.entries({ ...command.options, ...COMMON });
  const width = Math.max(...options.map(([name, option]) => spelled(name, option).length));
  return [
    command.summary,
    "",
    `usage: ${usageOf(command)}`,
    "",
    ...options.map(([name, option]) => `  ${spelled(name, option).padEnd(width)}  ${option.about}${remarks(option)}`),
    ...(command.notes.length === 0 ? [] : ["", ...command.notes]),
  ];
}

/** One line: the name, the inputs, the options. */
export function usageOf(command: Command): string {
  const options = Object.entries(command.options).map(([name, option]) => {
    const text = spelled(name, option);
    return option.required === true ? text : `[${text}]${option.multiple === true ? "…" : ""}`;
  });
  return ["caladrius", command.name, command.inputs, ...options].filter((word) => word !== "").join(" ");
}

function spelled(name: string, option: Option): string {
  return option.value === null ? `--${name}` : `--${name} ${option.value}`;
}

function remarks(option: Option): string {
  const words = [...(option.required === true ? ["required"] : []), ...(option.multiple === true ? ["may be repeated"] : [])];
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}
