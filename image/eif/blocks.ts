import { readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";

/** File offsets [from, to). */
export type Range = readonly [from: number, to: number];

/**
 * Read a part of a file block by block and give each block, with the file offset where it begins.
 *
 * Reading is synchronous: from the system's cache it takes a twentieth of what hashing takes, and a hand-over between
 * threads takes more. Other events are let through after each block. A block is overwritten by the next one.
 * @returns where it ended: before `to` if the file did
 */
export async function readBlocks(
  fd: number,
  [from, to]: Range,
  blockBytes: number,
  take: (bytes: Uint8Array, at: number) => void,
): Promise<number> {
  const block = new Uint8Array(Math.min(blockBytes, to - from));
  let at = from;
  while (at < to) {
    const read = readSync(fd, block, 0, Math.min(block.length, to - at), at);
    if (read === 0) break;
    take(block.subarray(0, read), at);
    at += read;
    await setImmediate();
  }
  return at;
}
