import { toHex } from "@caladrius/wire";

/** One element of BER as the skeleton has it. */
export interface BerLine {
  /** depth, tag and length as they are written, and the value of what is no secret: `3 02 01 = 02` */
  readonly line: string;
  /** the value of a primitive element; empty for a constructed one */
  readonly value: Uint8Array;
}

/**
 * Tags, the very bytes of the lengths, and object identifiers, integers and NULLs of one BER element; of octet strings and
 * primitive `[n]` the length alone. Two messages with one skeleton differ in nothing but their keys and ciphertexts.
 * @throws Error where the bytes are no BER, are nested deeper than 16 or go on after the element
 */
export function berSkeleton(bytes: Uint8Array): readonly BerLine[] {
  const lines: BerLine[] = [];
  if (readElement(bytes, 0, bytes.length, 0, lines) !== bytes.length) throw new Error("bytes after the element");
  return lines;
}

function readElement(bytes: Uint8Array, at: number, end: number, depth: number, lines: BerLine[]): number {
  if (depth > 16) throw new Error("too deep");
  const tag = byteAt(bytes, at, end);
  const first = byteAt(bytes, at + 1, end);
  if ((tag & 0x1f) === 0x1f) throw new Error("a tag of several bytes");
  const constructed = (tag & 0x20) !== 0;
  let start = at + 2;
  if (first === 0x80) {
    if (!constructed) throw new Error("a primitive element without a length");
    lines.push({ line: `${depth} ${hex(tag)} 80`, value: new Uint8Array() });
    while (!(byteAt(bytes, start, end) === 0 && byteAt(bytes, start + 1, end) === 0))
      start = readElement(bytes, start, end, depth + 1, lines);
    lines.push({ line: `${depth} 00 00`, value: new Uint8Array() });
    return start + 2;
  }
  let length = first;
  if (first > 0x80) {
    length = 0;
    for (let left = first & 0x7f; left > 0; left--) length = length * 256 + byteAt(bytes, start++, end);
  }
  if (length > end - start) throw new Error("longer than what holds it");
  const value = bytes.subarray(start, start + length);
  const shown = !constructed && SHOWN.has(tag) ? ` = ${toHex(value)}` : "";
  lines.push({
    line: `${depth} ${hex(tag)} ${toHex(bytes.subarray(at + 1, start))}${shown}`,
    value: constructed ? new Uint8Array() : value,
  });
  if (constructed) for (let inner = start; inner < start + length;) inner = readElement(bytes, inner, start + length, depth + 1, lines);
  return start + length;
}

function byteAt(bytes: Uint8Array, at: number, end: number): number {
  const byte = at < end ? bytes[at] : undefined;
  if (byte === undefined) throw new Error("the bytes end too early");
  return byte;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** INTEGER, NULL, OBJECT IDENTIFIER. */
const SHOWN: ReadonlySet<number> = new Set([0x02, 0x05, 0x06]);
