import { ImageError } from "../errors.ts";
import type { CpioEntry } from "./entry.ts";
import { CPIO, parentOf, pathFault } from "./entry.ts";

/**
 * Read one uncompressed newc archive that fills all of `bytes`, written by anyone.
 *
 * What it returns can be unpacked without leaving the target: paths are normal and relative, unique, and each
 * stands below a folder that came before it, never below a symbolic link. Owners and times are not returned.
 * @throws ImageError `cpio-…`
 */
export function readCpio(bytes: Uint8Array): CpioEntry[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: CpioEntry[] = [];
  const kinds = new Map<string, CpioEntry["kind"]>();
  let at = 0;
  for (;;) {
    const head = readHeader(buffer, at);
    const nameEnd = at + CPIO.headerBytes + head.nameBytes;
    const path = readName(buffer, at + CPIO.headerBytes, head.nameBytes);
    const begin = align4(nameEnd);
    const end = begin + head.dataBytes;
    if (end > buffer.length) throw new ImageError("cpio-truncated", `${path} of ${head.dataBytes} bytes`);
    zeros(buffer, nameEnd, begin);
    at = align4(end);
    if (path === CPIO.trailer) {
      if (head.dataBytes !== 0) throw new ImageError("cpio-header", "the trailer has content");
      zeros(buffer, end, buffer.length);
      return entries;
    }
    zeros(buffer, end, Math.min(at, buffer.length));
    const fault = pathFault(path);
    if (fault !== null) throw new ImageError("cpio-path", `${JSON.stringify(path)} is ${fault}`);
    if (kinds.has(path)) throw new ImageError("cpio-duplicate", path);
    const parent = parentOf(path);
    if (parent !== null && kinds.get(parent) !== "directory") throw new ImageError("cpio-parent", path);
    const kind = kindOf(path, head);
    if (entries.length >= CPIO.maxEntries) throw new ImageError("cpio-limit", `more than ${CPIO.maxEntries} entries`);
    kinds.set(path, kind);
    entries.push({ kind, path, mode: head.mode & 0o777, data: bytes.subarray(begin, end) });
  }
}

interface Header {
  mode: number;
  links: number;
  dataBytes: number;
  nameBytes: number;
}

function readHeader(buffer: Buffer, at: number): Header {
  if (at + CPIO.headerBytes > buffer.length) throw new ImageError("cpio-truncated", `no header at ${at}`);
  const text = buffer.toString("latin1", at, at + CPIO.headerBytes);
  if (!HEADER.test(text)) throw new ImageError("cpio-header", `at ${at}`);
  const field = (index: number): number => Number.parseInt(text.slice(6 + 8 * index, 14 + 8 * index), 16);
  if (field(12) !== 0) throw new ImageError("cpio-header", `a checksum at ${at}`);
  return { mode: field(1), links: field(4), dataBytes: field(6), nameBytes: field(11) };
}

function readName(buffer: Buffer, at: number, nameBytes: number): string {
  if (nameBytes < 1 || nameBytes > CPIO.maxPathBytes) throw new ImageError("cpio-path", `a name of ${nameBytes} bytes`);
  if (at + nameBytes > buffer.length) throw new ImageError("cpio-truncated", `name at ${at}`);
  if (buffer[at + nameBytes - 1] !== 0) throw new ImageError("cpio-path", `a name without its end at ${at}`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer.subarray(at, at + nameBytes - 1));
  } catch {
    throw new ImageError("cpio-path", `a name that is not UTF-8 at ${at}`);
  }
}

function kindOf(path: string, head: Header): CpioEntry["kind"] {
  const type = head.mode & CPIO.typeMask;
  if ((head.mode & ~CPIO.typeMask) > 0o777) throw new ImageError("cpio-mode", `${path}: 0${head.mode.toString(8)}`);
  if (type === CPIO.type.directory && head.dataBytes === 0) return "directory";
  if (type !== CPIO.type.file && type !== CPIO.type.symlink) throw new ImageError("cpio-kind", `${path}: 0${head.mode.toString(8)}`);
  // A second name for one inode would make what is unpacked depend on the unpacker.
  if (head.links !== 1) throw new ImageError("cpio-mode", `${path} has ${head.links} links`);
  return type === CPIO.type.file ? "file" : "symlink";
}

function zeros(buffer: Buffer, from: number, to: number): void {
  for (let i = from; i < to; i++) if (buffer[i] !== 0) throw new ImageError("cpio-trailing-bytes", `at ${i}`);
}

function align4(length: number): number {
  return Math.ceil(length / 4) * 4;
}

// The kernel reads both cases of hex digits.
const HEADER = /^070701[0-9a-fA-F]{104}$/;
