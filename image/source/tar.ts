import { ImageError } from "../errors.ts";
import { parsePax } from "./pax.ts";

/** What a tar archive says of one thing; nothing here was judged but the archive's own grammar. */
export interface TarEntry {
  kind: "file" | "directory" | "symlink" | "hardlink" | "special";
  /** As it is written: may be absolute or lead upwards. */
  name: string;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  mode: number;
  /** Where a link leads, or what a special file is; empty for others. */
  target: string;
  /** The content of a file, a view into the archive; empty for others. */
  data: Uint8Array;
}

/**
 * Read one uncompressed tar archive that fills all of `bytes`: ustar, pax, and GNU's long names, written by anyone.
 *
 * Stricter than unpackers, so that all of them see the same: checksums hold, the two closing blocks are there, only zeros
 * follow, only files have content, UTF-8 names. Sparse files are refused. Owners, times and extended attributes are not read.
 * @throws ImageError `tar-…`, `source-limit`
 */
export function readTar(bytes: Uint8Array): TarEntry[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: TarEntry[] = [];
  let extra: Extra = {};
  for (let at = 0; ;) {
    if (at + 2 * BLOCK > buffer.length) throw new ImageError("tar-truncated", `at ${at}`);
    if (isZero(buffer, at, at + BLOCK)) {
      if (extra.path !== undefined || extra.link !== undefined || extra.size !== undefined) throw refused(at, "it belongs to no entry");
      if (!isZero(buffer, at + BLOCK, buffer.length)) throw new ImageError("tar-trailing-bytes", `after ${at}`);
      return entries;
    }
    const header = readHeader(buffer, at);
    const size = isMeta(header.type) ? header.size : (extra.size ?? header.size);
    const begin = at + BLOCK;
    if (begin + size > buffer.length) throw new ImageError("tar-truncated", `${header.name} of ${size} bytes`);
    const data = bytes.subarray(begin, begin + size);
    if (isMeta(header.type)) extra = readExtra(extra, header.type, data, at);
    else {
      if (entries.length >= MAX_ENTRIES) throw new ImageError("source-limit", `more than ${MAX_ENTRIES} entries`);
      entries.push(entryOf(header, extra, data, at));
      extra = {};
    }
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** What headers before an entry say of it. */
interface Extra {
  path?: string;
  link?: string;
  size?: number;
}

interface Header {
  name: string;
  mode: number;
  size: number;
  type: string;
  target: string;
}

function readHeader(buffer: Buffer, at: number): Header {
  let sum = 8 * 0x20; // the checksum's own field counts as spaces
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += buffer[at + i] ?? 0;
  if (number(buffer, at, 148, 8) !== sum) throw refused(at, "its checksum is another one");
  const magic = buffer.toString("latin1", at + 257, at + 265);
  if (magic !== "ustar\u000000" && magic !== "ustar  \0") throw refused(at, "its magic is not ustar");
  // GNU tar keeps other things where ustar has the prefix.
  const prefix = magic === "ustar  \0" ? "" : text(buffer, at, 345, 155);
  const name = text(buffer, at, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number(buffer, at, 100, 8) & 0o7777,
    size: number(buffer, at, 124, 12),
    type: String.fromCharCode(buffer[at + 156] ?? 0),
    target: text(buffer, at, 157, 100),
  };
}

function entryOf(header: Header, extra: Extra, data: Uint8Array, at: number): TarEntry {
  const name = extra.path ?? header.name;
  const link = extra.link ?? header.target;
  const { mode } = header;
  const none = new Uint8Array(0);
  if (header.type === "0" || header.type === "\0") return { kind: "file", name, mode, target: "", data };
  const special = SPECIAL[header.type];
  const kind = KIND[header.type];
  if (special === undefined && kind === undefined) throw refused(at, `its type is ${JSON.stringify(header.type)}`);
  // Some readers skip such content and others take it for the next header.
  if (data.length > 0) throw refused(at, `${name} has content and is no file`);
  if (kind === undefined) return { kind: "special", name, mode, target: special ?? "", data: none };
  return { kind, name, mode, target: kind === "directory" ? "" : link, data: none };
}

/** Take in a pax header or a GNU long name; what is said twice would be read in two ways. */
function readExtra(extra: Extra, type: string, data: Uint8Array, at: number): Extra {
  if (data.length > MAX_META_BYTES) throw refused(at, `${data.length} bytes of names`);
  const found: Extra = type === "x" ? parsePax(data, at) : {};
  if (type === "g" && Object.keys(parsePax(data, at)).length > 0) throw refused(at, "a name or size for all entries");
  if (type === "L") found.path = longName(data, at);
  if (type === "K") found.link = longName(data, at);
  for (const key of Object.keys(found)) if (Object.hasOwn(extra, key)) throw refused(at, `a second ${key} for one entry`);
  return { ...extra, ...found };
}

function longName(data: Uint8Array, at: number): string {
  if (data.length < 2 || data.indexOf(0) !== data.length - 1) throw refused(at, "a long name without its end");
  return decode(data.subarray(0, -1), at);
}

function text(buffer: Buffer, at: number, offset: number, length: number): string {
  const field = buffer.subarray(at + offset, at + offset + length);
  const end = field.indexOf(0);
  return decode(end < 0 ? field : field.subarray(0, end), at);
}

function decode(bytes: Uint8Array, at: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused(at, "a name that is not UTF-8");
  }
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
function number(buffer: Buffer, at: number, offset: number, length: number): number {
  const field = buffer.subarray(at + offset, at + offset + length);
  if (field[0] === 0x80) {
    const value = BigInt(`0x${field.subarray(1).toString("hex")}`);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refused(at, "a number without bounds");
    return Number(value);
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString("latin1"))?.[1];
  if (digits === undefined) throw refused(at, "a number that is not octal");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function isMeta(type: string): boolean {
  return type === "x" || type === "g" || type === "L" || type === "K";
}

function isZero(buffer: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (buffer[i] !== 0) return false;
  return true;
}

function refused(at: number, why: string): ImageError {
  return new ImageError("tar-header", `at ${at}: ${why}`);
}

const BLOCK = 512;
const MAX_ENTRIES = 262_144;
const MAX_META_BYTES = 65_536;
const KIND: Readonly<Record<string, "directory" | "symlink" | "hardlink">> = { "1": "hardlink", "2": "symlink", "5": "directory" };
const SPECIAL: Readonly<Record<string, string>> = { "3": "a character device", "4": "a block device", "6": "a named pipe" };
