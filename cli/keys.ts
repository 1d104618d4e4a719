import { existsSync } from "node:fs";
import { openSubmitterKey, parsePublicKey, parseVerifyingKey, type SubmitterKey, type SubmitterPublicKey } from "@caladrius/client";
import type { SigningPublicKey } from "@caladrius/wire";
import { about } from "./exit.ts";
import { readText } from "./files.ts";
import type { Terminal } from "./print.ts";

/** Opens a submitter's key file; one that is made, as there was none, is told: the path may have been mistyped. @throws FileProblem as `openSubmitterKey` */
export async function openToldKey(path: string, terminal: Terminal): Promise<SubmitterKey> {
  const isNew = !existsSync(path);
  const key = await about(path, () => openSubmitterKey(path));
  if (isNew) terminal.line(`made ${path} (0600), as there was none: whoever can read it submits and opens replies in its name`);
  return key;
}

/**
 * Opens a submitter's key file that must be there already: what was sealed to somebody opens with no new key.
 * @throws FileProblem as `openSubmitterKey`, and where there is none
 */
export async function openExistingKey(path: string): Promise<SubmitterKey> {
  await readText(path, MAX_BYTES);
  return about(path, () => openSubmitterKey(path));
}

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
