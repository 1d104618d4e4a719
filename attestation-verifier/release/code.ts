import type { Actor } from "../verdict/code.ts";
import { ReasonError } from "../verdict/reason-error.ts";

/** The name of a reason for which a release, or a trust file that names releases, is refused. */
export type ReleaseCode =
  | "trust-constitution"
  | "trust-quorum"
  | "release-form"
  | "release-author"
  | "release-quorum"
  | "release-missing"
  | "release-measurement";

/** What a code means, and who can do something about it. */
export interface ReleaseReason {
  readonly stage: string;
  readonly spec: string;
  readonly meaning: string;
  readonly status: "refused" | "malformed";
  readonly actor: Actor;
}

/** Every such reason. */
// oxfmt-ignore
export const RELEASE_CODE: Readonly<Record<ReleaseCode, ReleaseReason>> = Object.freeze({
  "trust-constitution": { stage: "trust", spec: "ARCHITECTURE §7", meaning: "releases and quorums need the constitution that says who may approve, and it must be the one of every PCR16 beside it", status: "refused", actor: "relying party" },
  "trust-quorum": { stage: "trust", spec: "ARCHITECTURE §7", meaning: "a quorum that asks for less than the constitution does, or for more than its approvers can give", status: "refused", actor: "relying party" },
  "release-form": { stage: "release", spec: "deployment.cddl", meaning: "not a release statement with its approvals", status: "malformed", actor: "sender" },
  "release-author": { stage: "release", spec: "ARCHITECTURE §7", meaning: "no approver of the constitution wrote the release", status: "refused", actor: "sender" },
  "release-quorum": { stage: "release", spec: "ARCHITECTURE §7", meaning: "the release lacks approvals", status: "refused", actor: "sender" },
  "release-missing": { stage: "release", spec: "ARCHITECTURE §7", meaning: "the trust file takes releases that the quorum approved, and the result brings none", status: "refused", actor: "sender" },
  "release-measurement": { stage: "release", spec: "ARCHITECTURE §7", meaning: "the release beside the result is not of the code that ran", status: "refused", actor: "sender" },
});

/** A release, or a trust file that names releases, is refused: which check, what was expected and found, who acts. */
export class ReleaseError extends ReasonError<ReleaseCode> {
  override readonly name = "ReleaseError";
  constructor(code: ReleaseCode, detail: { readonly expected?: string; readonly actual?: string } = {}) {
    super(code, RELEASE_CODE[code], detail);
  }
}
