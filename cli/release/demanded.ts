import { verifyRelease, type ApprovedRelease, type GovernedTrust } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { about, UsageError } from "../exit.ts";
import { readUnverifiedRelease } from "./file.ts";

/**
 * The release of --release, whose code alone counts; null where the sets of the trust file do. Under a trust file that
 * takes any approved release it must be named.
 * @throws UsageError; FileProblem around ReleaseError release-*, WireError, LimitError or an error of the system
 */
export async function readDemandedRelease(args: Arguments, trust: GovernedTrust): Promise<ApprovedRelease | null> {
  const file = args.optional("release");
  const { constitution, acceptsApproved, quorum, pcrSets } = trust;
  if (file === null) {
    if (acceptsApproved && pcrSets.length === 0)
      throw new UsageError("--release is missing: the trust file takes approved releases, and nothing says which one the enclave must run");
    return null;
  }
  if (constitution === null || !acceptsApproved)
    throw new UsageError('--release needs a trust file with a constitution and "releases": "approved"');
  const { source } = await readUnverifiedRelease(file);
  return about(file, () => verifyRelease(source, constitution, signatures, quorum));
}

/** Which code it was, and who approved it. */
export function codeLine({ release: { name, softwareVersion }, approvedBy }: ApprovedRelease): string {
  return `code: ${name} ${softwareVersion}, approved by ${approvedBy.map(({ person, role }) => `${person}, ${role}`).join("; ")}`;
}
