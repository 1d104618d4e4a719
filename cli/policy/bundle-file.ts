import { createHash } from "node:crypto";
import { decodeApproved, decodeBundle, decodeStatement, equalBytes, MAX_BUNDLE_BYTES, type Bundle } from "@caladrius/wire";
import { AuthoringError } from "@caladrius/policies/authoring";
import { about } from "../exit.ts";
import { readLimited } from "../files.ts";

/** A bundle as one of its files holds it. */
export interface BundleFile {
  bundle: Bundle;
  /** the payload of the statement */
  payload: Uint8Array;
  /** null for a draft, which nobody has signed */
  statement: Uint8Array | null;
  approvals: readonly Uint8Array[];
}

/** A bundle that its author signed. */
export interface SignedBundle extends BundleFile {
  statement: Uint8Array;
}

/**
 * Reads a draft, a statement, or a statement with its approvals. Nothing is verified.
 * @throws FileProblem around WireError, LimitError or an error of the system
 */
export async function readBundleFile(path: string): Promise<BundleFile> {
  const bytes = await readLimited(path, 2 * MAX_BUNDLE_BYTES);
  return about(path, () => {
    const approved = attempt(() => decodeApproved(bytes));
    const statement = approved?.statement ?? (attempt(() => decodeStatement(bytes, "bundle")) === null ? null : bytes);
    const payload = statement === null ? bytes : decodeStatement(statement, "bundle").payload;
    return { bundle: decodeBundle(payload), payload, statement, approvals: approved?.approvals ?? [] };
  });
}

/** The same of one that is signed. @throws FileProblem around AuthoringError bundle-author for a draft */
export async function readSignedBundle(path: string): Promise<SignedBundle> {
  const file = await readBundleFile(path);
  return about(path, () => {
    if (file.statement === null)
      throw new AuthoringError("bundle-author", "it is a draft: `caladrius policy sign` makes a statement of it");
    return { ...file, statement: file.statement };
  });
}

/** Approvals of another copy of the same statement that the first lacks. @throws AuthoringError approval-statement */
export function approvalsBesides(
  mine: { statement: Uint8Array; approvals: readonly Uint8Array[] },
  other: Pick<BundleFile, "statement" | "approvals">,
): Uint8Array[] {
  if (other.statement === null || !equalBytes(mine.statement, other.statement))
    throw new AuthoringError("approval-statement", "not the statement that was named");
  return other.approvals.filter((one) => !mine.approvals.some((known) => equalBytes(known, one)));
}

/** SHA-384, as PCRs measure statements. */
export function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(bytes).digest());
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null; // another form
  }
}
