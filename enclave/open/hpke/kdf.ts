import { hash } from "node:crypto";
import { utf8Encode } from "@caladrius/wire";

/** HPKE names that go into every labeled input: "HPKE-v1" and the suite id (RFC 9180 §4). */
export type LabelPrefix = Uint8Array;

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const VERSION = utf8Encode("HPKE-v1");
/** No bytes: an empty salt, context or key. */
export const NOTHING: Uint8Array = new Uint8Array(0);

/** "HPKE-v1" || suite id, where the id is "KEM" or "HPKE" and 16-bit numbers. */
export function labelPrefix(name: "KEM" | "HPKE", ...ids: readonly number[]): LabelPrefix {
  return Buffer.concat([VERSION, utf8Encode(name), ...ids.map(uint16)]);
}

/** LabeledExtract with HKDF-SHA256 (RFC 9180 §4): 32 bytes. */
export function labeledExtract(prefix: LabelPrefix, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hmacSha256(salt, [prefix, utf8Encode(label), ikm]); // RFC 5869 §2.2: an empty salt is a key of zeros, which HMAC pads it to
}

/** LabeledExpand with HKDF-SHA256 (RFC 9180 §4), `length` at most 32: one block, T(1) of RFC 5869 §2.3. */
export function labeledExpand(prefix: LabelPrefix, prk: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
  const block = hmacSha256(prk, [uint16(length), prefix, utf8Encode(label), info, FIRST_BLOCK]);
  if (length === HASH_BYTES) return block;
  const output = block.slice(0, length);
  block.fill(0);
  return output;
}

const FIRST_BLOCK = Uint8Array.of(1);

/**
 * HMAC-SHA256 (RFC 2104) out of two one-shot hashes, for keys of at most 64 bytes. createHmac costs twice as much
 * with a key object and five times as much with bytes on Node 24; an opened job needs six of them.
 */
export function hmacSha256(key: Uint8Array, message: readonly Uint8Array[]): Uint8Array {
  let length = BLOCK_BYTES;
  for (const part of message) length += part.length;
  const inner = new Uint8Array(length);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);
  inner.fill(0x36, 0, BLOCK_BYTES);
  outer.fill(0x5c, 0, BLOCK_BYTES);
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] ?? 0;
    inner[i] = 0x36 ^ byte;
    outer[i] = 0x5c ^ byte;
  }
  let offset = BLOCK_BYTES;
  for (const part of message) {
    inner.set(part, offset);
    offset += part.length;
  }
  outer.set(hash("sha256", inner, "buffer"), BLOCK_BYTES);
  const mac = hash("sha256", outer, "buffer");
  inner.fill(0);
  outer.fill(0);
  return new Uint8Array(mac.buffer, mac.byteOffset, mac.byteLength);
}

/** Two bytes, big endian: I2OSP(value, 2). */
export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
