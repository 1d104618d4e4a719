import type { EifArchitecture, SectionKind } from "../eif/layout.ts";

/** One thing of the first image and its counterpart in the second. */
export interface Pair<T> {
  a: T;
  b: T;
}

/** Everything that tells two images apart; plain JSON, digests and PCRs in lower-case hex. */
export interface Explanation {
  version: 1;
  verdict: ImagesVerdict;
  images: Pair<ImageFacts>;
  /** PCR0, PCR1, PCR2 and PCR8. */
  pcrs: PcrMove[];
  /** Header fields; nothing measures them. */
  header: FieldChange[];
  /** Every section of either image. */
  sections: SectionChange[];
  /** Words of the kernel's command line, when it changed. */
  cmdline: LineChange[];
  /** Arguments of the program (`cmd`), when they changed. */
  command: LineChange[];
  /** Environment of the program (`env`), when it changed. */
  environment: LineChange[];
  /** Fields of the metadata section; nothing measures them. */
  metadata: FieldChange[];
  /** Ramdisks that differ. */
  ramdisks: RamdiskChange[];
  /** What changed by package; null unless both images hold a manifest that can be read. */
  packages: PackageChange[] | null;
  /** Packages that both images have alike. */
  packagesAlike: number;
  consequences: Consequences;
  /** What the given trust files accept. */
  trust: TrustAnswer[];
  /** What a reviewer should not miss, as sentences. */
  warnings: string[];
}

/**
 * `identical`: the same bytes. `unmeasured`: the same kernel, command line, ramdisks and signer.
 * `recut`: every PCR is the same, yet the measured bytes are cut into sections otherwise, so that something else boots.
 * `measured`: at least one PCR moves.
 */
export type ImagesVerdict = "identical" | "unmeasured" | "recut" | "measured";

/** What is known of one image. */
export interface ImageFacts {
  bytes: number;
  sha256: string;
  /** The image digest that a release statement names. */
  sha384: string;
  architecture: EifArchitecture;
  /** What the kernel says of itself: `6.12.9 (…)`; null for a kernel that does not. */
  kernelVersion: string | null;
  signature: SignatureFacts | null;
  /** Why hardware or a careful reader refuses this image, as sentences. */
  faults: string[];
  manifest: ManifestFacts;
}

/** Who signed an image. */
export interface SignatureFacts {
  subject: string;
  certificateSha256: string;
  validFrom: string;
  validTo: string;
}

/** The image's list of its own files, and whether it is true. */
export interface ManifestFacts {
  status: "read" | "none" | "unreadable";
  /** Entries that the image's files do not bear out, and files that are not listed. */
  faults: string[];
  /** Why another machine may not get this image, as it says itself. */
  unreproducible: string[];
}

/** Length and digests of some bytes. */
export interface BytesFacts {
  bytes: number;
  sha256: string;
  sha384: string;
}

/** One register before and after. */
export interface PcrMove {
  index: 0 | 1 | 2 | 8;
  /** What the register measures. */
  meaning: string;
  moved: boolean;
  /** 96 hex digits; null where the image cannot be measured. An unsigned image leaves PCR8 zero. */
  a: string | null;
  b: string | null;
  /** Changed sections that feed it. */
  because: string[];
}

/** A named value before and after; null where it is absent. */
export interface FieldChange {
  field: string;
  a: string | null;
  b: string | null;
}

/** A line (argument, variable, word) of either image, in order. */
export interface LineChange {
  in: "both" | "a" | "b";
  text: string;
}

/** Where two byte strings part. */
export interface Difference {
  /** First byte that differs, from the start of the part; the shorter one's end where one continues the other. */
  offset: number;
  /** The same byte, from the start of each image file; null inside compressed ramdisks. */
  imageOffset: Pair<number> | null;
  /** How long both are. */
  bytes: Pair<number>;
  /** Bytes that differ over the common length. */
  differing: number;
  /** Up to 16 bytes from there, in hex. */
  hex: Pair<string>;
  /** For texts: the number of the first line that differs, from 1, and what stands there. */
  line: ({ number: number } & Pair<string | null>) | null;
}

