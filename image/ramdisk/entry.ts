/** What a ramdisk holds: plain files, folders and symbolic links, all owned by user 0. */
export interface CpioEntry {
  kind: "file" | "directory" | "symlink";
  /** Relative, `/` between names, no `.` or `..`: `rootfs/app/enclave.mjs`. */
  path: string;
  /** Permission bits, 0 to 0o777. */
  mode: number;
  /** The content; for a symbolic link its target as UTF-8; empty for a folder. */
  data: Uint8Array;
}

/** A plain file. */
export function file(path: string, data: Uint8Array, mode: 0o644 | 0o755 = 0o644): CpioEntry {
  return { kind: "file", path, mode, data };
}

/** A folder anyone may look into. */
export function directory(path: string): CpioEntry {
  return { kind: "directory", path, mode: 0o755, data: new Uint8Array(0) };
}

/** newc (Linux Documentation/driver-api/early-userspace/buffer-format.rst). */
export const CPIO = {
  magic: "070701",
  headerBytes: 110,
  trailer: "TRAILER!!!",
  /** The archive is padded with zeros to this; the ramdisk after it must begin at a multiple of 4. */
  blockBytes: 512,
  firstInode: 721,
  typeMask: 0o170000,
  type: { file: 0o100000, directory: 0o040000, symlink: 0o120000 },
  maxEntries: 65_536,
  maxPathBytes: 4096,
} as const;

/** Why `path` cannot stand in a ramdisk, or null. The bound of 4096 is the kernel's PATH_MAX. */
export function pathFault(path: string): string | null {
  if (path.length === 0 || Buffer.byteLength(path) >= CPIO.maxPathBytes) return "empty or too long";
  if (!isText(path)) return "not a text";
  if (path === CPIO.trailer) return "the trailer's name";
  return path.split("/").every((name) => name !== "" && name !== "." && name !== "..") ? null : "absolute or not normal";
}

/** Whether UTF-8 can hold `text` as it is, and a C string too. */
export function isText(text: string): boolean {
  return !text.includes("\0") && Buffer.from(text).toString() === text;
}

/** The folder that holds `path`, or null at the top. */
export function parentOf(path: string): string | null {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? null : path.slice(0, slash);
}
