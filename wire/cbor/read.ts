import { utf8Decode } from "../bytes.ts";
import { LimitError, WireError } from "../errors.ts";
import { MAX_INTEGER, MAX_KEY_BYTES, MAX_MAP_ENTRIES, type CborKey, type CborLimits, type CborValue } from "./value.ts";

/** What may pass beyond the common rules. */
export interface CborGrammar {
  /** RFC 8949 §4.2.1: definite lengths and sorted keys; otherwise maps and arrays may be indefinite, keys in any order. */
  readonly deterministic: boolean;
}

/**
 * Reads exactly one well-formed item of the subset, nothing behind it, in one pass. Allocates nothing that an attacker's
 * length field decides: each length is compared with the bytes left first. Byte strings are views of `bytes`.
 *
 * @throws WireError cbor-*, LimitError limit-*
 */
export function readCbor(bytes: Uint8Array, grammar: CborGrammar, limits: CborLimits): CborValue {
  if (bytes.length > limits.maxBytes) throw new LimitError("limit-bytes", `${bytes.length} bytes, at most ${limits.maxBytes}`);
  const reader = new Reader(bytes, grammar.deterministic, limits);
  const value = reader.item(0);
  if (reader.at !== bytes.length)
    throw new WireError("cbor-trailing-bytes", `${bytes.length - reader.at} bytes behind offset ${reader.at}`);
  return value;
}

class Reader {
  /** offset of the next byte */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #deterministic: boolean;
  readonly #limits: CborLimits;
  #items = 0;

