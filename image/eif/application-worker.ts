import { parentPort, workerData } from "node:worker_threads";
import { ApplicationHash, type Range } from "./application-hash.ts";

// The second thread of `measureEifFile`: takes blocks of a ring that both threads share, and tells when it is done with each.

/** What the thread begins with. */
export interface WorkerStart {
  ring: SharedArrayBuffer;
  /** where the data of the ramdisks after the first lies in the file */
  ranges: readonly Range[];
}

/** One filled block of the ring. */
export interface WorkerBlock {
  /** where it lies in the ring, and how long it is */
  slotAt: number;
  bytes: number;
  /** file offset */
  at: number;
  /** the checksum's state before this block where it is taken over, else null */
  crc: number | null;
}

/** The results, after the last block. */
export interface WorkerAnswer {
  digest: Uint8Array;
  crc: number | null;
}

const { ring, ranges } = workerData as WorkerStart;
const application = new ApplicationHash(ranges);
let crc: number | null = null;
parentPort?.on("message", (block: WorkerBlock | null) => {
  let answer: WorkerAnswer | null = null;
  if (block === null) answer = { digest: application.digest(), crc };
  else crc = application.update(new Uint8Array(ring, block.slotAt, block.bytes), block.at, block.crc ?? crc);
  parentPort?.postMessage(answer, []);
});
