import { concatBytes, utf8Encode } from "../bytes.ts";
import { WireError } from "../errors.ts";
import { MAX_INTEGER, MAX_KEY_BYTES, MAX_MAP_ENTRIES, MIN_INTEGER, type CborValue } from "./value.ts";

/**
 * Encodes a value deterministically (RFC 8949 §4.2.1): shortest heads, definite lengths, map keys sorted bytewise by
 * their encodings.
 *
 * @throws WireError cbor-value for numbers that are no integers of the range, lone surrogates, map keys of more than 256 bytes, maps of more than 1024 entries, or foreign objects
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.take();
}

class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor() {
    // One scratch buffer serves all writers in turn; a nested one (never needed today) would get its own.
    this.#bytes = scratch ?? new Uint8Array(SCRATCH_BYTES);
    scratch = null;
  }

  take(): Uint8Array {
    const result = this.#bytes.slice(0, this.#length);
    if (this.#bytes.length === SCRATCH_BYTES) scratch = this.#bytes;
    return result;
  }

  value(value: CborValue): void {
    if (typeof value === "number") return this.#integer(value);
    if (typeof value === "string") return this.#text(value);
    if (value instanceof Uint8Array) {
      this.#head(2, value.length);
      return this.#append(value);
    }
    if (value === null) return this.#byte(0xf6);
    if (typeof value === "boolean") return this.#byte(value ? 0xf5 : 0xf4);
    if (Array.isArray(value)) {
      this.#head(4, value.length);
      for (const element of value as readonly CborValue[]) this.value(element);
      return;
    }
    if (value instanceof Map) return this.#map(value as ReadonlyMap<number | string, CborValue>);
    throw new WireError("cbor-value", `cannot encode a ${typeof value}`);
  }

  #integer(value: number): void {
    if (!Number.isInteger(value) || value < MIN_INTEGER || value > MAX_INTEGER || Object.is(value, -0))
      throw new WireError("cbor-value", "not an integer of the range");
    if (value >= 0) this.#head(0, value);
    else this.#head(1, -1 - value);
  }

  #text(text: string): void {
    if (!ASCII.test(text)) {
      if (LONE_SURROGATE.test(text)) throw new WireError("cbor-value", "text with a lone surrogate");
      const bytes = utf8Encode(text);
      this.#head(3, bytes.length);
      return this.#append(bytes);
    }
    this.#head(3, text.length);
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length + i] = text.charCodeAt(i);
    this.#length += text.length;
  }

  /** Entries are written as they come, then put in order of their keys' bytes. */
  #map(map: ReadonlyMap<number | string, CborValue>): void {
    if (map.size > MAX_MAP_ENTRIES) throw new WireError("cbor-value", `map of ${map.size} entries`);
    this.#head(5, map.size);
    const start = this.#length;
    const entries: { from: number; to: number }[] = [];
    let ordered = true;
    for (const [key, value] of map) {
      if (typeof key !== "number" && typeof key !== "string") throw new WireError("cbor-value", "map key that is neither integer nor text");
      const from = this.#length;
      this.value(key);
      if (this.#length - from > MAX_KEY_BYTES) throw new WireError("cbor-value", `map key of ${this.#length - from} bytes`);
      const last = entries.at(-1);
      if (last !== undefined && this.#compare(last.from, from) > 0) ordered = false;
      this.value(value);
      entries.push({ from, to: this.#length });
    }
    if (ordered) return;
    entries.sort((a, b) => this.#compare(a.from, b.from));
    const sorted = concatBytes(...entries.map(({ from, to }) => this.#bytes.subarray(from, to)));
    this.#bytes.set(sorted, start);
  }

  /** Keys of a map are unique and no encoding is the beginning of another, so two of them differ before either ends. */
  #compare(a: number, b: number): number {
    for (let i = 0; ; i++) {
      const difference = (this.#bytes[a + i] as number) - (this.#bytes[b + i] as number);
      if (difference !== 0) return difference;
    }
  }

  #head(major: number, argument: number): void {
    this.#reserve(9);
    const type = major << 5;
    if (argument < 24) {
      this.#bytes[this.#length++] = type | argument;
      return;
    }
    const width = argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8;
    this.#bytes[this.#length++] = type | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27);
    let rest = argument;
    for (let at = this.#length + width - 1; at >= this.#length; at--) {
      this.#bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.#length += width;
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const SCRATCH_BYTES = 64 * 1024;
let scratch: Uint8Array | null = null;

// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const ASCII = /^[\u0000-\u007f]*$/;

// In a regular expression with the u flag a surrogate matches only where it stands alone.
const LONE_SURROGATE = /\p{Surrogate}/u;
