// Who approved what: quorums, passkeys, releases, and verdicts that rest on them. Apart from the main entry, which stays small.
export { verifyApprovals, type ApprovableKind, type ApprovalsInput, type ApprovedBy, type Quorum } from "./release/quorum.ts";
export { verifyApproval, type GivenApproval } from "./release/approval.ts";
export { countMissing, findSigners, type MissingRole } from "./release/count-missing.ts";
export { verifyPasskey, type PasskeyFault } from "./release/passkey.ts";

// Releases, trust files that name them, and verdicts that say who approved
export { countRelease, verifyRelease, type ApprovedRelease, type CountedRelease } from "./release/verify-release.ts";
export { RELEASE_CODE, ReleaseError, type ReleaseCode, type ReleaseReason } from "./release/code.ts";
export { parseGovernedTrustFile, type GovernedTrust } from "./trust/governed-trust-file.ts";
export { diffGovernedTrust, type GovernedTrustDifference } from "./trust/diff-governed-trust.ts";
export {
  createGovernedResultVerifier,
  verifyGovernedResultFile,
  type GovernedOptions,
  type GovernedResultClaims,
  type GovernedResultVerifier,
  type GovernedVerdict,
  type ReleaseClaims,
} from "./verdict/verify-governed-result-file.ts";
export { listGovernedChecks } from "./verdict/governed-checks.ts";

// Status lists: what no longer counts, for enclaves and relying parties alike
export { verifyStatusList, requireCurrent, type StatusListContext, type VerifiedStatusList } from "./status/verify-status-list.ts";
export { readPinnedConstitution, type PinnedConstitution } from "./status/pinned-constitution.ts";
export { pinConstitution } from "./status/pin-constitution.ts";
export { indexRevocations, type Revocations } from "./status/revocations.ts";
export { takesBack } from "./status/takes-back.ts";
export { judgeEvidence, judgeResult, type StatusListClaims, type StatusVerdict } from "./status/judge.ts";
export { statusCheck } from "./status/status-check.ts";
export { STATUS_CODE, StatusError, type StatusCode, type StatusReason } from "./status/code.ts";

// What a certificate revocation list says of itself, before anything is judged by it
export { describeCertificateList, type DescribedList } from "./revocation/describe-list.ts";

// What a result must show of itself
export { requiredCheck } from "./verdict/required-check.ts";
export {
  requireDisclosed,
  REQUIRED_CODE,
  type RequiredCode,
  type RequiredDisclosures,
  type RequiredReason,
} from "./verdict/require-disclosed.ts";
