import { isZone, readInputs, type ReadProblem, type ReadRecording, type ReadWarning } from "@caladrius/client";
import type { Arguments } from "./arguments.ts";
import { EXIT, failureJson, UsageError, worst, type ExitCode, type Failure } from "./exit.ts";
import { styled, type Terminal } from "./print.ts";

/** What inputs gave: recordings, and the exit code for what could not be read. */
export interface Inputs {
  recordings: ReadRecording[];
  exit: ExitCode;
  /** files of which nothing was used */
  notRead: number;
}

/** What a command was told about its inputs. */
export interface InputOptions {
  /** of times without offset in CSV files */
  zone?: string | null;
}

/** What --zone says, null when it was not given. @throws UsageError when there is no such zone: the same word in a file is the file's fault */
export function readZone(args: Arguments): string | null {
  const zone = args.optional("zone");
  if (zone === null || isZone(zone)) return zone;
  throw new UsageError(`--zone must be a zone such as Europe/Berlin, UTC or +01:00, not ${JSON.stringify(zone)}`);
}

/** Reads files and folders; what could not be read or used is told on stderr (with --json as objects) and never dropped in silence. */
export async function readAll(paths: readonly string[], terminal: Terminal, { zone = null }: InputOptions = {}): Promise<Inputs> {
  const { recordings, problems, warnings, notUsed } = await readInputs(paths, {
    ...(zone === null ? {} : { zone }),
    onProgress: ({ file, index, total, part }) => {
      const done = part === 0 ? "" : `, ${Math.floor(100 * part)} %`;
      if (total > 1 || part > 0) terminal.progress(`reading ${index + 1} of ${total}: ${file}${done}`, true);
    },
  });
  for (const problem of problems) {
    if (terminal.isJson)
      terminal.object({ ...failureJson(problem.file, failureOfReading(problem, recordings)), status: null, where: problem.where });
    else terminal.note([styled("yellow", "not read  "), `${problem.message} (${problem.code})`]);
  }
  for (const warning of warnings) tellWarning(warning, terminal);
  for (const { recording, relativeTime } of recordings) {
    const where = `subject ${recording.subject}`;
    if (relativeTime && !terminal.isJson)
      terminal.note(`time      ${where}: the file has no date: its times count from its start and show as 1970-01-01`);
  }
  for (const { recording, notUsed: own } of recordings) tellNotUsed(`subject ${recording.subject}`, own, terminal);
  tellNotUsed("no subject", notUsed, terminal);
  const lost = problems.filter((problem) => exitOf(problem, recordings) !== EXIT.ok);
  return {
    recordings,
    exit: worst(lost.map((problem) => exitOf(problem, recordings))),
    notRead: new Set(lost.map(({ file }) => file)).size,
  };
}

/** What was read and is used all the same; of several of one kind in a file the first place. */
function tellWarning({ file, code, where, message, count }: ReadWarning, terminal: Terminal): void {
  if (terminal.isJson) terminal.object({ file, code, where, count, sentence: message, status: null, warning: true });
  else terminal.note([styled("yellow", "look at   "), `${message} (${code}${count > 1 ? `, ${count} times` : ""})`]);
}

/** Nothing was judged yet, so the object has no status. */
function failureOfReading(problem: ReadProblem, recordings: readonly ReadRecording[]): Failure {
  return { exit: exitOf(problem, recordings), code: problem.code, sentence: problem.message, stage: "read" };
}

/** A file of which something was used is read; what was wrong in it is told. One of which nothing was used decides the exit code. */
function exitOf(problem: ReadProblem, recordings: readonly ReadRecording[]): ExitCode {
  if (recordings.some(({ sources }) => sources.includes(problem.file))) return EXIT.ok;
  if (problem.code === "file-missing") return EXIT.unreachable;
  return problem.code === "file-type" || problem.code === "wfdb-unsupported" ? EXIT.unsupported : EXIT.malformed;
}

function tellNotUsed(whose: string, notUsed: readonly { reason: string; count: number }[], terminal: Terminal): void {
  if (notUsed.length === 0 || terminal.isJson) return;
  terminal.note(`not used  ${whose}: ${notUsed.map(({ reason, count }) => `${count} ${reason}`).join(", ")}`);
}
