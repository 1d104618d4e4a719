import type { Arguments } from "../arguments.ts";
import { closest } from "../arguments.ts";
import type { Vector } from "../conformance/kit.ts";
import { markdownReport } from "../conformance/markdown.ts";
import { printReport } from "../conformance/print-report.ts";
import { defaultKitFolder, kitDigest, readKit } from "../conformance/read-kit.ts";
import { runOwn, runRunners, type Column, type RunOptions } from "../conformance/run-kit.ts";
import { parseRunners } from "../conformance/runner.ts";
import { tally } from "../conformance/tally.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import type { Terminal } from "../print.ts";

/** Runs verifiers over the conformance kit: this build's own, or those of the runners given. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  if (args.flag("json") && args.flag("markdown")) throw new UsageError("--json and --markdown are two ways to print: give one of them");
  const runners = parseRunners(args.many("runner"));
  const timeoutMs = args.integer("timeout", 1, 3600, DEFAULT_TIMEOUT_SECONDS) * 1000;
  const kit = await readKit(args.optional("vectors") ?? defaultKitFolder());
  const vectors = select(kit.vectors, args.many("only"));
  const digest = await kitDigest(vectors);
  const columns = await stoppable((stop) => {
    const options: RunOptions = { timeoutMs, stop, progress: tellProgress(terminal) };
    return runners.length === 0 ? runOwn(vectors, options).then((column) => [column]) : runRunners(vectors, runners, options);
  });
  if (args.flag("markdown")) for (const line of markdownReport(columns, digest)) terminal.line(line);
  else printReport(columns, digest, terminal);
  return columns.some((column: Column) => tally(column).diverges) ? EXIT.contraindicated : EXIT.ok;
}

/** The vectors of some ids, or of the numbers they begin with; without any, all. */
function select(vectors: readonly Vector[], only: readonly string[]): readonly Vector[] {
  if (only.length === 0) return vectors;
  const chosen = new Set<Vector>();
  for (const word of only) {
    const found = vectors.filter(({ id, rule }) => id === word || id.slice(0, 3) === word || rule === word);
    if (found.length === 0) {
      const near = closest(
        word,
        vectors.map(({ id }) => id),
      );
      throw new UsageError(`the kit has no vector ${JSON.stringify(word)}`, near === null ? null : `did you mean ${near}?`);
    }
    for (const vector of found) chosen.add(vector);
  }
  return vectors.filter((vector) => chosen.has(vector));
}

/** Runners lead process groups of their own, which a signal to this one does not reach: they are ended before it ends. */
async function stoppable<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const end = (signal: NodeJS.Signals): void => {
    stop.abort();
    for (const name of SIGNALS) process.removeListener(name, end);
    process.kill(process.pid, signal);
  };
  for (const name of SIGNALS) process.on(name, end);
  try {
    return await work(stop.signal);
  } finally {
    for (const name of SIGNALS) process.removeListener(name, end);
  }
}

/** On a terminal every step, elsewhere a line now and then. */
function tellProgress(terminal: Terminal): RunOptions["progress"] {
  let toldMs = Date.now();
  return (done, total) => {
    const passing = Date.now() - toldMs < PROGRESS_MS;
    if (!passing) toldMs = Date.now();
    terminal.progress(`asked ${done} of ${total}`, passing);
  };
}

const DEFAULT_TIMEOUT_SECONDS = 30;
const PROGRESS_MS = 10_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
