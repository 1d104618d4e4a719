import { getCompileCacheDir } from "node:module";
import { Worker } from "node:worker_threads";
import { ApplicationHash } from "./application-hash.ts";
import type { WorkerAnswer, WorkerBlock, WorkerStart } from "./application-worker.ts";

/** What goes on beside PCR0: the hash under PCR2, and the checksum from the block on that brings its state. */
export interface Beside {
  readonly threaded: boolean;
  /** Give it the next block, in file order; it is read from the ring and must stay there until it is done with. */
  take(block: WorkerBlock): void;
  /** Wait until it has at most so many blocks yet to do. @throws what ended the thread */
  drain(atMost: number): Promise<void>;
  /** The results, once everything is done; `crc` is null where its state was never handed over. */
  finish(): Promise<WorkerAnswer>;
  close(): Promise<void>;
}

/** In this thread: each block is done when `take` returns. */
export function besideHere({ ring, ranges }: WorkerStart): Beside {
  const application = new ApplicationHash(ranges);
  let crc: number | null = null;
  return {
    threaded: false,
    take: ({ slotAt, bytes, at, crc: begin }) => {
      crc = application.update(new Uint8Array(ring, slotAt, bytes), at, begin ?? crc);
    },
    drain: () => Promise.resolve(),
    finish: () => Promise.resolve({ digest: application.digest(), crc }),
    close: () => Promise.resolve(),
  };
}

/** In a thread of its own. */
export function besideInThread(start: WorkerStart): Beside {
  // A thread does not inherit the cache of compiled sources; compiling its own would take it longer than a small image.
  const cache = getCompileCacheDir();
  const env = cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache };
  const worker = new Worker(new URL("./application-worker.ts", import.meta.url), { workerData: start, env });
  let waiting = 0;
  let answer: WorkerAnswer | null = null;
  let ended: Error | null = null;
  let wake = (): void => undefined;
  worker.on("message", (result: WorkerAnswer | null) => {
    waiting--;
    answer = result;
    wake();
  });
  const end = (error: Error): void => {
    ended ??= error;
    wake();
  };
  worker.on("error", end);
  worker.on("exit", (code) => end(new Error(`the measuring thread ended with ${code}`)));
  const drain = async (atMost: number): Promise<void> => {
    const isBehind = (): boolean => waiting > atMost;
    while (isBehind()) {
      if (ended !== null) throw ended;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return {
    threaded: true,
    take: (block) => {
      waiting++;
      worker.postMessage(block, []);
    },
    drain,
    finish: async () => {
      worker.postMessage(null, []);
      waiting++;
      await drain(0);
      if (answer === null) throw new Error("the measuring thread gave no result");
      return answer;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
