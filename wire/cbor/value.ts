/**
 * The subset of CBOR that these formats use: integers from -2^32 to 2^53-1, texts, byte strings, booleans, null,
 * arrays, and maps whose keys are integers or texts. No floats, no tags, no undefined (RFC 8949 §4.2.2 choices).
 */
export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[] | ReadonlyMap<CborKey, CborValue>;

/** A map key. */
export type CborKey = number | string;

/** Bounds that are checked before anything is allocated for the value. */
export interface CborLimits {
  /** whole input in bytes */
  readonly maxBytes: number;
  /** nesting of arrays and maps */
  readonly maxDepth: number;
  /** items in total, every key and every value counted */
  readonly maxItems: number;
}

/** Smallest and largest integer that is read or written. */
export const MIN_INTEGER: number = -(2 ** 32);
export const MAX_INTEGER: number = Number.MAX_SAFE_INTEGER;
/** Keys are short names; none is longer than this with its head. */
export const MAX_KEY_BYTES = 256;
/** Maps are structs; without this bound, integers chosen to collide in the engine's hash table cost quadratic time. */
export const MAX_MAP_ENTRIES = 1024;
