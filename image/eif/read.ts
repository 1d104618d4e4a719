import { crc32 } from "node:zlib";
import { ImageError } from "../errors.ts";
import type { EifArchitecture, EifSection, SectionKind } from "./layout.ts";
import { EIF_LAYOUT, SECTION_TYPE } from "./layout.ts";
import type { EifMetadata } from "./metadata.ts";
import { parseMetadata } from "./metadata.ts";

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
 * Read an EIF of version 4, written by anyone.
 *
 * AWS's reader walks section headers, the hypervisor and QEMU follow the table. So that both see the same
 * image, the table has to be contiguous from byte 548, sizes equal, and the last section end where the file ends.
 * Nothing is verified but the checksum: what is measured, and whether a signature holds, tells `measureEif`.
 * @throws ImageError `eif-…`
 */
export function readEif(bytes: Uint8Array): Eif {
  const { headerBytes, offsets } = EIF_LAYOUT;
  if (bytes.length < headerBytes) throw new ImageError("eif-truncated", `${bytes.length} bytes are less than a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== EIF_LAYOUT.magic) throw new ImageError("eif-magic", `0x${view.getUint32(0).toString(16)}`);
  const version = view.getUint16(offsets.version);
  if (version !== EIF_LAYOUT.version) throw new ImageError("eif-version", String(version));
  const flags = view.getUint16(offsets.flags);
  if (flags > 1 || view.getUint16(offsets.reserved) !== 0 || view.getUint32(offsets.unused) !== 0)
    throw new ImageError("eif-reserved", "header");
  const sections = readSections(bytes, view);
  const crc = crcOf(bytes);
  if (crc !== view.getUint32(offsets.crc)) throw new ImageError("eif-crc", `expected ${crc}, actual ${view.getUint32(offsets.crc)}`);
  return {
    architecture: flags === 1 ? "aarch64" : "x86_64",
    defaultMemory: view.getBigUint64(offsets.defaultMemory),
    defaultCpus: view.getBigUint64(offsets.defaultCpus),
    sections,
    ...rolesOf(sections),
  };
}

/** CRC-32/ISO-HDLC over everything but the four bytes that hold it. */
export function crcOf(bytes: Uint8Array): number {
  return crc32(bytes.subarray(EIF_LAYOUT.headerBytes), crc32(bytes.subarray(0, EIF_LAYOUT.offsets.crc)));
}

/** Every offset and size here is the sender's: each is compared before it is used. */
function readSections(bytes: Uint8Array, view: DataView): EifSection[] {
  const { offsets, headerBytes, sectionHeaderBytes, minSections, maxSections } = EIF_LAYOUT;
  const count = view.getUint16(offsets.sectionCount);
  if (count < minSections || count > maxSections) throw new ImageError("eif-section-count", String(count));
  const sections: EifSection[] = [];
  let at = headerBytes;
  for (let i = 0; i < maxSections; i++) {
    const offset = view.getBigUint64(offsets.table + 8 * i);
    const size = view.getBigUint64(offsets.sizes + 8 * i);
    if (i >= count) {
      if (offset !== 0n || size !== 0n) throw new ImageError("eif-reserved", `table entry ${i}`);
      continue;
    }
    if (offset !== BigInt(at)) throw new ImageError("eif-table", `section ${i} at ${offset}, expected ${at}`);
    if (at + sectionHeaderBytes > bytes.length) throw new ImageError("eif-truncated", `section ${i} begins at ${at} of ${bytes.length}`);
    if (view.getBigUint64(at + 4) !== size)
      throw new ImageError("eif-table", `section ${i} has ${view.getBigUint64(at + 4)} bytes, the table says ${size}`);
    const begin = at + sectionHeaderBytes;
    if (size > BigInt(bytes.length - begin)) throw new ImageError("eif-truncated", `section ${i} of ${size} bytes`);
    if (view.getUint16(at + 2) !== 0) throw new ImageError("eif-reserved", `flags of section ${i}`);
    sections.push({ kind: kindOf(view.getUint16(at)), data: bytes.subarray(begin, begin + Number(size)) });
    at = begin + Number(size);
  }
  if (at !== bytes.length) throw new ImageError("eif-trailing-bytes", `${bytes.length - at}`);
  return sections;
}

function kindOf(type: number): SectionKind {
  for (const [kind, value] of Object.entries(SECTION_TYPE)) if (value === type) return kind as SectionKind;
  throw new ImageError("eif-section-type", String(type));
}

function rolesOf(sections: readonly EifSection[]): Pick<Eif, "kernel" | "cmdline" | "ramdisks" | "signature" | "metadata"> {
  const all = (kind: SectionKind): Uint8Array[] => sections.filter((s) => s.kind === kind).map((s) => s.data);
  const [kernel, ...moreKernels] = all("kernel");
  const kinds = sections.map((s) => s.kind);
  if (kernel === undefined || moreKernels.length > 0) throw new ImageError("eif-kernel", `${all("kernel").length} kernels`);
  const [cmdline, ...moreCmdlines] = all("cmdline");
  if (cmdline === undefined || moreCmdlines.length > 0) throw new ImageError("eif-cmdline", `${all("cmdline").length} command lines`);
  const ramdisks = all("ramdisk");
  if (ramdisks.length === 0) throw new ImageError("eif-ramdisk", "none");
  if (kinds.indexOf("ramdisk") < kinds.indexOf("kernel")) throw new ImageError("eif-kernel", "a ramdisk comes before the kernel");
  const [metadata, ...moreMetadata] = all("metadata");
  if (metadata === undefined || moreMetadata.length > 0)
    throw new ImageError("eif-metadata", `${all("metadata").length} metadata sections`);
  const [signature = null, ...moreSignatures] = all("signature");
  if (moreSignatures.length > 0) throw new ImageError("eif-signature", "more than one signature section");
  if (signature !== null && signature.length > EIF_LAYOUT.maxSignatureBytes)
    throw new ImageError("eif-signature", `${signature.length} bytes`);
  return { kernel, cmdline, ramdisks, signature, metadata: parseMetadata(metadata) };
}
