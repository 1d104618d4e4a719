/** EIF v4 layout (aws-nitro-enclaves-image-format, `src/defs`); all integers are big-endian. */
export const EIF_LAYOUT = {
  magic: 0x2e656966, // ".eif"
  version: 4,
  headerBytes: 548,
  sectionHeaderBytes: 12,
  offsets: {
    version: 4,
    flags: 6,
    defaultMemory: 8,
    defaultCpus: 16,
    reserved: 24,
    sectionCount: 26,
    table: 28,
    sizes: 284,
    unused: 540,
    crc: 544,
  },
  minSections: 2,
  maxSections: 32,
  maxSignatureBytes: 32_768,
  maxMetadataBytes: 65_536,
} as const;

/** The section types that exist; 0 and everything from 6 on is refused. */
export const SECTION_TYPE = { kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 } as const;

/** What a section holds. */
export type SectionKind = keyof typeof SECTION_TYPE;

/** One section in file order; `data` is a view into the file it was read from. */
export interface EifSection {
  kind: SectionKind;
  data: Uint8Array;
}

/** The processor an image is for: flag bit 0 of the header. */
export type EifArchitecture = "x86_64" | "aarch64";
