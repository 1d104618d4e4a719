import { crc32 } from "node:zlib";
import type { EifArchitecture, EifSection, SectionKind } from "./layout.ts";
import { EIF_LAYOUT } from "./layout.ts";
import type { EifMetadata } from "./metadata.ts";
import { parseMetadata } from "./metadata.ts";
import { demandCrc, readStructure } from "./structure.ts";

/** A decoded image file. Byte arrays are views into the bytes that were read. */
export interface Eif {
  architecture: EifArchitecture;
  /** Bytes of memory the file suggests; not measured, not used by AWS. */
  defaultMemory: bigint;
  /** Processors the file suggests; not measured, not used by AWS. */
  defaultCpus: bigint;
  /** All sections in file order. */
  sections: readonly EifSection[];
  kernel: Uint8Array;
  cmdline: Uint8Array;
  ramdisks: readonly Uint8Array[];
  /** The raw signature section; `measureEif` verifies it. */
  signature: Uint8Array | null;
  metadata: EifMetadata;
}

/**
 * Read an EIF of version 4, written by anyone, strictly: see `readStructure`.
 *
 * Nothing is verified but the checksum: what is measured, and whether a signature holds, tells `measureEif`.
 * @throws ImageError `eif-…`
 */
export function readEif(bytes: Uint8Array): Eif {
  const structure = readStructure(bytes.length, (at, length) => bytes.subarray(at, at + length));
  demandCrc(crcOf(bytes), structure);
  const sections = structure.sections.map(({ kind, offset, bytes: length }): EifSection => {
    const begin = offset + EIF_LAYOUT.sectionHeaderBytes;
    return { kind, data: bytes.subarray(begin, begin + length) };
  });
  const all = (kind: SectionKind): Uint8Array[] => sections.filter((section) => section.kind === kind).map(({ data }) => data);
  const one = (kind: SectionKind): Uint8Array => all(kind)[0] ?? new Uint8Array(0); // the structure has exactly one
  const { architecture, defaultMemory, defaultCpus } = structure;
  return {
    architecture,
    defaultMemory,
    defaultCpus,
    sections,
    kernel: one("kernel"),
    cmdline: one("cmdline"),
    ramdisks: all("ramdisk"),
    signature: all("signature")[0] ?? null,
    metadata: parseMetadata(one("metadata")),
  };
}

/** CRC-32/ISO-HDLC over everything but the four bytes that hold it. */
export function crcOf(bytes: Uint8Array): number {
  return crc32(bytes.subarray(EIF_LAYOUT.headerBytes), crc32(bytes.subarray(0, EIF_LAYOUT.offsets.crc)));
}
