import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { getCompileCacheDir } from "node:module";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { readBlocks, type Range } from "./blocks.ts";

// The hash under PCR2, in a thread of its own: the same file measures it beside PCR0 and is what that thread runs.

/** What the thread begins with. */
interface Start {
  fd: number;
  /** where the data of the ramdisks after the first lies in the file */
  ranges: readonly Range[];
  /** a part of the last range whose checksum is computed here as well */
  checksum: Range;
  blockBytes: number;
}

/** What the thread ends with. */
export interface ApplicationResult {
  digest: Uint8Array;
  /** CRC-32 of the bytes in `checksum` alone */
  crc: number;
}

/** A hash that goes on in another thread; `close` must come before the file is closed. */
export interface HashInThread {
  /** null if the file ended before the ranges did */
  result(): Promise<ApplicationResult | null>;
  close(): Promise<void>;
}

/** Begin to hash what lies in the ranges of an open file. */
export function hashInThread(start: Start): HashInThread {
  // A thread does not inherit the cache of compiled sources; compiling its own would take it longer than a small image.
  const cache = getCompileCacheDir();
  const env = cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache };
  const worker = new Worker(new URL(import.meta.url), { workerData: { measure: start }, env, execArgv: [] });
  const answered = new Promise<ApplicationResult | null>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the measuring thread ended with ${code}`)));
  });
  answered.catch(() => undefined); // whoever gave up before does not ask
  return {
    result: () => answered,
    close: async () => {
      await worker.terminate();
    },
  };
}

async function hashRanges({ fd, ranges, checksum: [from, to], blockBytes }: Start): Promise<ApplicationResult | null> {
  const hash = createHash("sha384");
  let crc = 0;
  for (const range of ranges) {
    const end = await readBlocks(fd, range, blockBytes, (bytes, at) => {
      hash.update(bytes);
      if (at + bytes.length > from) crc = crc32(bytes.subarray(Math.max(0, from - at), to - at), crc);
    });
    if (end < range[1]) return null;
  }
  return { digest: new Uint8Array(hash.digest()), crc };
}

const begun = workerData as { measure?: Start } | null;
if (begun?.measure !== undefined) parentPort?.postMessage(await hashRanges(begun.measure), []);
