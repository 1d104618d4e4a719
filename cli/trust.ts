import { Refusal } from "@caladrius/attestation-verifier";
import { parseGovernedTrustFile, type GovernedTrust } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { about } from "./exit.ts";
import { readLimited } from "./files.ts";

/** Larger trust files are refused unread. */
const MAX_TRUST_BYTES = 1024 * 1024;

/** Reads the trust file a command was given. @throws FileProblem around Refusal trust-*, ConfigurationError or an error of the system */
export function readTrustFile(path: string): Promise<GovernedTrust> {
  return about(path, async () => parseGovernedTrustFile(textOf(await readLimited(path, MAX_TRUST_BYTES)), signatures));
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal("trust-json", { actual: "bytes that are not UTF-8" });
  }
}
