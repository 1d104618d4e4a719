import { ConfigurationError, toHex } from "@caladrius/wire";
import { parseGovernedTrustFile, type GovernedTrust } from "@caladrius/attestation-verifier/governance";
import { sha256 } from "@noble/hashes/sha2.js";
import { kindOf } from "./kinds.ts";
import type { ListFile } from "./lists.ts";
import { chooseSignatures } from "./signatures.ts";

/** A file as a browser gives it. */
export interface GivenFile {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A file that was read, with what its bytes say it is. */
export interface ReadFile<Kind extends string> {
  readonly name: string;
  /** lower-case hex */
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly kind: Kind;
}

/** A file to be judged. */
export type Input = ReadFile<"result file" | "attestation document">;

/** A trust file as it was chosen: usable, or why not. */
export type Trust = { readonly name: string; readonly sha256: string | null } & (
  | { readonly settings: GovernedTrust; readonly problem: null }
  | { readonly settings: null; readonly problem: { readonly code: string; readonly sentence: string } }
);

/** Files that were chosen together, sorted by what they are. */
export interface Sorted {
  readonly inputs: readonly Input[];
  readonly lists: readonly ListFile[];
  /** what was left, as it came: trust files, and bytes that are nothing this page knows */
  readonly trust: readonly GivenFile[];
  /** sentences for the person, about files that were not used */
  readonly notes: readonly string[];
}

/**
 * Sorts files by their content, wherever they were dropped: lists are good from anybody, since they are signed. What to
 * trust is taken from its own place alone, and bytes that nobody knows are judged as what the place is for.
 */
export async function sortFiles(files: readonly GivenFile[], place: "trust" | "files" | "lists"): Promise<Sorted> {
  const inputs: Input[] = [];
  const lists: ListFile[] = [];
  const trust: GivenFile[] = [];
  const notes: string[] = [];
  for (const file of files) {
    const { name, size } = file;
    const bytes = size > MAX_INPUT_BYTES ? null : await read(file);
    if (bytes === null) {
      if (place === "trust") trust.push(file);
      else if (size > MAX_INPUT_BYTES)
        notes.push(`${name} was not read: it has ${size} bytes, and no file that this page reads has more than ${MAX_INPUT_BYTES}.`);
      else notes.push(`${name} could not be read. Is it a folder, or was it moved?`);
      continue;
    }
    const kind = kindOf(bytes) ?? (place === "files" ? "result file" : null);
    const known = { name, sha256: toHex(sha256(bytes)), bytes };
    if (kind === "status list" || kind === "constitution" || kind === "revocation list") lists.push({ ...known, kind });
    else if (place === "trust") trust.push(file);
    else if (kind === "trust file")
      notes.push(
        `${name} looks like a trust file, so it was not used. Choose it under step 1, unless it came with the results: what you trust must come from another source.`,
      );
    else if (kind === null) notes.push(`${name} was not used: it is no status list, no constitution and no revocation list.`);
    else if (typeof kind === "object") notes.push(`${name} was not used: it is a ${kind.other}, which this page does not read.`);
    else inputs.push({ ...known, kind });
  }
  return { inputs, lists, trust, notes };
}

/** Reads a trust file; never throws. */
export async function readTrust(file: GivenFile): Promise<Trust> {
  const refused = (code: string, sentence: string, digest: string | null): Trust => ({
    name: file.name,
    sha256: digest,
    settings: null,
    problem: { code, sentence },
  });
  if (file.size > MAX_TRUST_BYTES)
    return refused("trust-json", `it has ${file.size} bytes, and no trust file has more than ${MAX_TRUST_BYTES}`, null);
  const bytes = await read(file);
  if (bytes === null) return refused("trust-json", "it could not be read", null);
  const digest = toHex(sha256(bytes));
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { name: file.name, sha256: digest, settings: await parseGovernedTrustFile(text, chooseSignatures()), problem: null };
  } catch (error) {
    if (error instanceof ConfigurationError) return refused(error.code, error.message, digest);
    return refused("trust-json", "it is not UTF-8 text", digest);
  }
}

async function read(file: GivenFile): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    return null;
  }
}

const MAX_INPUT_BYTES = 32 * 1024 * 1024;
const MAX_TRUST_BYTES = 1024 * 1024;
