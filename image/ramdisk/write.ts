import { ImageError } from "../errors.ts";
import type { CpioEntry } from "./entry.ts";
import { CPIO, parentOf, pathFault } from "./entry.ts";

/**
 * Write an uncompressed newc archive; the same entries in any order always give the same bytes.
 *
 * Entries are sorted by the bytes of their paths, owner 0, time 0, inodes counted from 721. Length is a multiple of 512.
 * @throws ImageError `cpio-path`, `cpio-duplicate`, `cpio-parent` (each folder must be an entry), `cpio-mode`, `cpio-limit`
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  if (entries.length > CPIO.maxEntries) throw new ImageError("cpio-limit", `${entries.length} entries`);
  const sorted = entries.map((entry) => ({ ...entry, name: Buffer.from(entry.path) })).toSorted((a, b) => Buffer.compare(a.name, b.name));
  const kinds = new Map<string, CpioEntry["kind"]>();
  let total = 0;
  for (const { path, kind, mode, name, data } of sorted) {
    const fault = pathFault(path);
    if (fault !== null) throw new ImageError("cpio-path", `${JSON.stringify(path)} is ${fault}`);
    if (kinds.has(path)) throw new ImageError("cpio-duplicate", path);
    const parent = parentOf(path);
    if (parent !== null && kinds.get(parent) !== "directory") throw new ImageError("cpio-parent", path);
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) throw new ImageError("cpio-mode", `${path}: 0${mode.toString(8)}`);
    if (data.length > 0xffffffff || (kind === "directory" && data.length > 0))
      throw new ImageError("cpio-limit", `${path}: ${data.length} bytes`);
    kinds.set(path, kind);
    total += recordBytes(name.length, data.length);
  }
  total += recordBytes(CPIO.trailer.length, 0);

  const bytes = new Uint8Array(Math.ceil(total / CPIO.blockBytes) * CPIO.blockBytes);
  let at = 0;
  for (const [i, { name, kind, mode, data }] of sorted.entries()) {
    at = writeRecord(bytes, at, name, data, {
      inode: CPIO.firstInode + i,
      mode: CPIO.type[kind] | mode,
      links: kind === "directory" ? 2 : 1,
    });
  }
  writeRecord(bytes, at, Buffer.from(CPIO.trailer), new Uint8Array(0), { inode: 0, mode: 0, links: 1 });
  return bytes;
}

function recordBytes(nameBytes: number, dataBytes: number): number {
  return align4(CPIO.headerBytes + nameBytes + 1) + align4(dataBytes);
}

function writeRecord(
  bytes: Uint8Array,
  at: number,
  name: Uint8Array,
  data: Uint8Array,
  head: { inode: number; mode: number; links: number },
): number {
  // inode, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [head.inode, head.mode, 0, 0, head.links, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = CPIO.magic + fields.map((value) => value.toString(16).padStart(8, "0")).join("");
  bytes.set(Buffer.from(header, "latin1"), at);
  bytes.set(name, at + CPIO.headerBytes);
  bytes.set(data, at + align4(CPIO.headerBytes + name.length + 1));
  return at + recordBytes(name.length, data.length);
}

function align4(length: number): number {
  return Math.ceil(length / 4) * 4;
}
