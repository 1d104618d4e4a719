import { ConfigurationError, toHex } from "@caladrius/wire";
import { parseGovernedTrustFile, type GovernedTrust } from "@caladrius/attestation-verifier/governance";
import { sha256 } from "@noble/hashes/sha2.js";
import { chooseSignatures } from "./signatures.ts";

/** A file as a browser gives it. */
export interface GivenFile {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A file that was read, with what its first bytes say it is. */
export interface Input {
  readonly name: string;
  /** lower-case hex */
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly kind: "result file" | "attestation document";
}

/** A trust file as it was chosen: usable, or why not. */
export type Trust = { readonly name: string; readonly sha256: string | null } & (
  | { readonly settings: GovernedTrust; readonly problem: null }
  | { readonly settings: null; readonly problem: { readonly code: string; readonly sentence: string } }
);

/** Reads a result file or an attestation document; a sentence for the person instead, where it is neither or too large. */
export async function readInput(file: GivenFile): Promise<Input | string> {
  if (file.size > MAX_INPUT_BYTES)
    return `${file.name} was not read: it has ${file.size} bytes, and no result file has more than ${MAX_INPUT_BYTES}.`;
  const bytes = await read(file);
  if (bytes === null) return `${file.name} could not be read. Is it a folder, or was it moved?`;
  if (looksLikeJson(bytes))
    return `${file.name} looks like a trust file, so it was not judged. Choose it under step 1, unless it came with the results: what you trust must come from another source.`;
  return { name: file.name, sha256: toHex(sha256(bytes)), bytes, kind: kindOf(bytes) };
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

/** A result file is a CBOR map (result.cddl), a document a COSE_Sign1: an array, tagged or not. What is neither is judged as a result file. */
function kindOf(bytes: Uint8Array): Input["kind"] {
  const major = (bytes[0] ?? 0) >> 5;
  return major === 4 || major === 6 ? "attestation document" : "result file";
}

function looksLikeJson(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  return /^\{\s*("|\}|$)/.test(start);
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
