import { countRelease, type CountedRelease } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeApproved, decodeRelease, decodeStatement, type Approved, type Release } from "@caladrius/wire";
import { about } from "../exit.ts";
import { readLimited } from "../files.ts";
import type { Founded } from "../fleet/deployment.ts";

/** A statement of 64 KiB and 64 approvals of 4 KiB, with room. */
export const MAX_RELEASE_FILE_BYTES: number = 512 * 1024;

/** A release's file, with its approvals counted under a constitution. */
export interface ReleaseFile {
  readonly source: Approved;
  readonly counted: CountedRelease;
}

/** Reads a release and counts its approvals. @throws FileProblem around ReleaseError release-form, release-author; WireError, LimitError */
export async function readReleaseFile(path: string, founded: Founded): Promise<ReleaseFile> {
  const source = await readApproved(path);
  return { source, counted: await about(path, () => countUnder(source, founded)) };
}

/** Who approved, and what is missing, under a constitution. @throws ReleaseError */
export function countUnder(source: Approved, { constitution, digest }: Founded): Promise<CountedRelease> {
  return countRelease(source, { constitution, constitutionDigest: digest }, signatures);
}

/** Reads a release and verifies nothing of it. @throws FileProblem around WireError, LimitError or an error of the system */
export async function readUnverifiedRelease(path: string): Promise<{ source: Approved; release: Release }> {
  const source = await readApproved(path);
  return about(path, () => ({ source, release: decodeRelease(decodeStatement(source.statement, "release").payload) }));
}

async function readApproved(path: string): Promise<Approved> {
  const bytes = await readLimited(path, MAX_RELEASE_FILE_BYTES);
  return about(path, () => decodeApproved(bytes));
}
