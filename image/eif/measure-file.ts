import { createHash, type Hash } from "node:crypto";
import { constants, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { crc32 } from "node:zlib";
import { ImageError } from "../errors.ts";
import { hashInThread, type HashInThread } from "./application-hash.ts";
import { readBlocks, type Range } from "./blocks.ts";
import { combineCrc32 } from "./crc.ts";
import { EIF_LAYOUT, type EifArchitecture, type SectionKind } from "./layout.ts";
import { extendZero, measureSignature, type Measurements } from "./measure.ts";
import { parseMetadata, type EifMetadata } from "./metadata.ts";
import { verifySignatureSection, type EifSignature } from "./signature.ts";
import { demandCrc, MEASURED, readStructure, type EifStructure, type SectionPlace } from "./structure.ts";

/** What is known of an image file after its bytes went by once. */
export interface MeasuredEif {
  /** Length of the file. */
  bytes: number;
  architecture: EifArchitecture;
  /** All sections in file order: what they are, the file offset of their headers, bytes of data. */
  sections: readonly { kind: SectionKind; offset: number; bytes: number }[];
  metadata: EifMetadata;
  measurements: Measurements;
  /** Verified over this image's PCR0; null for an unsigned image. */
  signature: EifSignature | null;
}

/** How `measureEifFile` goes about it; nothing here changes what it returns. */
export interface MeasureFileOptions {
  /** Told how many bytes of the file have been measured, after each block. */
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** 2 measures PCR2 beside PCR0 in a thread of its own. By default 2 where there are two processors and enough to do. */
  threads?: 1 | 2;
  /** Bytes read at once: 256 KiB by default, which stay in the processor's cache. */
  blockBytes?: number;
}

/**
 * Read an image file strictly and measure it, as `measureEif` does, in constant memory.
 *
 * PCR1 is a copy of PCR0's state after the first ramdisk. PCR2 is computed beside PCR0 where a second thread pays: it
 * reads the application ramdisks for itself, so a file that changes meanwhile is refused.
 * @throws ImageError `eif-…`, with the same codes as `measureEif`, `eif-changed`; errors of the system
 */
export async function measureEifFile(path: string, options: MeasureFileOptions = {}): Promise<MeasuredEif> {
  // A pipe without a writer must not hold us up: it is then read as a file of no bytes.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let thread: HashInThread | null = null;
  try {
    const before = await file.stat({ bigint: true });
    const size = Number(before.size);
    const structure = readStructure(size, (at, length) => readHere(file.fd, at, length));
    const threads = options.threads ?? (availableParallelism() > 1 && size >= MIN_THREADED_BYTES ? 2 : 1);
    const blockBytes = options.blockBytes ?? BLOCK_BYTES;
    const ranges = rangesOf(structure, "ramdisk").slice(1);
    const checksum: Range = threads === 2 ? handedOver(ranges) : [size, size];
    if (threads === 2) thread = hashInThread({ fd: file.fd, ranges, checksum, blockBytes });
    const measured = await measureBlocks(file.fd, size, structure, { ...options, blockBytes, thread, checksum });
    const after = await file.stat({ bigint: true });
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs) throw changed();
    return measured;
  } finally {
    await thread?.close();
    await file.close();
  }
}

interface Work extends MeasureFileOptions {
  blockBytes: number;
  thread: HashInThread | null;
  /** the part of the file whose checksum the thread computes */
  checksum: Range;
}

/** The end of the last application ramdisk: so much that both threads, of which one starts late, end together. */
function handedOver(ranges: readonly Range[]): Range {
  const [from, to] = ranges.at(-1) ?? [EIF_LAYOUT.headerBytes, EIF_LAYOUT.headerBytes];
  return [to - Math.floor((to - from) * CHECKSUM_SHARE), to];
}

