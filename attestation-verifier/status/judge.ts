import { concatBytes, equalBytes, toHex, type Lifecycle, type ReleaseStatus } from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import type { PcrValue } from "../evidence/pcr.ts";
import type { Code } from "../verdict/code.ts";
import type { EvidenceClaims } from "../verdict/evidence-claims.ts";
import type { AcceptedVerdict, NotChecked, RefusedVerdict, Verdict } from "../verdict/verdict.ts";
import type { ResultFileClaims } from "../verdict/verify-result-file.ts";
import { STATUS_CODE, StatusError, type StatusCode } from "./code.ts";
import type { VerifiedStatusList } from "./verify-status-list.ts";

/** What a status list said about a result or an enclave. */
export interface StatusListClaims {
  readonly number: number;
  /** Unix seconds */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** whether it was in force when the result or the evidence was made: then nothing was revoked behind its back */
  readonly inForceThen: boolean;
  /** the releases of this image (PCR0) that the list names; empty: it names none */
  readonly releases: readonly { readonly digest: Uint8Array; readonly lifecycle: Lifecycle }[];
  /** what the list could not be held against, as the file does not disclose it, or the result does not have it */
  readonly undisclosed: readonly ("submitter" | "grant" | "device")[];
}

/** A verdict with what a status list adds to it, or takes from it. */
export type StatusVerdict<Claims, Codes extends string = Code> = Verdict<
  Claims & { readonly statusList: StatusListClaims },
  Codes | StatusCode
>;

/** What a verdict says of a result, and where it names one, of which release its code was. */
interface JudgedClaims extends ResultFileClaims {
  readonly release?: { readonly digest: Uint8Array } | null;
}

/**
 * Judges a result that verified by a status list. Contraindicated: its release, or the key of its submitter, its grant's
 * issuer or its device, was revoked by the end of its interval; its policy version had been forbidden by then. A release
 * revoked later leaves a warning unless a time stamp proves that the result is older, and so does a policy version that
 * was forbidden later. `lifecycle` is no longer under not checked. A verdict that was contraindicated stays as it is, and
 * under the list of another constitution than the result's nothing is accepted: status-list-constitution.
 */
export function judgeResult<Claims extends JudgedClaims, Codes extends string>(
  verdict: Verdict<Claims, Codes>,
  list: VerifiedStatusList,
): StatusVerdict<Claims, Codes> {
  if (verdict.status === "contraindicated") return verdict;
  const { result, disclosed, evidence, provedTime, release = null } = verdict.claims;
  if (!equalBytes(result.constitutionDigest, list.list.constitutionDigest))
    return refused(verdict, otherConstitution(toHex(result.constitutionDigest), list), verdict.notChecked);
  const { toMs } = result.interval;
  const { submitter, grant, input } = disclosed;
  const device = input?.device ?? null;
  const { isRevoked } = list.revocations;
  const found = judgeRelease({ ...evidence, release }, list, { madeMs: toMs, provedMs: provedTime?.atMs ?? null });
  if (result.policy.version < list.list.lowestPolicyVersion)
    found.push(toMs >= list.list.issuedAt * 1000 ? "policy-withdrawn" : "policy-withdrawn-later");
  if (submitter !== null && isRevoked("key", submitter, toMs)) found.push("submitter-revoked");
  if (grant !== null && isRevoked("key", grant.issuer, toMs)) found.push("issuer-revoked");
  if (device !== null && (["device", "key"] as const).some((what) => isRevoked(what, device, toMs))) found.push("device-revoked");
  const undisclosed = [
    ...(submitter === null ? (["submitter"] as const) : []),
    "grant" as const, // its disclosure names the issuer's key and no revocation id
    ...(input === null ? (["device"] as const) : []),
  ];
  return judged(verdict, found, claimsOf(list, evidence, toMs, undisclosed));
}

/**
 * The same of an attestation document that verified, at the document's own time: its release alone. Its constitution is
 * the one that PCR16 measures.
 */
