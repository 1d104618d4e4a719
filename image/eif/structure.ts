import { ImageError } from "../errors.ts";
import type { EifArchitecture, SectionKind } from "./layout.ts";
import { EIF_LAYOUT, SECTION_TYPE } from "./layout.ts";

/** Where a section lies in its file. */
export interface SectionPlace {
  kind: SectionKind;
  /** File offset of the 12-byte section header. */
  offset: number;
  /** Bytes of data, which follow the header. */
  bytes: number;
  /** The section header as it was read. */
  header: Uint8Array;
}

/** What header, table and section headers of an image say; no section's data was looked at. */
export interface EifStructure {
  architecture: EifArchitecture;
  /** Bytes of memory the file suggests; not measured, not used by AWS. */
  defaultMemory: bigint;
  /** Processors the file suggests; not measured, not used by AWS. */
  defaultCpus: bigint;
  /** The CRC-32 that the file names. */
  crc: number;
  /** The file's first 548 bytes. */
  header: Uint8Array;
  /** All sections in file order. */
  sections: readonly SectionPlace[];
}

/** Gives `length` bytes of the file from `at`; asked only for what lies inside the file. */
export type ReadAt = (at: number, length: number) => Uint8Array;

/**
 * Read the structure of an EIF of version 4 with `fileBytes` bytes, written by anyone.
 *
 * AWS's reader walks section headers, the hypervisor and QEMU follow the table. So that both see the same image, the
 * table has to be contiguous from byte 548, sizes equal, and the last section end where the file ends. What is measured
 * has to come in nitro-cli's order: kernel, command line, ramdisks.
 * @throws ImageError `eif-…`
 */
export function readStructure(fileBytes: number, read: ReadAt): EifStructure {
  const { headerBytes, offsets } = EIF_LAYOUT;
  if (fileBytes < headerBytes) throw new ImageError("eif-truncated", `${fileBytes} bytes are less than a header of ${headerBytes}`);
  const header = read(0, headerBytes);
  const view = viewOf(header);
  if (view.getUint32(0) !== EIF_LAYOUT.magic) throw new ImageError("eif-magic", `0x${view.getUint32(0).toString(16)}`);
  const version = view.getUint16(offsets.version);
  if (version !== EIF_LAYOUT.version) throw new ImageError("eif-version", String(version));
  const flags = view.getUint16(offsets.flags);
  if (flags > 1 || view.getUint16(offsets.reserved) !== 0 || view.getUint32(offsets.unused) !== 0)
    throw new ImageError("eif-reserved", "header");
  const sections = readSections(fileBytes, view, read);
  demandRoles(sections);
  return {
    architecture: flags === 1 ? "aarch64" : "x86_64",
    defaultMemory: view.getBigUint64(offsets.defaultMemory),
    defaultCpus: view.getBigUint64(offsets.defaultCpus),
    crc: view.getUint32(offsets.crc),
    header,
    sections,
  };
}

/** @throws ImageError `eif-crc` */
export function demandCrc(actual: number, structure: EifStructure): void {
  if (actual !== structure.crc) throw new ImageError("eif-crc", `the file names ${hex32(structure.crc)}, its bytes give ${hex32(actual)}`);
}

