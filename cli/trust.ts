import { parseTrustFile, Refusal, type TrustFile } from "@caladrius/attestation-verifier";
import { about } from "./exit.ts";
import { readLimited } from "./files.ts";

/** Larger trust files are refused unread. */
const MAX_TRUST_BYTES = 1024 * 1024;

/** Reads the trust file a command was given. @throws FileProblem around Refusal trust-* or an error of the system */
export function readTrustFile(path: string): Promise<TrustFile> {
  return about(path, async () => parseTrustFile(textOf(await readLimited(path, MAX_TRUST_BYTES))));
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal("trust-json", { actual: "bytes that are not UTF-8" });
  }
}
