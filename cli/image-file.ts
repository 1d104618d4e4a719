import { X509Certificate } from "node:crypto";
import { stat } from "node:fs/promises";
import { measureEifFile, type EifSignature, type MeasuredEif } from "@caladrius/image";
import { about, UsageError } from "./exit.ts";
import { readLimited } from "./files.ts";
import type { Terminal } from "./print.ts";

/**
 * Reads an image into memory, up to 2 GiB: what compares, signs or opens its files needs all of it, what measures does not.
 * @throws FileProblem around LimitError file-size or an error of the system; UsageError for a pipe or device
 */
export async function readImage(path: string): Promise<Uint8Array> {
  const stats = await about(path, () => stat(path));
  if (!stats.isFile() && !stats.isDirectory()) throw new UsageError(`${path} is no plain file`, "images are read from plain files");
  return readLimited(path, MAX_WHOLE_BYTES);
}

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

/** What one read of Node gives. */
const MAX_WHOLE_BYTES = 2 ** 31 - 1;
const LARGE_BYTES = 2 ** 25;
