import { STATEMENT, type StatementKind } from "@caladrius/wire";

/** What a file's own bytes say that it is; nothing of it was verified, and its name does not matter. */
export type FileKind = "result file" | "attestation document" | "trust file" | "status list" | "constitution" | "revocation list";

/** The kind of a file, the name of a statement that this page has no use for, or null for bytes that are none of all these. */
export function kindOf(bytes: Uint8Array): FileKind | { readonly other: string } | null {
  const [first = 0, second = 0] = bytes;
  if (/^\{\s*("|\}|$)/.test(textAt(bytes, 0, 64).trimStart())) return "trust file";
  if (textAt(bytes, 0, PEM_LIST.length) === PEM_LIST) return "revocation list";
  // DER's SEQUENCE with a length of several bytes: no revocation list is shorter. In CBOR 0x30 would be a number.
  if (first === 0x30 && second > 0x80 && second < 0x85) return "revocation list";
  const statement = statementKind(bytes);
  if (statement === "constitution" || statement === "status-list") return statement === "constitution" ? "constitution" : "status list";
  if (statement !== null) return { other: statement.replace("-", " ") };
  // A result file is a CBOR map (result.cddl), a document a COSE_Sign1: an array, tagged or not.
  const major = first >> 5;
  return major === 5 ? "result file" : major === 4 || major === 6 ? "attestation document" : null;
}

/** A statement is an array whose first item is a header with its media type; beside its approvals it is the first of two items. */
function statementKind(bytes: Uint8Array): StatementKind | null {
  const at = bytes[0] === 0x82 ? 1 + headLength(bytes[1]) : 0;
  if (bytes[at] !== 0x84 || bytes[at + 1] !== 0x58) return null;
  const header = textAt(bytes, at + 3, bytes[at + 2] ?? 0);
  return (Object.keys(STATEMENT) as StatementKind[]).find((kind) => header.includes(STATEMENT[kind].typ)) ?? null;
}

/** Bytes before the content of a byte string (RFC 8949 §3). */
function headLength(head = 0): number {
  return head >= 0x58 && head <= 0x5b ? 1 + 2 ** (head - 0x58) : 1;
}

function textAt(bytes: Uint8Array, from: number, length: number): string {
  return new TextDecoder().decode(bytes.subarray(from, from + length));
}

const PEM_LIST = "-----BEGIN X509 CRL-----";
