/** One entry per code this package raises about bytes or inputs: where it arises, the rule behind it, what it means. */
export const IMAGE_CODE = {
  "eif-truncated": { stage: "eif", spec: "EIF v4 header", meaning: "the file ends before its header or a section does" },
  "eif-changed": { stage: "eif", spec: "EIF v4 measurements", meaning: "the file changed while it was measured" },
  "eif-magic": { stage: "eif", spec: "EIF v4 header", meaning: "the file does not begin with .eif" },
  "eif-version": { stage: "eif", spec: "EIF v4 header", meaning: "a format version other than 4" },
  "eif-reserved": { stage: "eif", spec: "EIF v4 header", meaning: "a reserved field is not zero" },
  "eif-section-count": { stage: "eif", spec: "EIF v4 header", meaning: "fewer than 2 or more than 32 sections" },
  "eif-table": { stage: "eif", spec: "EIF v4 section table", meaning: "the section table and the sections disagree, or leave a gap" },
  "eif-trailing-bytes": { stage: "eif", spec: "EIF v4 section table", meaning: "bytes follow the last section of the table" },
  "eif-hidden-section": {
    stage: "eif",
    spec: "EIF v4 section table",
    meaning: "a section that the header does not count: one reader measures it, another does not",
  },
  "eif-section-type": { stage: "eif", spec: "EIF v4 section header", meaning: "a section of a type that does not exist" },
  "eif-crc": { stage: "eif", spec: "EIF v4 CRC-32", meaning: "the checksum is another one" },
  "eif-kernel": { stage: "eif", spec: "EIF v4 sections", meaning: "not exactly one kernel" },
  "eif-cmdline": { stage: "eif", spec: "EIF v4 sections", meaning: "not exactly one kernel command line" },
  "eif-ramdisk": { stage: "eif", spec: "EIF v4 sections", meaning: "no ramdisk" },
  "eif-order": { stage: "eif", spec: "EIF v4 sections", meaning: "not in the order kernel, command line, ramdisks" },
  "eif-metadata": { stage: "eif", spec: "EIF v4 metadata", meaning: "not exactly one metadata section with the required fields" },
  "eif-signature-size": { stage: "eif", spec: "EIF v3 signature", meaning: "a signature section of more than 32768 bytes" },
  "eif-signature": { stage: "eif", spec: "EIF v3 signature", meaning: "a signature section outside its grammar" },
  "eif-signature-count": {
    stage: "eif",
    spec: "EIF v3 signature",
    meaning: "not exactly one signature: nothing measures a second one, and nobody verifies it",
  },
  "eif-signature-certificate": {
    stage: "eif",
    spec: "EIF v3 signature",
    meaning: "the signing certificate is not exactly one X.509 certificate in PEM",
  },
  "eif-signature-pcr0": { stage: "eif", spec: "EIF v3 signature", meaning: "the signature is over the PCR0 of another image" },
  "eif-signature-invalid": { stage: "eif", spec: "RFC 9052 §4.4", meaning: "the signature does not verify under its certificate's key" },
  "sign-key": { stage: "sign", spec: "EIF v3 signature", meaning: "the signing key is not a P-384 private key in PEM" },
  "sign-certificate": { stage: "sign", spec: "EIF v3 signature", meaning: "the certificate is not one that belongs to the signing key" },
  "sign-signed": { stage: "sign", spec: "EIF v3 signature", meaning: "the image is signed already" },
  "image-pcr": { stage: "image", spec: "EIF v4 measurements", meaning: "the image measures other registers than were expected" },
  "image-trust": { stage: "image", spec: "trust file", meaning: "no set of the trust file holds the image's registers" },
  "cpio-truncated": { stage: "ramdisk", spec: "cpio newc", meaning: "the archive ends before an entry or the trailer does" },
  "cpio-header": { stage: "ramdisk", spec: "cpio newc", meaning: "an entry header outside the newc grammar" },
  "cpio-path": { stage: "ramdisk", spec: "cpio newc", meaning: "a path that is empty, absolute, not normal, or not UTF-8" },
  "cpio-duplicate": { stage: "ramdisk", spec: "cpio newc", meaning: "two entries with one path" },
  "cpio-parent": { stage: "ramdisk", spec: "cpio newc", meaning: "an entry whose parent folder does not come before it" },
  "cpio-kind": { stage: "ramdisk", spec: "cpio newc", meaning: "an entry that is not a plain file, a folder or a symbolic link" },
  "cpio-mode": { stage: "ramdisk", spec: "cpio newc", meaning: "setuid, setgid or sticky bits, or a hard link" },
  "cpio-trailing-bytes": { stage: "ramdisk", spec: "cpio newc", meaning: "bytes other than zero padding follow the trailer" },
  "cpio-limit": { stage: "ramdisk", spec: "limits", meaning: "more entries or bytes than a ramdisk may have" },
  "tar-truncated": { stage: "source", spec: "POSIX pax/ustar", meaning: "the archive ends before an entry or its two closing blocks do" },
  "tar-header": { stage: "source", spec: "POSIX pax/ustar", meaning: "a tar header outside ustar, pax and GNU long names" },
  "tar-trailing-bytes": { stage: "source", spec: "POSIX pax/ustar", meaning: "bytes other than zeros follow the end of the archive" },
  "layer-path": { stage: "source", spec: "OCI image layer", meaning: "a name that is absolute, leads upwards, or is not normal UTF-8" },
  "layer-parent": { stage: "source", spec: "OCI image layer", meaning: "something lies below what is no folder" },
  "layer-link": { stage: "source", spec: "OCI image layer", meaning: "a hard link to what is not there, or to a folder" },
  "layer-whiteout": { stage: "source", spec: "OCI image layer", meaning: "a whiteout that names nothing, or of another kind than OCI's" },
  "layer-kind": { stage: "source", spec: "OCI image layer", meaning: "devices, pipes and sockets cannot be in an image" },
  "layer-mode": { stage: "source", spec: "OCI image layer", meaning: "setuid or setgid files cannot be in an image" },
  "source-form": {
    stage: "source",
    spec: "sources",
    meaning: "neither a docker save archive, an OCI layout or archive, nor a folder with rootfs/ and cmd",
  },
  "source-manifest": { stage: "source", spec: "OCI image manifest", meaning: "an index, manifest or descriptor outside its grammar" },
  "source-digest": { stage: "source", spec: "OCI descriptor", meaning: "content that is missing or is not what its digest and size say" },
  "source-platform": { stage: "source", spec: "OCI image index", meaning: "not exactly one image for the platform" },
  "source-config": {
    stage: "source",
    spec: "OCI image configuration",
    meaning: "a configuration outside its grammar, or without a command",
  },
  "source-command": {
    stage: "source",
    spec: "sources",
    meaning: "the first word of the command is no program that init could start",
  },
  "source-unsupported": {
    stage: "source",
    spec: "sources",
    meaning: "the image asks for what this build, or the enclave's init, does not do",
  },
  "source-limit": { stage: "source", spec: "limits", meaning: "more entries or bytes than an image may have" },
  "argument-newline": { stage: "application", spec: "ramdisk cmd and env", meaning: "an argument or variable that one line cannot hold" },
  "library-package": {
    stage: "application",
    spec: "image/libraries.json",
    meaning: "a Debian package, or a library file of one, is not the one that is listed",
  },
  "image-manifest": { stage: "application", spec: "/app/manifest.json", meaning: "the image's list of its files is absent or not true" },
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
