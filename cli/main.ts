import { readFileSync } from "node:fs";
import { closest, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { EXIT, failureJson, failureOf, UsageError, worst, type ExitCode } from "./exit.ts";
import { groupHelp, helpOf, overview } from "./help.ts";
import { Terminal, type Streams } from "./print.ts";
import { COMMANDS } from "./table.ts";

/** Runs the command that the words name and sets the process's exit code. */
export async function main(words: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", (error) => outputLost(error, stream === process.stdout));
  const code = await runCommand(words, { stdout: process.stdout, stderr: process.stderr, environment: process.env });
  process.exitCode = worst([code, lost]);
}

/**
 * Output that nobody gets. A reader who goes away, as `head` does, is no error: the command ends its work, and its exit code
 * says what it would have said. What could not be written is one. A command that runs until a signal is ended by one.
 */
function outputLost(error: NodeJS.ErrnoException, isStdout: boolean): void {
  if (!told && process.listenerCount("SIGTERM") > 0) process.kill(process.pid, "SIGTERM");
  if (!told && error.code !== "EPIPE") {
    lost = EXIT.unreachable;
    process.exitCode = worst([(process.exitCode ?? EXIT.ok) as ExitCode, lost]);
    if (isStdout)
      process.stderr.write(`caladrius: standard output cannot be written: ${failureOf(error).sentence} (${error.code ?? ""})\n`);
  }
  told = true;
}
let told = false;
let lost: ExitCode = EXIT.ok;

/** Runs one command over given streams; every failure is one sentence on stderr (with --json one object) and an exit code. */
export async function runCommand(words: readonly string[], streams: Streams): Promise<ExitCode> {
  const terminal = new Terminal(streams, words.includes("--json"));
  const plain = new Terminal(streams, false);
  try {
    const [first, second] = words;
    if (first === undefined || first === "--help" || first === "-h" || (first === "help" && second === undefined)) {
      for (const line of overview(COMMANDS)) plain.line(line);
      return first === undefined ? EXIT.usage : EXIT.ok;
    }
    if (first === "--version" || first === "-v") {
      plain.line(version());
      return EXIT.ok;
    }
    if (first === "help") return await runCommand([...words.slice(1), "--help"], streams);
    const group = groupOf(first);
    if (group.length > 0 && (second === "--help" || second === "-h")) {
      for (const line of groupHelp(first, group)) plain.line(line);
      return EXIT.ok;
    }
    const command = find(words);
    const args = parseArguments(command, words.slice(command.name.split(" ").length));
    if (args.flag("help")) {
      for (const line of helpOf(command)) plain.line(line);
      return EXIT.ok;
    }
    const { run } = await command.load();
    return await run(args, terminal);
  } catch (error) {
    return report(error, terminal);
  }
}

/** Tells a failure that ended a command. */
function report(error: unknown, terminal: Terminal): ExitCode {
  const failure = failureOf(error);
  terminal.object(failureJson(null, failure));
  terminal.note(`caladrius: ${failure.sentence}${failure.code === "usage" || failure.code === "unreachable" ? "" : ` (${failure.code})`}`);
  if (error instanceof UsageError && error.hint !== null) terminal.note(error.hint);
  if (failure.exit === EXIT.internal && error instanceof Error && error.stack !== undefined) {
    for (const line of error.stack.split("\n").slice(1)) terminal.note(line);
  }
  return failure.exit;
}

function find(words: readonly string[]): Command {
  const [first = "", second = ""] = words;
  const found = COMMANDS.find((command) => command.name === `${first} ${second}`) ?? COMMANDS.find((command) => command.name === first);
  if (found !== undefined) return found;
  const group = groupOf(first).map((command) => command.name);
  if (group.length > 0) {
    const what = second === "" ? `${first} is a group of commands` : `there is no command ${JSON.stringify(`${first} ${second}`)}`;
    throw new UsageError(what, `use one of: ${group.join(", ")}`);
  }
  const near = closest(first, [...new Set(COMMANDS.map((command) => command.name.split(" ")[0] ?? ""))]);
  throw new UsageError(
    `there is no command ${JSON.stringify(first)}`,
    near === null ? "`caladrius --help` lists the commands" : `did you mean \`caladrius ${near}\`?`,
  );
}

function groupOf(word: string): readonly Command[] {
  return COMMANDS.filter((command) => command.name.startsWith(`${word} `));
}

function version(): string {
  const { version: own } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };
  return `caladrius ${own} (Node ${process.versions.node})`;
}
