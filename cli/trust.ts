import { parseTrustFile, type TrustFile } from "@caladrius/attestation-verifier";
import { readText } from "./files.ts";

/** Larger trust files are refused unread. */
const MAX_TRUST_BYTES = 1024 * 1024;

/** Reads the trust file a command was given. @throws Refusal trust-*; errors of the system */
export async function readTrustFile(path: string): Promise<TrustFile> {
  return parseTrustFile(await readText(path, MAX_TRUST_BYTES));
}