export function judgeEvidence(verdict: Verdict<EvidenceClaims>, list: VerifiedStatusList): StatusVerdict<EvidenceClaims> {
  if (verdict.status === "contraindicated") return verdict;
  const { claims } = verdict;
  const measured = claims.pcrs.get(16);
  if (measured === undefined || !equalBytes(measured, sha384(concatBytes(new Uint8Array(48), list.list.constitutionDigest))))
    return refused(verdict, otherConstitution("the constitution that PCR16 measures", list), verdict.notChecked);
  const found = judgeRelease({ ...claims, release: null }, list, { madeMs: claims.timestampMs, provedMs: claims.timestampMs });
  return judged(verdict, found, claimsOf(list, claims, claims.timestampMs, []));
}

/**
 * A release is told by its image, and where its approvals were verified by its statement too.
 * @param times `provedMs`: when it existed at the latest, as somebody else says; null: nobody
 */
function judgeRelease(
  { pcrs, release }: Pick<EvidenceClaims, "pcrs"> & { release: { readonly digest: Uint8Array } | null },
  { list, revocations }: VerifiedStatusList,
  { madeMs, provedMs }: { madeMs: number; provedMs: number | null },
): StatusCode[] {
  const pcr0 = pcrs.get(0) as PcrValue; // every set that could match has it
  const since = earlier(revocations.imageSince(pcr0), release === null ? null : revocations.releaseSince(release.digest));
  if (since === null) {
    const isThis = ({ digest, images }: ReleaseStatus): boolean =>
      images.some((image) => equalBytes(image, pcr0)) || (release !== null && equalBytes(release.digest, digest));
    const named = list.releases.filter(isThis);
    return named.length > 0 && named.every(({ lifecycle }) => lifecycle !== "active") ? ["release-not-active"] : [];
  }
  if (since * 1000 <= madeMs) return ["release-revoked"];
  // Whoever broke a release can have it state an earlier time, for as long as its evidence allows.
  return provedMs !== null && provedMs < since * 1000 ? [] : ["release-revoked-later"];
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function judged<Claims extends object, Codes extends string>(
  verdict: AcceptedVerdict<Claims, Codes>,
  found: readonly StatusCode[],
  statusList: StatusListClaims,
): StatusVerdict<Claims, Codes> {
  const notChecked = verdict.notChecked.filter((one) => one !== "lifecycle");
  const gravest = found.find((code) => STATUS_CODE[code].status === "refused");
  if (gravest !== undefined) return refused(verdict, new StatusError(gravest, { actual: `status list ${statusList.number}` }), notChecked);
  const claims = { ...verdict.claims, statusList };
  const [first] = found;
  if (first === undefined) return { ...verdict, claims, notChecked };
  const meanings = found.map((code) => STATUS_CODE[code].meaning).join("; ");
  if (verdict.status === "warning")
    return { ...verdict, claims, notChecked, reasons: [...verdict.reasons, ...found], sentence: `${verdict.sentence}; ${meanings}` };
  const { stage, spec } = STATUS_CODE[first];
  return { ...verdict, status: "warning", claims, notChecked, reasons: found, code: first, stage, spec, sentence: meanings };
}

function claimsOf(
  { list }: VerifiedStatusList,
  { pcrs }: EvidenceClaims,
  madeMs: number,
  undisclosed: StatusListClaims["undisclosed"],
): StatusListClaims {
  const { number, issuedAt, expiresAt } = list;
  const pcr0 = pcrs.get(0) as PcrValue; // every set that could match has it
  return {
    number,
    issuedAt,
    expiresAt,
    inForceThen: issuedAt * 1000 <= madeMs && madeMs <= expiresAt * 1000,
    releases: list.releases
      .filter(({ images }) => images.some((image) => equalBytes(image, pcr0)))
      .map(({ digest, lifecycle }) => ({ digest, lifecycle })),
    undisclosed,
  };
}

function refused<Codes extends string>(
  { mode, atMs }: AcceptedVerdict<object, Codes>,
  { code, stage, spec, message: sentence, expected, actual, actor }: StatusError,
  notChecked: readonly NotChecked[],
): RefusedVerdict<StatusCode> {
  const head = { status: "contraindicated", claims: null, mode, atMs, code, stage, spec, sentence, notChecked } as const;
  return { ...head, expected, actual, actor, exitCode: 10 };
}

function otherConstitution(expected: string, { list }: VerifiedStatusList): StatusError {
  return new StatusError("status-list-constitution", { expected, actual: toHex(list.constitutionDigest) });
}
