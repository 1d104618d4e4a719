import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";

/** File offsets [from, to). */
export type Range = readonly [from: number, to: number];

/**
 * What is computed beside PCR0 over an image's bytes, given in file order: the hash under PCR2, and the checksum.
 * Both can go on in another thread; the checksum's state is a number and can also be handed over half way.
 */
export class ApplicationHash {
  readonly #hash: Hash = createHash("sha384");
  readonly #ranges: readonly Range[];

  /** `ranges` = where the data of the ramdisks after the first lies. */
  constructor(ranges: readonly Range[]) {
    this.#ranges = ranges;
  }

  /** Take the bytes that stand at `at` in the file; gives the checksum, if `crc` is what it was before them. */
  update(bytes: Uint8Array, at: number, crc: number | null): number | null {
    for (const range of this.#ranges) updateWithin(this.#hash, range, bytes, at);
    return crc === null ? null : crc32(bytes, crc);
  }

  digest(): Uint8Array {
    return new Uint8Array(this.#hash.digest());
  }
}

/** Hash of `bytes`, which stand at `at` in the file, what lies in the range. */
export function updateWithin(hash: Hash, [from, to]: Range, bytes: Uint8Array, at: number): void {
  const begin = Math.max(from - at, 0);
  const end = Math.min(to - at, bytes.length);
  if (begin < end) hash.update(begin === 0 && end === bytes.length ? bytes : bytes.subarray(begin, end));
}
