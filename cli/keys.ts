import { parsePublicKey, parseVerifyingKey, type SubmitterPublicKey } from "@caladrius/client";
import type { SigningPublicKey } from "@caladrius/wire";
import { about } from "./exit.ts";
import { readText } from "./files.ts";

/** Reads the public half of a submitter's keys, as `key show` writes it. @throws FileProblem around ConfigurationError public-key-form */
export async function readPublicKey(path: string): Promise<SubmitterPublicKey> {
  const text = await readText(path, MAX_BYTES);
  return about(path, () => parsePublicKey(text));
}

/** Reads a key that verifies signatures: such a file, or Ed25519 or P-256 in PEM. @throws FileProblem around ConfigurationError public-key-form */
export async function readVerifyingKey(path: string): Promise<SigningPublicKey> {
  const text = await readText(path, MAX_BYTES);
  return about(path, () => parseVerifyingKey(text));
}

const MAX_BYTES = 16 * 1024;
