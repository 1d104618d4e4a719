import { verifyStatusList, type VerifiedStatusList } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeApproved, decodeStatement, decodeStatusList, MAX_STATUS_LIST_BYTES, type Approved, type StatusList } from "@caladrius/wire";
import { about } from "../exit.ts";
import { readLimited } from "../files.ts";
import type { Founded } from "../fleet/deployment.ts";

/** A status list's file, and what it says. */
export interface StatusFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly source: Approved;
  readonly list: StatusList;
}

/** Reads a status list and verifies nothing of it. @throws FileProblem around WireError, LimitError or an error of the system */
export async function readStatusFile(path: string): Promise<StatusFile> {
  const bytes = await readLimited(path, MAX_STATUS_LIST_BYTES);
  return about(path, () => {
    const source = decodeApproved(bytes);
    return { path, bytes, source, list: decodeStatusList(decodeStatement(source.statement, "status-list").payload) };
  });
}

/**
 * Verifies it as an enclave does that has `before` in force; null: one that boots.
 * @throws FileProblem around StatusError status-list-*
 */
export function verifyStatusFile(
  { path, bytes }: StatusFile,
  founded: Founded,
  before: VerifiedStatusList | null,
): Promise<VerifiedStatusList> {
  return about(path, () => verifyBytes(bytes, founded, before));
}

/** The same of bytes that lie in no file yet. @throws StatusError status-list-* */
export function verifyBytes(
  bytes: Uint8Array,
  { constitution, digest }: Founded,
  before: VerifiedStatusList | null,
): Promise<VerifiedStatusList> {
  return verifyStatusList(bytes, { constitution, constitutionDigest: digest, nowMs: Date.now(), before }, signatures);
}
