import { X509Certificate } from "node:crypto";
import { measureEifFile, type EifSignature, type MeasuredEif, type Measurements } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import { about } from "./exit.ts";
import type { Terminal } from "./print.ts";

/** Images of which more than measurements are asked are read whole, up to what one read gives. */
export const MAX_WHOLE_BYTES: number = 2 ** 31 - 1;

/** Measures an image file of any length in constant memory, and tells how far it is. @throws FileProblem around ImageError or an error of the system */
export function measureFile(path: string, terminal: Terminal): Promise<MeasuredEif> {
  let told = 0;
  return about(path, () =>
    measureEifFile(path, {
      onProgress: (done, total) => {
        const percent = Math.floor((100 * done) / total);
        if (total >= LARGE_BYTES && percent > told) terminal.progress(`measuring ${path}: ${percent} %`, true);
        told = percent;
      },
    }),
  );
}

/** Measurements as nitro-cli spells them: PCR8 only of a signed image. */
export function nitroMeasurements({ pcr0, pcr1, pcr2, pcr8 }: Measurements): Readonly<Record<string, string>> {
  return {
    HashAlgorithm: "Sha384 { ... }",
    PCR0: toHex(pcr0),
    PCR1: toHex(pcr1),
    PCR2: toHex(pcr2),
    ...(pcr8 === null ? {} : { PCR8: toHex(pcr8) }),
  };
}

/** What a signing certificate says of itself; nobody vouches for it here. */
export interface SignerFacts {
  algorithm: string;
  subject: string;
  issuer: string;
  notBefore: string;
  notAfter: string;
}

/** Reads the certificate of a verified signature. */
export function signerOf({ algorithm, certificate }: EifSignature): SignerFacts {
  const { subject, issuer, validFromDate, validToDate } = new X509Certificate(certificate);
  const oneLine = (name: string): string => name.trim().replaceAll("\n", ", ");
  return {
    algorithm,
    subject: oneLine(subject),
    issuer: oneLine(issuer),
    notBefore: validFromDate.toISOString(),
    notAfter: validToDate.toISOString(),
  };
}

/** The facts in a line, with a word about the time. */
export function signerSentence({ algorithm, subject, notBefore, notAfter }: SignerFacts): string {
  const now = new Date().toISOString();
  const when = now < notBefore ? " (not yet)" : now > notAfter ? " (expired)" : "";
  return `${algorithm} by ${subject}, valid ${notBefore.slice(0, 10)} to ${notAfter.slice(0, 10)}${when}`;
}

const LARGE_BYTES = 2 ** 25;
