import { spawn, type ChildProcess } from "node:child_process";
import { UnreachableError } from "../exit.ts";
import type { Answer } from "./judge.ts";

/**
 * Runs a verifier once, without a shell and without input. It leads a process group of its own, which is killed when the time
 * is over or `stop` fires, so that nothing it began stays behind.
 * @throws UnreachableError when it cannot be started
 */
export function spawnRunner(
  [program, ...args]: readonly [string, ...string[]],
  { timeoutMs, stop }: { timeoutMs: number; stop: AbortSignal },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    let late = false;
    let said = "";
    const kill = (): void => killGroup(child);
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, timeoutMs);
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", kill);
      kill(); // what it may have left running
    };
    if (stop.aborted) kill();
    else stop.addEventListener("abort", kill);
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-MAX_SAID)));
    child.on("error", (error) => {
      end();
      const reason = "code" in error ? String(error.code) : error.message;
      reject(new UnreachableError(`the runner ${JSON.stringify(program)} cannot be started (${reason}): give its path, or install it`));
    });
    // What left the group may hold the pipe open for ever.
    child.on("exit", () => {
      end();
      setTimeout(() => child.stderr.destroy(), LAST_WORDS_MS).unref();
    });
    child.on("close", (exit, signal) => {
      const last = lastWords(said);
      const how = late ? `no answer within ${timeoutMs / 1000} s` : exit === null ? `ended by ${signal}` : `exit code ${exit}`;
      resolve({ exit: late ? null : exit, why: last === "" ? how : `${how}: ${last}`, verdict: null });
    });
  });
}

/** The last line that speaks of an error: below it Node, for one, writes a stack and its version. */
function lastWords(said: string): string {
  const lines = said.trim().split("\n");
  return (lines.findLast((line) => /error|panic/i.test(line)) ?? lines.at(-1) ?? "").trim().slice(0, MAX_WORDS);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // the group has ended
  }
}

const MAX_SAID = 4096;
const MAX_WORDS = 200;
const LAST_WORDS_MS = 200;
