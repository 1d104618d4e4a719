/** One entry per code this package raises about bytes or inputs: where it arises, the rule behind it, what it means. */
export const IMAGE_CODE = {
  "eif-truncated": { stage: "eif", spec: "EIF v4 header", meaning: "the file ends before its header or a section does" },
  "eif-magic": { stage: "eif", spec: "EIF v4 header", meaning: "the file does not begin with .eif" },
  "eif-version": { stage: "eif", spec: "EIF v4 header", meaning: "a format version other than 4" },
  "eif-reserved": { stage: "eif", spec: "EIF v4 header", meaning: "a reserved field or an unused table entry is not zero" },
  "eif-section-count": { stage: "eif", spec: "EIF v4 header", meaning: "fewer than 2 or more than 32 sections" },
  "eif-table": { stage: "eif", spec: "EIF v4 section table", meaning: "the section table and the sections disagree, or leave a gap" },
  "eif-trailing-bytes": { stage: "eif", spec: "EIF v4 section table", meaning: "bytes follow the last section of the table" },
  "eif-section-type": { stage: "eif", spec: "EIF v4 section header", meaning: "a section of a type that does not exist" },
  "eif-crc": { stage: "eif", spec: "EIF v4 CRC-32", meaning: "the checksum is another one" },
  "eif-kernel": { stage: "eif", spec: "EIF v4 sections", meaning: "not exactly one kernel, or a ramdisk before it" },
  "eif-cmdline": { stage: "eif", spec: "EIF v4 sections", meaning: "not exactly one kernel command line" },
  "eif-ramdisk": { stage: "eif", spec: "EIF v4 sections", meaning: "no ramdisk" },
  "eif-metadata": { stage: "eif", spec: "EIF v4 metadata", meaning: "not exactly one metadata section with the required fields" },
  "eif-signature": { stage: "eif", spec: "EIF v3 signature", meaning: "a signature section that is not one valid signature over PCR0" },
  "cpio-truncated": { stage: "ramdisk", spec: "cpio newc", meaning: "the archive ends before an entry or the trailer does" },
  "cpio-header": { stage: "ramdisk", spec: "cpio newc", meaning: "an entry header outside the newc grammar" },
  "cpio-path": { stage: "ramdisk", spec: "cpio newc", meaning: "a path that is empty, absolute, not normal, or not UTF-8" },
  "cpio-duplicate": { stage: "ramdisk", spec: "cpio newc", meaning: "two entries with one path" },
  "cpio-parent": { stage: "ramdisk", spec: "cpio newc", meaning: "an entry whose parent folder does not come before it" },
  "cpio-kind": { stage: "ramdisk", spec: "cpio newc", meaning: "an entry that is not a plain file, a folder or a symbolic link" },
  "cpio-mode": { stage: "ramdisk", spec: "cpio newc", meaning: "setuid, setgid or sticky bits, or a hard link" },
  "cpio-trailing-bytes": { stage: "ramdisk", spec: "cpio newc", meaning: "bytes other than zero padding follow the trailer" },
  "cpio-limit": { stage: "ramdisk", spec: "limits", meaning: "more entries or bytes than a ramdisk may have" },
  "argument-newline": { stage: "application", spec: "ramdisk cmd and env", meaning: "an argument or variable that one line cannot hold" },
  "bundle-failed": { stage: "application", spec: "bundle", meaning: "the enclave program could not be bundled" },
  "bundle-input": { stage: "application", spec: "bundle", meaning: "the bundle would hold a file that must not be in the image" },
} as const;

/** Why an image or one of its parts was refused; stable across versions. */
export type ImageCode = keyof typeof IMAGE_CODE;

/** The bytes of an image, or an input of one, lie outside what images may be; whoever made them must act. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly code: ImageCode;
  constructor(code: ImageCode, detail: string) {
    super(`${IMAGE_CODE[code].meaning}: ${detail}`);
    this.code = code;
  }
}
