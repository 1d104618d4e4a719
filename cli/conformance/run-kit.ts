import { availableParallelism } from "node:os";
import { judge, type Answer, type Outcome } from "./judge.ts";
import { isForRunners, type Vector } from "./kit.ts";
import { wordsFor, type Runner } from "./runner.ts";
import { spawnRunner } from "./spawn-runner.ts";
import { verifyVector } from "./verify-vector.ts";

/** What one verifier said about one vector and what that is worth. */
export interface Row {
  vector: Vector;
  /** null = the runner interface cannot say what the vector asks for */
  answer: Answer | null;
  outcome: Outcome | "not for runners";
}

/** All rows of one verifier, in the order of the vectors. */
export interface Column {
  name: string;
  rows: readonly Row[];
}

export interface RunOptions {
  timeoutMs: number;
  /** ends every runner at once */
  stop: AbortSignal;
  progress: (done: number, total: number) => void;
}

/** This build's own verifier over the vectors, in process. */
export async function runOwn(vectors: readonly Vector[], { progress }: RunOptions): Promise<Column> {
  const rows: Row[] = [];
  for (const vector of vectors) {
    const answer = await verifyVector(vector);
    rows.push({ vector, answer, outcome: judge(vector.expected, answer) });
    progress(rows.length, vectors.length);
  }
  return { name: OWN_NAME, rows };
}

/** Every runner over every vector, as many at once as there are processors. @throws UnreachableError when one cannot be started */
export async function runRunners(vectors: readonly Vector[], runners: readonly Runner[], options: RunOptions): Promise<Column[]> {
  const rows = new Map<string, Row>();
  const tasks = vectors.flatMap((vector) => runners.map((runner) => ({ vector, runner })));
  const failed = new AbortController();
  const stop = AbortSignal.any([options.stop, failed.signal]);
  const next = tasks.values();
  const work = async (): Promise<void> => {
    for (const { vector, runner } of next) {
      if (stop.aborted) return;
      rows.set(keyOf(vector, runner), await runOne(vector, runner, { timeoutMs: options.timeoutMs, stop }));
      options.progress(rows.size, tasks.length);
    }
  };
  const workers = Array.from({ length: availableParallelism() }, () =>
    work().catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return runners.map((runner) => ({
    name: runner.name,
    rows: vectors.flatMap((vector) => rows.get(keyOf(vector, runner)) ?? []),
  }));
}

function keyOf({ id }: Vector, { name }: Runner): string {
  return `${id} ${name}`;
}

async function runOne(vector: Vector, runner: Runner, options: { timeoutMs: number; stop: AbortSignal }): Promise<Row> {
  if (!isForRunners(vector)) return { vector, answer: null, outcome: "not for runners" };
  const answer = await spawnRunner(wordsFor(runner, vector), options);
  return { vector, answer, outcome: judge(vector.expected, answer) };
}

const OWN_NAME = "this build";
