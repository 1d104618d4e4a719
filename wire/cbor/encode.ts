import { compareBytes, utf8Encode } from "../bytes.ts";
import { WireError } from "../errors.ts";
import { MAX_INTEGER, MIN_INTEGER, type CborValue } from "./value.ts";

/**
 * Encodes a value deterministically (RFC 8949 §4.2.1): shortest heads, definite lengths, map keys sorted bytewise by
 * their encodings.
 *
 * @throws WireError cbor-value for numbers that are no integers of the range, lone surrogates, or foreign objects
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.take();
}

class Writer {
  #bytes = new Uint8Array(512);
  #length = 0;

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
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
    if (!Number.isInteger(value) || value < MIN_INTEGER || value > MAX_INTEGER || Object.is(value, -0)) throw new WireError("cbor-value", "not an integer of the range");
    if (value >= 0) this.#head(0, value);
    else this.#head(1, -1 - value);
  }

  #text(text: string): void {
    if (LONE_SURROGATE.test(text)) throw new WireError("cbor-value", "text with a lone surrogate");
    const bytes = utf8Encode(text);
    this.#head(3, bytes.length);
    this.#append(bytes);
  }

  #map(map: ReadonlyMap<number | string, CborValue>): void {
    const entries: { key: Uint8Array; value: CborValue }[] = [];
    for (const [key, value] of map) {
      if (typeof key !== "number" && typeof key !== "string") throw new WireError("cbor-value", "map key that is neither integer nor text");
      entries.push({ key: encodeCbor(key), value });
    }
    entries.sort((a, b) => compareBytes(a.key, b.key));
    this.#head(5, entries.length);
    for (const entry of entries) {
      this.#append(entry.key);
      this.value(entry.value);
    }
  }

  #head(major: number, argument: number): void {
    const type = major << 5;
    if (argument < 24) return this.#byte(type | argument);
    const width = argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8;
    this.#byte(type | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27));
    for (let shift = width - 1; shift >= 0; shift--) this.#byte(Math.floor(argument / 256 ** shift) % 256);
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

// In a regular expression with the u flag a surrogate matches only where it stands alone.
const LONE_SURROGATE = /\p{Surrogate}/u;
