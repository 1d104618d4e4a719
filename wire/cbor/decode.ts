import { readCbor } from "./read.ts";
import type { CborLimits, CborValue } from "./value.ts";

/** Limits used where a format states none of its own. */
export const DEFAULT_CBOR_LIMITS: CborLimits = { maxBytes: 33 * 1024 * 1024, maxDepth: 12, maxItems: 65_536 };

/**
 * Decodes one deterministically encoded item (RFC 8949 §4.2.1) of the subset; everything else is refused.
 * Byte strings in the result are views of `bytes`: keep the input unchanged while the value lives.
 *
 * @throws WireError cbor-* for bytes outside the grammar, LimitError limit-* beyond `limits`
 */
export function decodeCbor(bytes: Uint8Array, limits: Partial<CborLimits> = {}): CborValue {
  return readCbor(bytes, { deterministic: true }, { ...DEFAULT_CBOR_LIMITS, ...limits });
}

/**
 * Decodes bytes that another implementation made, such as attestation documents: keys in any order, and maps and
 * arrays may have indefinite length. Shortest form, unique keys, valid UTF-8, no tags, no floats, no chunked strings
 * and no trailing bytes hold here too.
 *
 * @throws WireError cbor-*, LimitError limit-*
 */
export function decodeForeignCbor(bytes: Uint8Array, limits: Partial<CborLimits> = {}): CborValue {
  return readCbor(bytes, { deterministic: false }, { ...DEFAULT_CBOR_LIMITS, ...limits });
}