/** One section of either image. */
export interface SectionChange {
  /** `ramdisk 2` */
  name: string;
  kind: SectionKind;
  /** The registers that measure it. */
  feeds: number[];
  status: "same" | "added" | "removed" | "changed";
  a: BytesFacts | null;
  b: BytesFacts | null;
  difference: Difference | null;
}

/** One ramdisk that differs. */
export interface RamdiskChange {
  /** From 1; the first is the boot part, the others the application. */
  index: number;
  /** How it is read. */
  form: Pair<"cpio" | "gzip" | "unreadable" | "absent">;
  /** Why the rest of it cannot be read, as sentences. */
  faults: Pair<string | null>;
  entries: Pair<number>;
  files: FileChange[];
  /** What follows from entries that came or went, when nothing else changed: inode numbers, zeros at the end. */
  layout: FieldChange[];
  /** Set when entries that both hold come in another order: the first that moved. */
  reordered: string | null;
  /** Bytes after the last entry, or that cannot be read as entries; null when the same. */
  rest: Difference | null;
  /** Where the ramdisks part as they lie in the file; null when one is absent. */
  difference: Difference | null;
  /** What the first image has where the difference begins, when the second cannot be read there, or the reverse. */
  place: string | null;
}

/** One entry of a ramdisk that differs. */
export interface FileChange {
  /** As the ramdisk has it: `rootfs/app/enclave.mjs`. */
  path: string;
  status: "added" | "removed" | "changed";
  /** For an added file: a removed one with the same content. */
  movedFrom: string | null;
  a: FileFacts | null;
  b: FileFacts | null;
  /** Fields of the entry's header that differ; length and content are told by `content`, inode numbers by `layout`. */
  fields: FieldChange[];
  content: Difference | null;
  /** Where the entry begins in each image file; null where absent or compressed. */
  imageOffset: Pair<number | null>;
  /** What the manifests say the file comes from. */
  origin: Pair<string | null>;
}

/** What a ramdisk holds under one path. */
export interface FileFacts {
  kind: "file" | "directory" | "symlink" | "device" | "socket" | "pipe" | "trailer" | "unknown";
  /** Four octal digits. */
  mode: string;
  bytes: number;
  sha256: string;
  /** A symbolic link's target. */
  target: string | null;
}

/** What changed of one package, of the repository's own source, or of files without a package. */
export interface PackageChange {
  kind: "npm" | "debian" | "source" | "bundle" | "other";
  name: string;
  /** `content`: the same version with other bytes. */
  status: "added" | "removed" | "version" | "content";
  /** Versions in each image; more than one when several are bundled, none where it is absent or has none. */
  versions: Pair<string[]>;
  files: PackageFileChange[];
}

/** A file of a package: in the image, or one that went into the bundle. */
export interface PackageFileChange {
  path: string;
  part: "image" | "bundle";
  status: "added" | "removed" | "changed";
  a: { bytes: number; sha256: string } | null;
  b: { bytes: number; sha256: string } | null;
}

/** What pins measurements of the first image and has to follow, and what does not. */
export interface Consequences {
  /** Conditions of KMS key policies. */
  kms: { condition: string; a: string; b: string }[];
  /** The registers of the second image for a set in a trust file's `pcrs`; null when nothing moves. */
  trustSet: Readonly<Record<string, string>> | null;
  /** Fields of the release statement that do not fit the second image, each of which needs a new one and its approvals. */
  release: FieldChange[];
  /** Registers that no image measures. */
  unmoved: { pcr: string; why: string }[];
}

/** What one trust file says of both images, as far as an image tells. */
export interface TrustAnswer {
  file: string;
  sets: TrustSetAnswer[];
}

/** What one set of a trust file says. */
export interface TrustSetAnswer {
  /** From 1. */
  number: number;
  accepts: Pair<boolean>;
  /** Registers of this set that the image does not fit. */
  misfits: Pair<number[]>;
  /** Registers of this set that no image tells: they depend on who runs it, and on what. */
  open: number[];
  /** Accepts any image in debug mode: PCR0, PCR1 and PCR2 are zero. */
  debug: boolean;
  /** For a set that accepts the first image alone: what to add beside it for the second. */
  successor: Readonly<Record<string, string>> | null;
}
