import type { TrustSettings } from "@caladrius/attestation-verifier";
import type { ApprovedRelease } from "@caladrius/attestation-verifier/governance";
import { decodeResultFile, encodeResultFile } from "@caladrius/wire";

/** Trust in the code of one release alone, where one is demanded: the sets of the trust file do not count then. */
export function trustUnder(release: ApprovedRelease | undefined, trust: TrustSettings): TrustSettings {
  return release === undefined ? trust : { ...trust, pcrSets: release.pcrSets };
}

/** A result that was verified under the sets of a release, with its statement and approvals, which say so to others. */
export function withRelease(release: ApprovedRelease | undefined, file: Uint8Array): Uint8Array {
  if (release === undefined) return file;
  const { statement, approvals } = release.source;
  return encodeResultFile({ ...decodeResultFile(file), release: statement, approvals });
}