  constructor(bytes: Uint8Array, deterministic: boolean, limits: CborLimits) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // never Node's Buffer, whose slices differ
    this.#deterministic = deterministic;
    this.#limits = limits;
  }

  item(depth: number): CborValue {
    const start = this.at;
    const initial = this.#initial();
    switch (initial >> 5) {
      case 0:
        return this.#argument(initial, start);
      case 1:
        return this.#negative(initial, start);
      case 2:
        return this.#slice(initial, start);
      case 3:
        return this.#text(initial, start);
      case 4:
        return this.#array(initial, start, depth);
      case 5:
        return this.#map(initial, start, depth);
      case 6:
        throw new WireError("cbor-tag", `offset ${start}`);
      default:
        if (initial === BREAK) throw new WireError("cbor-reserved", `break at offset ${start}`);
        // RFC 8949 §3.3: only false (20), true (21), null (22)
        if (initial < 0xf4 || initial > 0xf6) throw new WireError("cbor-float", `offset ${start}`);
        return initial === 0xf6 ? null : initial === 0xf5;
    }
  }

  /** Counts an item and reads its first byte. */
  #initial(): number {
    if (++this.#items > this.#limits.maxItems) throw new LimitError("limit-items", `more than ${this.#limits.maxItems} items`);
    const initial = this.#bytes[this.at];
    if (initial === undefined) throw new WireError("cbor-truncated", `offset ${this.at}`);
    this.at++;
    return initial;
  }

  /** The argument of a head (RFC 8949 §3), in its shortest form and at most 2^53-1; -1 = indefinite, where it may be. */
  #argument(initial: number, start: number): number {
    const info = initial & 31;
    if (info < 24) return info;
    if (info === 31 && initial >> 5 >= 2) {
      // chunked strings are refused everywhere
      if (this.#deterministic || initial >> 5 < 4) throw new WireError("cbor-indefinite", `offset ${start}`);
      return -1;
    }
    if (info > 27) throw new WireError("cbor-reserved", `additional information ${info} at offset ${start}`);
    const width = 1 << (info - 24);
    const bytes = this.#bytes;
    const end = this.at + width;
    if (end > bytes.length) throw new WireError("cbor-truncated", `offset ${start}`);
    let argument = 0;
    for (let at = this.at; at < end; at++) argument = argument * 256 + (bytes[at] as number);
    this.at = end;
    if (argument < (width === 1 ? 24 : 2 ** (4 * width))) throw new WireError("cbor-not-shortest", `offset ${start}`);
    if (argument > MAX_INTEGER) throw new WireError("cbor-integer-range", `offset ${start}`);
    return argument;
  }

  #negative(initial: number, start: number): number {
    const argument = this.#argument(initial, start);
    if (argument > 0xffffffff) throw new WireError("cbor-integer-range", `offset ${start}`);
    return -1 - argument;
  }

  #slice(initial: number, start: number): Uint8Array {
    const length = this.#argument(initial, start);
    const body = this.at;
    if (length > this.#bytes.length - body)
      throw new WireError("cbor-truncated", `${length} bytes declared at offset ${start}, ${this.#bytes.length - body} left`);
    this.at = body + length;
    return this.#bytes.subarray(body, body + length);
  }

  #text(initial: number, start: number): string {
    const slice = this.#slice(initial, start);
    if (slice.length > SHORT_TEXT) return utf8Decode(slice);
    // Most texts are short ASCII, for which a call into the runtime costs more than they do
    let text = "";
    for (const byte of slice) {
      if (byte > 0x7f) return utf8Decode(slice);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #enter(depth: number, start: number): void {
    if (depth >= this.#limits.maxDepth) throw new LimitError("limit-depth", `more than ${this.#limits.maxDepth} levels at offset ${start}`);
  }

  /** Whether an indefinite array or map ends here; steps over the break. */
  #ends(): boolean {
    if (this.#bytes[this.at] !== BREAK) return false;
    this.at++;
    return true;
  }

  #array(initial: number, start: number, depth: number): CborValue[] {
    const length = this.#argument(initial, start);
    this.#enter(depth, start);
    if (length > this.#bytes.length - this.at) throw new WireError("cbor-truncated", `${length} elements declared at offset ${start}`);
    const values: CborValue[] = [];
    for (let i = 0; length < 0 ? !this.#ends() : i < length; i++) values.push(this.item(depth + 1));
    return values;
  }

  #map(initial: number, start: number, depth: number): Map<CborKey, CborValue> {
    const length = this.#argument(initial, start);
    this.#enter(depth, start);
    if (length > (this.#bytes.length - this.at) / 2) throw new WireError("cbor-truncated", `${length} entries declared at offset ${start}`);
    const map = new Map<CborKey, CborValue>();
    let before = -1; // where the key before begins; it ends where its value began
    let beforeEnd = -1;
    for (let i = 0; length < 0 ? !this.#ends() : i < length; i++) {
      if (i === MAX_MAP_ENTRIES) throw new LimitError("limit-items", `more than ${MAX_MAP_ENTRIES} entries in the map at offset ${start}`);
      const at = this.at;
      const key = this.#key();
      const order = this.#deterministic && before >= 0 ? this.#compareKeys(before, beforeEnd, at) : -1;
      // Every key has one encoding, so two that are equal are one key
      if (order === 0 || map.has(key)) throw new WireError("cbor-key-duplicate", `offset ${at}`);
      if (order > 0) throw new WireError("cbor-key-order", `offset ${at}`);
      before = at;
      beforeEnd = this.at;
      map.set(key, this.item(depth + 1));
    }
    return map;
  }

  #key(): CborKey {
    const start = this.at;
    const initial = this.#initial();
    switch (initial >> 5) {
      case 0:
        return this.#argument(initial, start);
      case 1:
        return this.#negative(initial, start);
      case 3: {
        const key = this.#text(initial, start);
        if (this.at - start > MAX_KEY_BYTES) throw new LimitError("limit-bytes", `map key of ${this.at - start} bytes at offset ${start}`);
        return key;
      }
      default:
        throw new WireError("cbor-key", `offset ${start}`);
    }
  }

  /** Bytewise order of two encoded keys; no encoding is the beginning of another, so they differ before either ends. */
  #compareKeys(a: number, aEnd: number, b: number): number {
    for (let i = 0; a + i < aEnd; i++) {
      const difference = (this.#bytes[a + i] as number) - (this.#bytes[b + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

const BREAK = 0xff;
const SHORT_TEXT = 48;