/** Every offset and size here is the sender's: each is compared before it is used. */
function readSections(fileBytes: number, table: DataView, read: ReadAt): SectionPlace[] {
  const { offsets, headerBytes, sectionHeaderBytes, minSections, maxSections } = EIF_LAYOUT;
  const count = table.getUint16(offsets.sectionCount);
  if (count < minSections || count > maxSections) throw new ImageError("eif-section-count", String(count));
  for (let i = count; i < maxSections; i++)
    if (table.getBigUint64(offsets.table + 8 * i) !== 0n || table.getBigUint64(offsets.sizes + 8 * i) !== 0n)
      throw new ImageError("eif-hidden-section", `table entry ${i}, where the header counts ${count} sections`);
  const sections: SectionPlace[] = [];
  let at: number = headerBytes;
  for (let i = 0; i < count; i++) {
    const offset = table.getBigUint64(offsets.table + 8 * i);
    const size = table.getBigUint64(offsets.sizes + 8 * i);
    if (offset !== BigInt(at)) throw new ImageError("eif-table", `section ${i} at ${offset}, expected ${at}`);
    if (at + sectionHeaderBytes > fileBytes) throw new ImageError("eif-truncated", `section ${i} begins at ${at} of ${fileBytes}`);
    const header = read(at, sectionHeaderBytes);
    const view = viewOf(header);
    if (view.getBigUint64(4) !== size)
      throw new ImageError("eif-table", `section ${i} has ${view.getBigUint64(4)} bytes, the table says ${size}`);
    const end = BigInt(at + sectionHeaderBytes) + size;
    if (end > BigInt(fileBytes)) throw new ImageError("eif-truncated", `section ${i} of ${size} bytes ends at ${end} of ${fileBytes}`);
    if (view.getUint16(2) !== 0) throw new ImageError("eif-reserved", `flags of section ${i}`);
    sections.push({ kind: kindOf(view.getUint16(0)), offset: at, bytes: Number(size), header });
    at = Number(end);
  }
  if (at !== fileBytes) refuseTrailing(at, fileBytes, read);
  return sections;
}

/** Who walks section headers to the end of the file would measure what follows, if it is made like sections. */
function refuseTrailing(from: number, fileBytes: number, read: ReadAt): never {
  const { sectionHeaderBytes } = EIF_LAYOUT;
  if (from + sectionHeaderBytes <= fileBytes) {
    const view = viewOf(read(from, sectionHeaderBytes));
    const kind = KINDS.get(view.getUint16(0));
    if (kind !== undefined && view.getBigUint64(4) <= BigInt(fileBytes - from - sectionHeaderBytes))
      throw new ImageError("eif-hidden-section", `a ${kind} at ${from}, after the last section of the table`);
  }
  throw new ImageError("eif-trailing-bytes", String(fileBytes - from));
}

function kindOf(type: number): SectionKind {
  const kind = KINDS.get(type);
  if (kind === undefined) throw new ImageError("eif-section-type", String(type));
  return kind;
}

function demandRoles(sections: readonly SectionPlace[]): void {
  const count = (kind: SectionKind): number => sections.filter((section) => section.kind === kind).length;
  if (count("kernel") !== 1) throw new ImageError("eif-kernel", `${count("kernel")} kernels`);
  if (count("cmdline") !== 1) throw new ImageError("eif-cmdline", `${count("cmdline")} command lines`);
  if (count("ramdisk") === 0) throw new ImageError("eif-ramdisk", "none");
  const order = sections.map(({ kind }) => kind).filter((kind) => MEASURED.includes(kind));
  if (order[0] !== "kernel" || order[1] !== "cmdline") throw new ImageError("eif-order", order.join(", "));
  if (count("metadata") !== 1) throw new ImageError("eif-metadata", `${count("metadata")} metadata sections`);
  if (count("signature") > 1) throw new ImageError("eif-signature-count", `${count("signature")} signature sections`);
  for (const { kind, bytes } of sections) {
    if (kind === "metadata" && bytes > EIF_LAYOUT.maxMetadataBytes) throw new ImageError("eif-metadata", `${bytes} bytes`);
    if (kind === "signature" && bytes > EIF_LAYOUT.maxSignatureBytes) throw new ImageError("eif-signature-size", `${bytes} bytes`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

/** The kinds whose data some register measures. */
export const MEASURED: readonly SectionKind[] = ["kernel", "cmdline", "ramdisk"];
const KINDS: ReadonlyMap<number, SectionKind> = new Map(Object.entries(SECTION_TYPE).map(([kind, type]) => [type, kind as SectionKind]));
