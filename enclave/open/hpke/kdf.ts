import { hash } from "node:crypto";
import { utf8Encode } from "@caladrius/wire";

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const VERSION = utf8Encode("HPKE-v1");
const FIRST_BLOCK = Uint8Array.of(1);

/** No bytes: an empty salt, context or key. */
export const NOTHING: Uint8Array = new Uint8Array(0);

/** suite_id of RFC 9180 §4: "KEM" or "HPKE", then the numbers of the algorithms. */
export function suiteId(name: "KEM" | "HPKE", ...ids: readonly number[]): Uint8Array {
  return Buffer.concat([utf8Encode(name), ...ids.map(uint16)]);
}

/** What stands before the input of a LabeledExtract: "HPKE-v1" || suite_id || label. Made once per label. */
export function extractLabel(suite: Uint8Array, label: string): Uint8Array {
  return Buffer.concat([VERSION, suite, utf8Encode(label)]);
}

/** What stands before the info of a LabeledExpand: the output's length, then as for extract. */
export function expandLabel(suite: Uint8Array, label: string, length: number): Uint8Array {
  return Buffer.concat([uint16(length), VERSION, suite, utf8Encode(label)]);
}

/** LabeledExtract with HKDF-SHA256 (RFC 9180 §4): 32 bytes. */
export function labeledExtract(salt: Uint8Array, label: Uint8Array, ikm: Uint8Array): Uint8Array {
  return hmacSha256(salt, [label, ikm]); // RFC 5869 §2.2: no salt is a key of zeros, to which HMAC pads it
}

/** LabeledExpand with HKDF-SHA256 (RFC 9180 §4) to the label's length, at most 32: T(1) of RFC 5869 §2.3. */
export function labeledExpand(prk: Uint8Array, label: Uint8Array, info: Uint8Array): Uint8Array {
  const length = ((label[0] ?? 0) << 8) | (label[1] ?? 0);
  const block = hmacSha256(prk, [label, info, FIRST_BLOCK]);
  if (length === HASH_BYTES) return block;
  const output = block.slice(0, length);
  block.fill(0);
  return output;
}

/**
 * HMAC-SHA256 (RFC 2104) out of two one-shot hashes, for keys of at most 64 bytes. On Node 24 createHmac costs twice
 * as much with a key object and five times as much with bytes, and each opened job needs several.
 */
export function hmacSha256(key: Uint8Array, message: readonly Uint8Array[]): Uint8Array {
  let length = BLOCK_BYTES;
  for (const part of message) length += part.length;
  const inner = new Uint8Array(length).fill(0x36, 0, BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES).fill(0x5c, 0, BLOCK_BYTES);
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
