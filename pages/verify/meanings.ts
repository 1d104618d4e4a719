import { CODE, type Actor, type Check, type EvidenceClaims, type NotChecked } from "@caladrius/attestation-verifier";
import { STATUS_CODE } from "@caladrius/attestation-verifier/governance";
import type { FileVerdict, Judged } from "./judge.ts";
import type { Standing } from "./lists.ts";

/** What each thing that was not checked means for whoever relies on the result. */
export const NOT_CHECKED: Readonly<Record<NotChecked, { readonly title: string; readonly meaning: string }>> = {
  revocation: {
    title: "Revocation of certificates",
    meaning: "AWS may have withdrawn a certificate of this enclave; no revocation list was given to look it up in.",
  },
  time: {
    title: "Time",
    meaning:
      "The date is what the enclave's own evidence states. Nobody else confirms it, so the file cannot prove by itself that it existed before any later date.",
  },
  "input provenance": {
    title: "Where the recording came from",
    meaning:
      "No device's signature over the recording was verified. What was analysed may be anyone's data, or invented, however genuine the analysis is.",
  },
  fork: {
    title: "Other versions",
    meaning: "One file cannot show that no second result was made from other data for the same case.",
  },
  tail: { title: "What came after", meaning: "Later recordings may exist that were not handed to you." },
  witness: {
    title: "Independent witnesses",
    meaning: "No public log or witness recorded this result, so nobody but the sender can tell you whether it was kept from view.",
  },
  lifecycle: {
    title: "Whether the program is still approved",
    meaning:
      "The measurements are trusted by your trust file. Whether that was withdrawn since, or the key of whoever submitted, stands on a status list, and none was given.",
  },
};

/** What a topic means for this file under these lists: a list that was given is not said to be missing. */
export function leftOpen(topic: NotChecked, verdict: FileVerdict, { statusList, crls }: Pick<Standing, "statusList" | "crls">): string {
  const given = topic === "lifecycle" ? statusList !== null : topic === "revocation" && crls.length > 0;
  if (!given) return NOT_CHECKED[topic].meaning;
  if (verdict.status === "contraindicated") return "Verification ended before the lists that you gave could answer this.";
  const { revocation, crlDistributionPoints } = evidenceOf(verdict.claims);
  const open = crlDistributionPoints.map(({ certificate }) => certificate).filter((one) => !revocation.covered.includes(one));
  return open.length === 0
    ? "None of the lists that you gave is of an authority of this enclave's certificates."
    : `The lists that you gave do not cover the ${open.join(" and the ")}. Where its list is published stands under the enclave's evidence.`;
}

/** The evidence of a document, or the one inside a result. */
export function evidenceOf(claims: EvidenceClaims | { readonly evidence: EvidenceClaims }): EvidenceClaims {
  return "evidence" in claims ? claims.evidence : claims;
}

/** Said of an accepted file where nobody's approval was counted. */
export const NO_APPROVALS = "No approvals travel in this file: trust rests on the measurements in your trust file.";

/** What a reason of an accepted file means. */
export function meaningOf(reason: string): string {
  if (Object.hasOwn(STATUS_CODE, reason)) return STATUS_CODE[reason as keyof typeof STATUS_CODE].meaning;
  return Object.hasOwn(CODE, reason) ? CODE[reason as keyof typeof CODE].meaning : "";
}

/** The word of a verdict, and what to make of it. */
export const STATUS: Readonly<Record<FileVerdict["status"], { readonly word: string; readonly advice: string }>> = {
  affirming: { word: "Affirming", advice: "Every check passed." },
  warning: { word: "Warning", advice: "Every check passed, with a reservation: decide whether you accept it." },
  contraindicated: { word: "Contraindicated", advice: "Do not rely on this file. A check failed, so nothing of its content is shown." },
};

/** 2 affirming, 1 contraindicated. */
export function tally(judged: readonly Judged[]): string {
  const parts = (["affirming", "warning", "contraindicated"] as const).map((status) => {
    const number = judged.filter((one) => one.verdict?.status === status).length;
    return number === 0 ? "" : `${number} ${status}`;
  });
  const failed = judged.filter((one) => one.verdict === null).length;
  return [...parts, failed === 0 ? "" : `${failed} without a verdict`].filter((part) => part !== "").join(", ");
}

/** Who can do something about a refusal. */
export const ACTOR: Readonly<Record<Actor, string>> = {
  sender: "Whoever sent you the file must act: ask for it again.",
  "relying party": "You must act: it lies in what you gave (trust file, lists, what you expect), or in the age of this page.",
  submitter: "Whoever submitted the job must act.",
  nobody: "Nobody can act: it is a fact about this file.",
};

export const CHECK_STATE: Readonly<Record<Check["state"], string>> = {
  passed: "passed",
  reservation: "reservation",
  failed: "failed",
  "not checked": "not checked",
  "not reached": "not reached",
};
