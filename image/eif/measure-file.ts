import { createHash } from "node:crypto";
import { constants, readSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { crc32 } from "node:zlib";
import { ImageError } from "../errors.ts";
import { updateWithin, type Range } from "./application-hash.ts";
import { besideHere, besideInThread, type Beside } from "./beside.ts";
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
  /** Bytes read at once: 1 MiB by default. Four such blocks are held. */
  blockBytes?: number;
}

/**
 * Read an image file strictly and measure it, as `measureEif` does, in constant memory: every byte is read once.
 *
 * PCR1 is a copy of PCR0's state after the first ramdisk. PCR2 and the checksum are computed beside PCR0 where a second
 * thread pays, so that it takes hardly longer than one hash over the file.
 * @throws ImageError `eif-…`, with the same codes as `measureEif`; errors of the system
 */
export async function measureEifFile(path: string, options: MeasureFileOptions = {}): Promise<MeasuredEif> {
  // A pipe without a writer must not hold us up: it is then read as a file of no bytes.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let beside: Beside | null = null;
  try {
    const { size } = await file.stat();
    const structure = readStructure(size, (at, length) => readHere(file, at, length));
    const threads = options.threads ?? (availableParallelism() > 1 && size >= MIN_THREADED_BYTES ? 2 : 1);
    const blockBytes = options.blockBytes ?? BLOCK_BYTES;
    const ring = new SharedArrayBuffer(blockBytes * SLOTS);
    const start = { ring, ranges: rangesOf(structure, "ramdisk").slice(1) };
    beside = threads === 2 ? besideInThread(start) : besideHere(start);
    return await measureBlocks(file, size, structure, { beside, ring, blockBytes, ...options });
  } finally {
    await beside?.close();
    await file.close();
  }
}

interface Work extends MeasureFileOptions {
  beside: Beside;
  ring: SharedArrayBuffer;
  blockBytes: number;
}

async function measureBlocks(file: FileHandle, size: number, structure: EifStructure, work: Work): Promise<MeasuredEif> {
  const { beside, blockBytes } = work;
  const [bootRamdisk = EMPTY, ...application] = rangesOf(structure, "ramdisk");
  const boot = [...rangesOf(structure, "kernel"), ...rangesOf(structure, "cmdline"), bootRamdisk];
  const keeper = new Keeper(structure);
  const hash = createHash("sha384");
  let pcr1: Uint8Array | null = null;
  let crc: number | null = crc32(structure.header.subarray(0, EIF_LAYOUT.offsets.crc));
  // The other thread has more to do and starts late, so that this one does the checksum's first part.
  const handOverAt = beside.threaded ? size * CHECKSUM_SHARE : 0;

  const blocks = blocksOf(size, blockBytes);
  let reading = fill(file, work, blocks[0]);
  try {
    for (const [i, block] of blocks.entries()) {
      const bytes = await reading;
      await beside.drain(SLOTS - 2); // then nobody needs the place of the next block any more
      reading = fill(file, work, blocks[i + 1]);
      const takenOver = block.at >= handOverAt ? crc : null;
      if (takenOver !== null) crc = null;
      beside.take({ ...block, crc: takenOver });
      if (crc !== null) crc = crc32(bytes, crc);
      for (const range of boot) updateWithin(hash, range, bytes, block.at);
      if (block.at + block.bytes >= bootRamdisk[1]) pcr1 ??= extendZero(hash.copy().digest());
      for (const range of application) updateWithin(hash, range, bytes, block.at);
      keeper.keep(bytes, block.at);
      work.onProgress?.(block.at + block.bytes, size);
    }
  } finally {
    await reading.catch(() => undefined); // the file is closed next
  }

  const { digest, crc: finished } = await beside.finish();
  demandCrc(finished ?? crc ?? 0, structure);
  keeper.demandHeaders();
  const metadata = parseMetadata(keeper.section("metadata") ?? new Uint8Array(0));
  const pcr0 = extendZero(hash.digest());
  const section = keeper.section("signature");
  const signature = section === null ? null : verifySignatureSection(section, pcr0);
  const pcr2 = extendZero(digest);
  return {
    bytes: size,
    architecture: structure.architecture,
    sections: structure.sections.map(({ kind, offset, bytes }) => ({ kind, offset, bytes })),
    metadata,
    measurements: { pcr0, pcr1: pcr1 ?? pcr0, pcr2, pcr8: measureSignature(signature) },
    signature,
  };
}

type Block = Omit<Parameters<Beside["take"]>[0], "crc">;

/** All blocks after the file's header; but for the first they begin at multiples of their length, as the system caches files. */
function blocksOf(size: number, blockBytes: number): Block[] {
  const blocks: Block[] = [];
  for (let at: number = EIF_LAYOUT.headerBytes; at < size;) {
    const end = Math.min(size, (Math.floor(at / blockBytes) + 1) * blockBytes);
    blocks.push({ slotAt: (blocks.length % SLOTS) * blockBytes, bytes: end - at, at });
    at = end;
  }
  return blocks;
}

/** Read a block into its place in the ring. */
async function fill(file: FileHandle, { ring }: Work, block: Block | undefined): Promise<Uint8Array> {
  if (block === undefined) return new Uint8Array(0);
  const { slotAt, bytes, at } = block;
  for (let done = 0; done < bytes;) {
    const views: Uint8Array[] = [];
    for (let from = done; from < bytes; from += READ_BYTES)
      views.push(new Uint8Array(ring, slotAt + from, Math.min(READ_BYTES, bytes - from)));
    const { bytesRead } = await file.readv(views, at + done);
    if (bytesRead === 0) throw shorter(at + done);
    done += bytesRead;
  }
  return new Uint8Array(ring, slotAt, bytes);
}

function readHere(file: FileHandle, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(file.fd, bytes, done, length - done, at + done);
    if (count === 0) throw shorter(at + done);
    done += count;
  }
  return bytes;
}

function shorter(at: number): ImageError {
  return new ImageError("eif-truncated", `the file ended at ${at} while it was read`);
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
    for (const { place, header } of this.#kept)
      if (!Buffer.from(header).equals(place.header)) throw new ImageError("eif-table", "the file changed while it was read");
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
const BLOCK_BYTES = 2 ** 20;
const SLOTS = 4;
/** One read in pieces that stay in the processor's cache takes a fifth of the time. */
const READ_BYTES = 2 ** 18;
/** Smaller files are measured before a second thread has started. */
const MIN_THREADED_BYTES = 2 ** 25;
/** The first thread reads, the second starts late: so both end together. */
const CHECKSUM_SHARE = 0.6;
