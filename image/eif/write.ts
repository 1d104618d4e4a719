import { ImageError } from "../errors.ts";
import type { EifArchitecture, EifSection } from "./layout.ts";
import { EIF_LAYOUT, SECTION_TYPE } from "./layout.ts";
import { crcOf } from "./read.ts";

/** What an image is made of; the sections come in nitro-cli's order: kernel, cmdline, metadata, ramdisks, signature. */
export interface EifParts {
  architecture: EifArchitecture;
  kernel: Uint8Array;
  cmdline: Uint8Array;
  /** From `encodeMetadata`. */
  metadata: Uint8Array;
  /** The boot part first. Each has to be a multiple of 4 bytes long: the loader puts them end to end. */
  ramdisks: readonly Uint8Array[];
  signature?: Uint8Array;
}

/**
 * Write an EIF of version 4; the same parts always give the same bytes.
 * @throws ImageError `eif-ramdisk` for none or one that is not a multiple of 4 bytes long, `eif-section-count` for too many.
 */
export function writeEif(parts: EifParts): Uint8Array {
  if (parts.ramdisks.length === 0) throw new ImageError("eif-ramdisk", "none");
  for (const ramdisk of parts.ramdisks)
    if (ramdisk.length % 4 !== 0) throw new ImageError("eif-ramdisk", `${ramdisk.length} bytes are no multiple of 4`);
  const sections: EifSection[] = [
    { kind: "kernel", data: parts.kernel },
    { kind: "cmdline", data: parts.cmdline },
    { kind: "metadata", data: parts.metadata },
    ...parts.ramdisks.map((data): EifSection => ({ kind: "ramdisk", data })),
  ];
  if (parts.signature !== undefined) sections.push({ kind: "signature", data: parts.signature });
  return assembleEif(sections, {
    architecture: parts.architecture,
    defaultMemory: DEFAULT_MEMORY_BYTES,
    defaultCpus: DEFAULT_CPUS,
  });
}

/**
 * Lay sections out as a file, in the order given.
 * @throws ImageError `eif-section-count` for more than 32
 */
export function assembleEif(
  sections: readonly EifSection[],
  head: { architecture: EifArchitecture; defaultMemory: bigint; defaultCpus: bigint },
): Uint8Array {
  const { headerBytes, sectionHeaderBytes, offsets, maxSections } = EIF_LAYOUT;
  if (sections.length > maxSections) throw new ImageError("eif-section-count", String(sections.length));
  const total = sections.reduce<number>((sum, s) => sum + sectionHeaderBytes + s.data.length, headerBytes);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, EIF_LAYOUT.magic);
  view.setUint16(offsets.version, EIF_LAYOUT.version);
  view.setUint16(offsets.flags, head.architecture === "aarch64" ? 1 : 0);
  view.setBigUint64(offsets.defaultMemory, head.defaultMemory);
  view.setBigUint64(offsets.defaultCpus, head.defaultCpus);
  view.setUint16(offsets.sectionCount, sections.length);
  let at: number = headerBytes;
  for (const [i, { kind, data }] of sections.entries()) {
    view.setBigUint64(offsets.table + 8 * i, BigInt(at));
    view.setBigUint64(offsets.sizes + 8 * i, BigInt(data.length));
    view.setUint16(at, SECTION_TYPE[kind]);
    view.setBigUint64(at + 4, BigInt(data.length));
    bytes.set(data, at + sectionHeaderBytes);
    at += sectionHeaderBytes + data.length;
  }
  view.setUint32(offsets.crc, crcOf(bytes));
  return bytes;
}

// What nitro-cli writes; AWS ignores both.
const DEFAULT_MEMORY_BYTES = 1_073_741_824n;
const DEFAULT_CPUS = 2n;
