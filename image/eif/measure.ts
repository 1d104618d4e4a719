import { createHash } from "node:crypto";
import { toHex } from "@caladrius/wire";
import type { Eif } from "./read.ts";
import { readEif } from "./read.ts";
import type { EifSignature } from "./signature.ts";
import { verifySignatureSection } from "./signature.ts";

/** What the hypervisor measures of an image: 48 bytes each. */
export interface Measurements {
  /** Kernel, command line and all ramdisks. */
  pcr0: Uint8Array;
  /** Kernel, command line and the first ramdisk: the boot part. */
  pcr1: Uint8Array;
  /** All ramdisks but the first: the application. */
  pcr2: Uint8Array;
  /** The signing certificate, or null for an unsigned image (the register then stays zero). */
  pcr8: Uint8Array | null;
}

/** Measurements as nitro-cli spells them, in lower-case hex: PCR8 only of a signed image. */
export function nitroMeasurements({ pcr0, pcr1, pcr2, pcr8 }: Measurements): Readonly<Record<string, string>> {
  return {
    HashAlgorithm: "Sha384 { ... }",
    PCR0: toHex(pcr0),
    PCR1: toHex(pcr1),
    PCR2: toHex(pcr2),
    ...(pcr8 === null ? {} : { PCR8: toHex(pcr8) }),
  };
}

/** A PCR that was zero, extended once: SHA-384(48 zero bytes || value). */
export function extendZero(value: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(new Uint8Array(48)).update(value).digest());
}

/**
 * PCR0, PCR1 and PCR2 of an image's parts.
 *
 * Only section data is hashed, end to end, without lengths: header, metadata and signature are in no measurement.
 */
export function measureParts(parts: Pick<Eif, "kernel" | "cmdline" | "ramdisks">): Pick<Measurements, "pcr0" | "pcr1" | "pcr2"> {
  const [boot, ...application] = parts.ramdisks;
  const whole = createHash("sha384").update(parts.kernel).update(parts.cmdline);
  if (boot !== undefined) whole.update(boot);
  const pcr1 = extendZero(whole.copy().digest());
  for (const ramdisk of application) whole.update(ramdisk);
  return { pcr0: extendZero(whole.digest()), pcr1, pcr2: measureApplication(application) };
}

/** PCR2 alone: what the application ramdisks after the first measure. */
export function measureApplication(ramdisks: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha384");
  for (const ramdisk of ramdisks) hash.update(ramdisk);
  return extendZero(hash.digest());
}

/**
 * Read an image strictly and compute its measurements.
 *
 * A signature, where there is one, is verified: it is by the key of its certificate and over this image's PCR0.
 * The certificate's own validity or issuer is not looked at; PCR8 names it and a policy decides.
 * @throws ImageError `eif-…`
 */
export function measureEif(bytes: Uint8Array): Measurements {
  const eif = readEif(bytes);
  const pcrs = measureParts(eif);
  return { ...pcrs, pcr8: measureSignature(eif.signature === null ? null : verifySignatureSection(eif.signature, pcrs.pcr0)) };
}

/** PCR8: the signing certificate, null without one. */
export function measureSignature(signature: EifSignature | null): Uint8Array | null {
  return signature === null ? null : extendZero(createHash("sha384").update(signature.certificate).digest());
}