async function measureBlocks(fd: number, size: number, structure: EifStructure, work: Work): Promise<MeasuredEif> {
  const [bootRamdisk = EMPTY, ...application] = rangesOf(structure, "ramdisk");
  const boot = [...rangesOf(structure, "kernel"), ...rangesOf(structure, "cmdline"), bootRamdisk];
  const keeper = new Keeper(structure);
  const hash = createHash("sha384");
  const applicationHash = createHash("sha384");
  let pcr1: Uint8Array | null = null;
  const [from, to] = work.checksum; // of these bytes the thread computes the checksum
  let crc = crc32(structure.header.subarray(0, EIF_LAYOUT.offsets.crc));
  let crcBehind = 0;
  const end = await readBlocks(fd, [EIF_LAYOUT.headerBytes, size], work.blockBytes, (bytes, at) => {
    if (at < from) crc = crc32(bytes.subarray(0, from - at), crc);
    if (at + bytes.length > to) crcBehind = crc32(bytes.subarray(Math.max(0, to - at)), crcBehind);
    for (const range of boot) updateWithin(hash, range, bytes, at);
    if (at + bytes.length >= bootRamdisk[1]) pcr1 ??= extendZero(hash.copy().digest());
    for (const range of application) {
      updateWithin(hash, range, bytes, at);
      if (work.thread === null) updateWithin(applicationHash, range, bytes, at);
    }
    keeper.keep(bytes, at);
    work.onProgress?.(at + bytes.length, size);
  });
  if (end < size) throw shorter(end);
  const beside = work.thread === null ? null : await work.thread.result();
  if (work.thread !== null && beside === null) throw changed();
  demandCrc(combineCrc32(combineCrc32(crc, beside?.crc ?? 0, to - from), crcBehind, size - to), structure);
  keeper.demandHeaders();
  const metadata = parseMetadata(keeper.section("metadata") ?? new Uint8Array(0));
  const pcr0 = extendZero(hash.digest());
  const section = keeper.section("signature");
  const signature = section === null ? null : verifySignatureSection(section, pcr0);
  const pcr2 = extendZero(beside?.digest ?? applicationHash.digest());
  return {
    bytes: size,
    architecture: structure.architecture,
    sections: structure.sections.map(({ kind, offset, bytes }) => ({ kind, offset, bytes })),
    metadata,
    measurements: { pcr0, pcr1: pcr1 ?? pcr0, pcr2, pcr8: measureSignature(signature) },
    signature,
  };
}

/** Hash of `bytes`, which stand at `at` in the file, what lies in the range. */
function updateWithin(hash: Hash, [from, to]: Range, bytes: Uint8Array, at: number): void {
  const begin = Math.max(from - at, 0);
  const end = Math.min(to - at, bytes.length);
  if (begin < end) hash.update(begin === 0 && end === bytes.length ? bytes : bytes.subarray(begin, end));
}

function readHere(fd: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(fd, bytes, done, length - done, at + done);
    if (count === 0) throw shorter(at + done);
    done += count;
  }
  return bytes;
}

function shorter(at: number): ImageError {
  return new ImageError("eif-truncated", `the file ended at ${at} while it was read`);
}

function changed(): ImageError {
  return new ImageError("eif-changed", "by somebody else, while it was measured");
}

/** Keeps the little that is looked at and not measured as it goes by: metadata, signature and section headers. */
class Keeper {
  readonly #kept: readonly { place: SectionPlace; header: Uint8Array; data: Uint8Array | null }[];

  constructor({ sections }: EifStructure) {
    this.#kept = sections.map((place) => ({
      place,
      header: new Uint8Array(place.header.length),
      data: MEASURED.includes(place.kind) ? null : new Uint8Array(place.bytes), // the structure bounds them
    }));
  }

  keep(bytes: Uint8Array, at: number): void {
    for (const { place, header, data } of this.#kept) {
      copyWithin(header, place.offset, bytes, at);
      if (data !== null) copyWithin(data, place.offset + header.length, bytes, at);
    }
  }

  section(kind: SectionKind): Uint8Array | null {
    return this.#kept.find(({ place }) => place.kind === kind)?.data ?? null;
  }

  /** The structure was read before: a file that changes meanwhile has no measurement. */
  demandHeaders(): void {
    for (const { place, header } of this.#kept) if (!Buffer.from(header).equals(place.header)) throw changed();
  }
}

function copyWithin(target: Uint8Array, targetAt: number, bytes: Uint8Array, at: number): void {
  const begin = Math.max(targetAt - at, 0);
  const end = Math.min(targetAt + target.length - at, bytes.length);
  if (begin < end) target.set(bytes.subarray(begin, end), at + begin - targetAt);
}

function rangesOf({ sections }: EifStructure, kind: SectionKind): Range[] {
  return sections
    .filter((section) => section.kind === kind)
    .map(({ offset, bytes }): Range => {
      const begin = offset + EIF_LAYOUT.sectionHeaderBytes;
      return [begin, begin + bytes];
    });
}

const EMPTY: Range = [0, 0];
const BLOCK_BYTES = 2 ** 18;
/** Smaller files are measured before a second thread has started. */
const MIN_THREADED_BYTES = 2 ** 25;
const CHECKSUM_SHARE = 0.35;
