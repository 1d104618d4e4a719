/** Largest sealed job and the room its envelope needs beside the ciphertext. */
export const MAX_SEALED_JOB_BYTES: number = 32 * 1024 * 1024;

const LEAST_BUCKET = 4096;

/**
 * The size that hides the exact length: the next of 2^k and 1.5 x 2^k, at least 4 KiB.
 * A length tells at most its bucket to the host.
 */
export function sizeBucket(length: number): number {
  let power = LEAST_BUCKET;
  while (power < length) {
    if (power * 1.5 >= length) return power * 1.5;
    power *= 2;
  }
  return power;
}

/** Whether a size is one of the buckets. */
export function isSizeBucket(size: number): boolean {
  return Number.isInteger(size) && size >= LEAST_BUCKET && sizeBucket(size) === size;
}
