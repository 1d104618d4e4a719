import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { CPIO } from "../ramdisk/entry.ts";
import { bufferOf, type Placed } from "./difference.ts";
import type { FileFacts } from "./model.ts";

/** One entry of a ramdisk by anyone, with the place of each of its parts; the parts of all entries leave no gap. */
export interface ArchiveEntry {
  path: string;
  /** Which of the entries with this path it is, from 0. */
  occurrence: number;
  /** By the names of the fields in the newc header. */
  fields: ReadonlyMap<string, number>;
  header: Buffer;
  /** From the end of the name to the content. */
  namePadding: Buffer;
  content: Buffer;
  /** From the end of the content to the next entry. */
  padding: Buffer;
  /** All of it. */
  whole: Buffer;
  /** Where it begins in the archive. */
  begin: number;
  /** An entry with the same bytes, whose digest then is this one's too. */
  twin: ArchiveEntry | null;
}

/** A ramdisk as far as it can be read. */
export interface Archive {
  form: "cpio" | "gzip" | "unreadable";
  entries: ArchiveEntry[];
  /** What follows the last entry: nothing in an archive that could be read to its end. */
  rest: Placed;
  /** Why it could not, as a sentence. */
  fault: string | null;
  /** The archive's bytes: those of the ramdisk, or what they decompress to. */
  source: Placed;
}

/** Read a ramdisk without refusing anything: what cannot be read becomes the rest. */
export function openArchive(ramdisk: Placed): Archive {
  const compressed = ramdisk.data[0] === 0x1f && ramdisk.data[1] === 0x8b;
  const source = compressed ? decompressed(ramdisk) : ramdisk;
  if (source === null)
    return {
      form: "unreadable",
      entries: [],
      rest: ramdisk,
      fault: "the gzip stream is damaged, too large, or followed by something else",
      source: ramdisk,
    };
  const buffer = bufferOf(source.data);
  const entries: ArchiveEntry[] = [];
  const seen = new Map<string, number>();
  let fault: string | null = null;
  let at = 0;
  while (at < buffer.length) {
    const entry = entries.length < MAX_ENTRIES ? entryAt(buffer, at, seen) : null;
    if (entry === null) {
      fault = `no entry of a cpio archive at byte ${at} of ${buffer.length}`;
      break;
    }
    entries.push(entry);
    at = entry.begin + entry.whole.length;
  }
  if (fault === null && entries.at(-1)?.path !== CPIO.trailer) fault = "the archive has no trailer";
  return {
    form: entries.length === 0 ? "unreadable" : compressed ? "gzip" : "cpio",
    entries,
    rest: { data: buffer.subarray(at), imageOffset: source.imageOffset === null ? null : source.imageOffset + at },
    fault,
    source,
  };
}

/** SHA-256 of an entry's content, computed once for equal entries of two images. */
export function contentDigest(entry: ArchiveEntry): string {
  const owner = entry.twin ?? entry;
  let digest = digests.get(owner);
  if (digest === undefined) {
    digest = createHash("sha256").update(owner.content).digest("hex");
    digests.set(owner, digest);
  }
  return digest;
}

/** What an entry is. */
export function factsOf(entry: ArchiveEntry): FileFacts {
  const mode = entry.fields.get("mode") ?? 0;
  const kind = entry.path === CPIO.trailer ? "trailer" : (KIND.get(mode & CPIO.typeMask) ?? "unknown");
  return {
    kind,
    mode: (mode & ~CPIO.typeMask).toString(8).padStart(4, "0"),
    bytes: entry.content.length,
    sha256: contentDigest(entry),
    target: kind === "symlink" ? entry.content.toString("utf8", 0, 4096) : null,
  };
}

function decompressed(ramdisk: Placed): Placed | null {
  try {
    const { buffer, engine } = gunzipSync(ramdisk.data, { maxOutputLength: MAX_DECOMPRESSED_BYTES, info: true }) as unknown as Inflated;
    // zlib ends at the first zero after a stream; the kernel passes over zeros and unpacks what comes then.
    const tail = ramdisk.data.subarray(engine.bytesWritten);
    return tail.every((byte) => byte === 0) ? { data: buffer, imageOffset: null } : null;
  } catch {
    return null;
  }
}

/** What zlib gives where it is asked for more than the bytes: `bytesWritten` counts what it took in. */
interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/** The entry whose header begins at `at`, null where there is none. Every length is the sender's. */
function entryAt(buffer: Buffer, at: number, seen: Map<string, number>): ArchiveEntry | null {
  const header = buffer.subarray(at, at + CPIO.headerBytes);
  if (!HEADER.test(header.toString("latin1"))) return null;
  const fields = new Map(
    CPIO_FIELDS.map((name, i) => [name, Number.parseInt(header.toString("latin1", 6 + 8 * i, 14 + 8 * i), 16)] as const),
  );
  const nameBytes = fields.get("name length") ?? 0;
  const dataBytes = fields.get("length") ?? 0;
  const nameBegin = at + CPIO.headerBytes;
  const nameEnd = nameBegin + nameBytes;
  const begin = align4(nameEnd);
  const end = begin + dataBytes;
  if (nameBytes < 1 || nameBytes > CPIO.maxPathBytes || end > buffer.length) return null;
  const terminated = buffer[nameEnd - 1] === 0;
  const path = nameOf(buffer.subarray(nameBegin, terminated ? nameEnd - 1 : nameEnd));
  let next = Math.min(align4(end), buffer.length);
  // The kernel goes on after a trailer: zeros, then perhaps another archive.
  if (path === CPIO.trailer) next = afterZeros(buffer, next);
  const occurrence = seen.get(path) ?? 0;
  seen.set(path, occurrence + 1);
  return {
    path,
    occurrence,
    fields,
    header,
    namePadding: buffer.subarray(terminated ? nameEnd - 1 : nameEnd, begin),
    content: buffer.subarray(begin, end),
    padding: buffer.subarray(end, next),
    whole: buffer.subarray(at, next),
    begin: at,
    twin: null,
  };
}

function afterZeros(buffer: Buffer, from: number): number {
  let at = from;
  while (at < buffer.length && buffer[at] === 0) at++;
  // Entries begin at multiples of 4, so zeros before that belong to what follows.
  return at === buffer.length ? at : Math.max(from, at - (at % 4));
}

/** UTF-8 as it is; each byte of another encoding as \xNN, so that two names are never taken for one. */
function nameOf(bytes: Buffer): string {
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return text;
  return bytes.toString("latin1").replace(/[\x80-\xff\\]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}

function align4(length: number): number {
  return Math.ceil(length / 4) * 4;
}

const digests = new WeakMap<ArchiveEntry, string>();
/** The fields of a newc header, in order, eight hex digits each. */
export const CPIO_FIELDS = [
  "inode",
  "mode",
  "owner",
  "group",
  "links",
  "time",
  "length",
  "device major",
  "device minor",
  "special device major",
  "special device minor",
  "name length",
  "checksum",
] as const;
const KIND: ReadonlyMap<number, FileFacts["kind"]> = new Map([
  [CPIO.type.file, "file"],
  [CPIO.type.directory, "directory"],
  [CPIO.type.symlink, "symlink"],
  [0o020000, "device"],
  [0o060000, "device"],
  [0o140000, "socket"],
  [0o010000, "pipe"],
]);
// 070702 is newc with a checksum; the kernel reads both, and both cases of hex digits.
const HEADER = /^07070[12][0-9a-fA-F]{104}$/;
const MAX_ENTRIES = 262_144;
const MAX_DECOMPRESSED_BYTES = 512 * 1024 * 1024;
