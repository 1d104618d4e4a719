import { utf8Decode } from "../bytes.ts";
import { LimitError, WireError } from "../errors.ts";
import { MAX_INTEGER, type CborLimits } from "./value.ts";

/** What a scan lets pass beyond the common rules. */
export interface ScanGrammar {
  /** RFC 8949 §4.2.1: definite lengths and sorted keys; otherwise maps and arrays may be indefinite, keys in any order. */
  readonly deterministic: boolean;
}

/**
 * Walks the bytes once and accepts exactly one well-formed item of the subset, nothing behind it.
 * Allocates nothing that an attacker's length field decides: each length is compared with the bytes left first.
 *
 * @throws WireError cbor-*, LimitError limit-*
 */
export function scanCbor(bytes: Uint8Array, grammar: ScanGrammar, limits: CborLimits): void {
  if (bytes.length > limits.maxBytes) throw new LimitError("limit-bytes", `${bytes.length} bytes, at most ${limits.maxBytes}`);
  const end = new Scanner(bytes, grammar, limits).item(0, 0);
  if (end !== bytes.length) throw new WireError("cbor-trailing-bytes", `${bytes.length - end} bytes behind offset ${end}`);
}

const BREAK = 0xff;
const BYTE_ORDER_MARK = "\ufeff";

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #grammar: ScanGrammar;
  readonly #limits: CborLimits;
  #items = 0;
  #argument = 0; // of the head read last; -1 = indefinite

  constructor(bytes: Uint8Array, grammar: ScanGrammar, limits: CborLimits) {
    this.#bytes = bytes;
    this.#grammar = grammar;
    this.#limits = limits;
  }

  /** Reads one item at `at`, returns the offset behind it. */
  item(at: number, depth: number): number {
    if (++this.#items > this.#limits.maxItems) throw new LimitError("limit-items", `more than ${this.#limits.maxItems} items`);
    const major = (this.#bytes[at] ?? 0) >> 5;
    const body = this.#head(at);
    switch (major) {
      case 0:
        return body;
      case 1:
        // cbor-x computes -1-n in 32 bits, so anything beyond is refused here
        if (this.#argument > 0xffffffff) throw new WireError("cbor-integer-range", `offset ${at}`);
        return body;
      case 2:
        return this.#skip(body, this.#argument, at);
      case 3: {
        const end = this.#skip(body, this.#argument, at);
        if (!this.#ascii(body, end)) this.#text(body, end);
        return end;
      }
      case 4:
        return this.#array(body, this.#argument, depth, at);
      case 5:
        return this.#map(body, this.#argument, depth, at);
      case 6:
        throw new WireError("cbor-tag", `offset ${at}`);
      default:
        return body;
    }
  }

  #head(at: number): number {
    const bytes = this.#bytes;
    const initial = bytes[at];
    if (initial === undefined) throw new WireError("cbor-truncated", `offset ${at}`);
    const major = initial >> 5;
    const info = initial & 31;
    if (major === 7) {
      // RFC 8949 §3.3: only false (20), true (21), null (22)
      if (initial === BREAK) throw new WireError("cbor-reserved", `break at offset ${at}`);
      if (info < 20 || info > 22) throw new WireError("cbor-float", `offset ${at}`);
      return at + 1;
    }
    if (info < 24) {
      this.#argument = info;
      return at + 1;
    }
    if (info === 31 && major >= 2 && major <= 5) {
      // chunked strings are refused everywhere
      if (this.#grammar.deterministic || major < 4) throw new WireError("cbor-indefinite", `offset ${at}`);
      this.#argument = -1;
      return at + 1;
    }
    if (info > 27) throw new WireError("cbor-reserved", `additional information ${info} at offset ${at}`);
    const width = 1 << (info - 24);
    if (at + 1 + width > bytes.length) throw new WireError("cbor-truncated", `offset ${at}`);
    let argument = 0;
    for (let i = 1; i <= width; i++) argument = argument * 256 + (bytes[at + i] as number);
    const least = width === 1 ? 24 : 2 ** (4 * width);
    if (argument < least) throw new WireError("cbor-not-shortest", `offset ${at}`);
    if (argument > MAX_INTEGER) throw new WireError("cbor-integer-range", `offset ${at}`);
    this.#argument = argument;
    return at + 1 + width;
  }

  /** Most texts are ASCII, and a call into the runtime costs more than a look at each byte of a short one. */
  #ascii(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if ((this.#bytes[at] as number) > 0x7f) return false;
    return true;
  }

  /** cbor-x takes a byte order mark off longer texts: two keys would become one, and a value another. */
  #text(from: number, to: number): void {
    if (utf8Decode(this.#bytes.subarray(from, to)).startsWith(BYTE_ORDER_MARK))
      throw new WireError("cbor-utf8", `a byte order mark at offset ${from}`);
  }

  #skip(body: number, length: number, at: number): number {
    if (length > this.#bytes.length - body)
      throw new WireError("cbor-truncated", `${length} bytes declared at offset ${at}, ${this.#bytes.length - body} left`);
    return body + length;
  }

  /** Bytewise order of two encoded keys; no encoding is the beginning of another, so they differ before either ends. */
  #compareKeys(a: number, aEnd: number, b: number): number {
    for (let i = 0; a + i < aEnd; i++) {
      const difference = (this.#bytes[a + i] as number) - (this.#bytes[b + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #enter(depth: number, at: number): void {
    if (depth >= this.#limits.maxDepth) throw new LimitError("limit-depth", `more than ${this.#limits.maxDepth} levels at offset ${at}`);
  }

  #array(body: number, length: number, depth: number, at: number): number {
    this.#enter(depth, at);
    let next = body;
    if (length < 0) {
      while (this.#bytes[next] !== BREAK) next = this.item(next, depth + 1);
      return next + 1;
    }
    if (length > this.#bytes.length - body) throw new WireError("cbor-truncated", `${length} elements declared at offset ${at}`);
    for (let i = 0; i < length; i++) next = this.item(next, depth + 1);
    return next;
  }

  #map(body: number, length: number, depth: number, at: number): number {
    this.#enter(depth, at);
    if (length > (this.#bytes.length - body) / 2) throw new WireError("cbor-truncated", `${length} entries declared at offset ${at}`);
    const seen = this.#grammar.deterministic ? null : new Set<string>();
    let previous = -1; // where the key before begins; it ends where its value began
    let previousEnd = -1;
    let next = body;
    for (let i = 0; length < 0 ? this.#bytes[next] !== BREAK : i < length; i++) {
      const major = (this.#bytes[next] ?? 0) >> 5;
      if (next < this.#bytes.length && major !== 0 && major !== 1 && major !== 3) throw new WireError("cbor-key", `offset ${next}`);
      const behind = this.item(next, depth + 1);
      if (seen !== null) {
        if (behind - next > MAX_FOREIGN_KEY_BYTES)
          throw new LimitError("limit-bytes", `map key of ${behind - next} bytes at offset ${next}`);
        const text = String.fromCharCode(...this.#bytes.subarray(next, behind));
        if (seen.has(text)) throw new WireError("cbor-key-duplicate", `offset ${next}`);
        seen.add(text);
      } else if (previous >= 0) {
        const order = this.#compareKeys(previous, previousEnd, next);
        if (order === 0) throw new WireError("cbor-key-duplicate", `offset ${next}`);
        if (order > 0) throw new WireError("cbor-key-order", `offset ${next}`);
      }
      previous = next;
      previousEnd = behind;
      next = this.item(behind, depth + 1);
    }
    return length < 0 ? next + 1 : next;
  }
}

/** Keys of foreign maps are short names; a longer one is refused before it is copied. */
const MAX_FOREIGN_KEY_BYTES = 256;
