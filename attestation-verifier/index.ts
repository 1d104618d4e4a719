// The four steps: evidence -> appraisal -> identity and result -> (receipt, later)
export { verifyEvidence, type VerifiedEvidence, type VerifyEvidenceOptions } from "./evidence/verify-evidence.ts";
export { DEFAULT_SKEW_MS, type ArchivedMode, type LiveMode, type TimeMode } from "./evidence/mode.ts";
export { parseTrustAnchor, type TrustAnchor } from "./evidence/anchor.ts";
export { AWS_NITRO_ROOT_G1 } from "./evidence/aws-root-g1.ts";
export type { Certificate } from "./evidence/certificate.ts";
export type { Chain } from "./evidence/chain.ts";
export { crlDistributionPoints } from "./evidence/distribution-points.ts";
export type { RevocationReport } from "./revocation/verify-revocation.ts";
export type { DecodedEvidence } from "./evidence/payload.ts";
export type { ConsistencyRule, Whereabouts } from "./evidence/consistency.ts";
export type { PcrValue } from "./evidence/pcr.ts";

export { appraise, type AppraisalPolicy, type AppraisedEvidence } from "./appraise/appraise.ts";
export { parsePcrSet, type PcrSet } from "./appraise/pcr-set.ts";

export { verifyIdentity, type VerifiedIdentity } from "./result/verify-identity.ts";
export { verifyResult, type ResultExpectations, type ResultInput, type VerifiedResult } from "./result/verify-result.ts";
export type { Disclosed } from "./result/open-disclosures.ts";
export { areFindingsWithheld } from "./result/are-findings-withheld.ts";

export { parseTimeAuthority, type TimeAuthority } from "./time/time-authority.ts";
export { verifyTimeStamp, type ProvedTime, type VerifyTimeStampOptions } from "./time/verify-time-stamp.ts";
export type { ResultTime } from "./result/verify-time-evidence.ts";

// Verdicts over whole files
export { verifyAttestationDocument, type EvidenceOptions } from "./verdict/verify-attestation-document.ts";
export {
  createResultVerifier,
  verifyResultFile,
  type ResultFileClaims,
  type ResultFileOptions,
  type ResultVerifier,
} from "./verdict/verify-result-file.ts";
export type { EvidenceClaims } from "./verdict/evidence-claims.ts";
export type { AcceptedVerdict, NotChecked, RefusedVerdict, Verdict } from "./verdict/verdict.ts";
export { listChecks, type Check } from "./verdict/checks.ts";
export { encodeVerdictEar, verdictEar, type EarOptions } from "./verdict/ear.ts";
export { verdictJson, type Json } from "./verdict/verdict-json.ts";
export { CODE, EXIT, type Actor, type Code } from "./verdict/code.ts";
export { Refusal, type RefusalDetail } from "./verdict/refusal.ts";

// Trust files
export { AWS_ROOT_NAME, parseTrustFile, type TrustFile, type TrustSettings } from "./trust/trust-file.ts";
export { renderTrustFile } from "./trust/render-trust-file.ts";
export { diffTrustFiles, type TrustDifference } from "./trust/diff-trust-files.ts";
export { requireConstitution } from "./trust/require-constitution.ts";

export type { HashName, RsaPublicKey, SignatureBackend } from "./signatures/backend.ts";
export { rememberSignatures } from "./signatures/remember.ts";
