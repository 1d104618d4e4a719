import { createHash, X509Certificate } from "node:crypto";
import { toHex } from "@caladrius/wire";
import type { EifArchitecture, EifSection, SectionKind } from "../eif/layout.ts";
import { EIF_LAYOUT } from "../eif/layout.ts";
import { measureParts, measureSignature } from "../eif/measure.ts";
import { parseMetadata } from "../eif/metadata.ts";
import { crcOf } from "../eif/read.ts";
import { verifySignatureSection } from "../eif/signature.ts";
import { demandCrc, readStructure } from "../eif/structure.ts";
import { ImageError } from "../errors.ts";
import type { Placed } from "./difference.ts";
import type { SignatureFacts } from "./model.ts";

/** An image as far as it can be read. */
export interface OpenImage {
  bytes: Uint8Array;
  architecture: EifArchitecture;
  defaultMemory: bigint;
  defaultCpus: bigint;
  sections: readonly EifSection[];
  kernel: Uint8Array;
  cmdline: Uint8Array;
  ramdisks: readonly Uint8Array[];
  metadata: Uint8Array;
  signature: SignatureFacts | null;
  /** By index: 0, 1, 2 and 8. PCR8 is zero without a signature, null with one that does not hold. */
  pcrs: ReadonlyMap<number, string | null>;
  /** Why hardware or a careful reader refuses it. */
  faults: string[];
}

/**
 * Read an image, and go on where only its checksum, its metadata or its signature is wrong: then there is a place to name.
 * @throws ImageError `eif-…` for what has no certain sections
 */
export function openImage(bytes: Uint8Array): OpenImage {
  const structure = readStructure(bytes.length, (at, length) => bytes.subarray(at, at + length));
  const sections = structure.sections.map(({ kind, offset, bytes: length }): EifSection => {
    const begin = offset + EIF_LAYOUT.sectionHeaderBytes;
    return { kind, data: bytes.subarray(begin, begin + length) };
  });
  const all = (kind: SectionKind): Uint8Array[] => sections.filter((section) => section.kind === kind).map(({ data }) => data);
  const one = (kind: SectionKind): Uint8Array => all(kind)[0] ?? new Uint8Array(0); // the structure has exactly one
  const parts = { kernel: one("kernel"), cmdline: one("cmdline"), ramdisks: all("ramdisk") };
  const signatureSection = all("signature")[0];
  const faults: string[] = [];
  const tolerate = <T>(work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      faults.push(`${error.message} (${error.code})`);
      return null;
    }
  };
  tolerate(() => demandCrc(crcOf(bytes), structure));
  tolerate(() => parseMetadata(one("metadata")));
  const { pcr0, pcr1, pcr2 } = measureParts(parts);
  const signature = signatureSection === undefined ? null : tolerate(() => verifySignatureSection(signatureSection, pcr0));
  const pcr8 = measureSignature(signature);
  return {
    ...parts,
    bytes,
    architecture: structure.architecture,
    defaultMemory: structure.defaultMemory,
    defaultCpus: structure.defaultCpus,
    sections,
    metadata: one("metadata"),
    signature: signature === null ? null : signatureFacts(new X509Certificate(signature.certificate)),
    pcrs: new Map([
      [0, toHex(pcr0)],
      [1, toHex(pcr1)],
      [2, toHex(pcr2)],
      [8, pcr8 !== null ? toHex(pcr8) : signatureSection === undefined ? "00".repeat(48) : null],
    ]),
    faults,
  };
}

/** Refuse what cannot be explained, without measuring it. @throws ImageError `eif-…` */
export function demandSections(bytes: Uint8Array): void {
  readStructure(bytes.length, (at, length) => bytes.subarray(at, at + length));
}

/** A part of an image with its place in the file. */
export function placed(image: OpenImage, data: Uint8Array): Placed {
  return { data, imageOffset: data.byteOffset - image.bytes.byteOffset };
}

function signatureFacts(certificate: X509Certificate): SignatureFacts {
  return {
    subject: certificate.subject.split("\n").join(", "),
    certificateSha256: createHash("sha256").update(certificate.raw).digest("hex"),
    validFrom: certificate.validFrom,
    validTo: certificate.validTo,
  };
}
