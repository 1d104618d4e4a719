import type { Difference } from "./model.ts";

/** Bytes and where they begin in the image file; null for what was decompressed. */
export interface Placed {
  data: Uint8Array;
  imageOffset: number | null;
}

/** Where two byte strings part, null when they are equal. Equal stretches are compared natively, 64 KiB at a time. */
export function differenceOf(a: Placed, b: Placed): Difference | null {
  const left = bufferOf(a.data);
  const right = bufferOf(b.data);
  if (left.equals(right)) return null;
  const common = Math.min(left.length, right.length);
  let offset = common;
  let differing = 0;
  for (let at = 0; at < common; at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, common);
    if (left.subarray(at, end).equals(right.subarray(at, end))) continue;
    for (let i = at; i < end; i++) {
      if (left[i] === right[i]) continue;
      if (differing === 0) offset = i;
      differing++;
    }
  }
  return {
    offset,
    imageOffset: a.imageOffset === null || b.imageOffset === null ? null : { a: a.imageOffset + offset, b: b.imageOffset + offset },
    bytes: { a: left.length, b: right.length },
    differing,
    hex: { a: left.toString("hex", offset, offset + HEX_BYTES), b: right.toString("hex", offset, offset + HEX_BYTES) },
    line: lineOf(left, right, offset),
  };
}

/** The text of these bytes, or null for what is no text. */
export function textOf(data: Uint8Array): string | null {
  if (data.length > MAX_TEXT_BYTES || data.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return null;
  }
}

/** A view of the same bytes that compares natively. */
export function bufferOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function lineOf(a: Buffer, b: Buffer, offset: number): Difference["line"] {
  if (textOf(a) === null && textOf(b) === null) return null;
  const start = offset === 0 ? 0 : a.lastIndexOf(NEWLINE, offset - 1) + 1;
  let number = 1;
  for (let at = a.indexOf(NEWLINE); at >= 0 && at < start; at = a.indexOf(NEWLINE, at + 1)) number++;
  return { number, a: lineAt(a, start, offset), b: lineAt(b, start, offset) };
}

/** The line from `start`; of a long one the part around `offset`, or two that differ far behind would look the same. */
function lineAt(text: Buffer, start: number, offset: number): string | null {
  if (start >= text.length) return null;
  const newline = text.indexOf(NEWLINE, start);
  const end = newline < 0 ? text.length : newline;
  const from = end - start <= MAX_LINE ? start : Math.max(start, characterAt(text, offset - BEFORE));
  const to = end - from <= MAX_LINE ? end : characterAt(text, from + MAX_LINE);
  return `${from > start ? "…" : ""}${text.toString("utf8", from, to)}${to < end ? "…" : ""}`;
}

/** Where the character of UTF-8 begins that holds this byte. */
function characterAt(text: Buffer, at: number): number {
  let begin = Math.max(at, 0);
  while (begin > 0 && at - begin < 3 && ((text[begin] ?? 0) & 0xc0) === 0x80) begin--;
  return begin;
}

const BLOCK_BYTES = 65_536;
const HEX_BYTES = 16;
const NEWLINE = 10;
/** Bytes of a line that are shown, and how many of these before the first that differs. */
const MAX_LINE = 200;
const BEFORE = 60;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
