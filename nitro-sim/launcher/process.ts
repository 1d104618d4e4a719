import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { DependencyError } from "@caladrius/wire";

/** How an enclave process ended. */
export interface EnclaveExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Told each line that the enclave writes; control characters are as they came, so escape before showing. */
export type LineListener = (stream: "stdout" | "stderr", line: string) => void;

/** A started process. */
export interface EnclaveProcess {
  /** Of the outermost process. */
  pid: number;
  /** When it has ended and all its output was handed on. */
  exited: Promise<EnclaveExit>;
  kill(): void;
}

/** Start a process with exactly this environment. */
export function startProcess(argv: readonly string[], env: Record<string, string>, onLine: LineListener): EnclaveProcess {
  const [program = "", ...args] = argv;
  const child: ChildProcess = spawn(program, args, { env, cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
  if (child.stdout !== null) splitLines(child.stdout, (line) => onLine("stdout", line));
  if (child.stderr !== null) splitLines(child.stderr, (line) => onLine("stderr", line));
  const kill = (): void => void child.kill("SIGKILL");
  const exited = new Promise<EnclaveExit>((resolve) => {
    const ended = (exit: EnclaveExit): void => {
      running.delete(kill);
      if (running.size === 0) process.off("exit", killAll);
      resolve(exit);
    };
    child.once("error", () => ended({ code: 127, signal: null }));
    child.once("close", (code, signal) => ended({ code, signal }));
  });
  running.add(kill);
  process.once("exit", killAll);
  return { pid: child.pid ?? 0, exited, kill };
}

/**
 * Wait until somebody listens on a Unix socket: connect and hang up, as any host may.
 * @throws DependencyError `enclave-exited`, `enclave-silent` after `timeoutMs`
 */
export async function waitForSocket(socketPath: string, enclave: EnclaveProcess, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  let gone: EnclaveExit | null = null;
  void enclave.exited.then((exit) => (gone = exit));
  while (!(await listens(socketPath))) {
    if (gone !== null) throw new DependencyError("enclave-exited", `the enclave ended before it listened: ${JSON.stringify(gone)}`, 1000);
    if (performance.now() > end) throw new DependencyError("enclave-silent", `the enclave did not listen within ${timeoutMs} ms`, 1000);
    await sleep(POLL_MS);
  }
}

function listens(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => socket.end(() => resolve(true)));
    socket.once("error", () => resolve(false));
    socket.resume();
  });
}

/** Lines of at most 4096 characters; a longer one is handed on in pieces, so that output costs bounded memory. */
function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.slice(0, MAX_LINE));
    if (rest.length > MAX_LINE) {
      onLine(rest.slice(0, MAX_LINE));
      rest = "";
    }
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}

function killAll(): void {
  for (const kill of running) kill();
}

const running = new Set<() => void>();
const POLL_MS = 5;
const MAX_LINE = 4096;
