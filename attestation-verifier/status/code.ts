import type { Actor } from "../verdict/code.ts";
import { ReasonError } from "../verdict/reason-error.ts";

/** The name of a reason for which a status list is refused, or a result judged by one is not affirmed. */
export type StatusCode =
  | "release-revoked-later"
  | "policy-withdrawn-later"
  | "release-not-active"
  | "release-revoked"
  | "policy-withdrawn"
  | "submitter-revoked"
  | "issuer-revoked"
  | "device-revoked"
  | "constitution-pcr16"
  | "status-list-signature"
  | "status-list-key-revoked"
  | "status-list-constitution"
  | "status-list-window"
  | "status-list-expired"
  | "status-list-older"
  | "status-list-number"
  | "status-list-quorum";

/** What a code means: `accepted` ones accompany a warning, `refused` ones end it. */
export interface StatusReason {
  readonly stage: string;
  readonly spec: string;
  readonly meaning: string;
  readonly status: "accepted" | "refused";
  readonly actor: Actor;
}

const row = (status: StatusReason["status"], actor: Actor, meaning: string): StatusReason => ({
  stage: "status",
  spec: "ARCHITECTURE §7",
  meaning,
  status,
  actor,
});

/** Every such reason. */
export const STATUS_CODE: Readonly<Record<StatusCode, StatusReason>> = Object.freeze({
  // reservations about a result, from the gravest downwards
  "release-revoked-later": row("accepted", "nobody", "the release was revoked later, and nothing proves that the result is older"),
  "policy-withdrawn-later": row("accepted", "nobody", "made under a policy bundle that a later status list forbids"),
  "release-not-active": row("accepted", "relying party", "the status list calls the release a candidate, or deprecated"),
  // refusals of a result
  "release-revoked": row("refused", "nobody", "the release had been revoked when the result was made"),
  "policy-withdrawn": row("refused", "nobody", "the status list in force forbade the policy bundle when the result was made"),
  "submitter-revoked": row("refused", "submitter", "the submitter's key had been revoked when the result was made"),
  "issuer-revoked": row("refused", "submitter", "the key of the grant's issuer had been revoked when the result was made"),
  "device-revoked": row("refused", "submitter", "the device's key had been revoked when the result was made"),
  // refusals of a list, or of the constitution that it is read under
  "constitution-pcr16": row("refused", "relying party", "the constitution is not the one that PCR16 measures"),
  "status-list-signature": row("refused", "sender", "none of the constitution's status keys signed the list"),
  "status-list-key-revoked": row("refused", "sender", "a status key that was revoked signed the list, and no quorum approved it"),
  "status-list-constitution": row("refused", "relying party", "the list stands under another constitution"),
  "status-list-window": row(
    "refused",
    "sender",
    "the list is good for more than 24 hours, ends before it begins, or was issued in the future",
  ),
  "status-list-expired": row("refused", "relying party", "the list is not in force any more at the time of verification"),
  "status-list-older": row("refused", "sender", "an older list than the one that is known"),
  "status-list-number": row("refused", "sender", "another list of the same number is known: two were made, or one was forged"),
  "status-list-quorum": row("refused", "sender", "the list takes something back without the quorum that the constitution demands"),
});

/** A status list, or a result under one, is refused: which check, what was expected and found, who acts. */
export class StatusError extends ReasonError<StatusCode> {
  override readonly name = "StatusError";
  constructor(code: StatusCode, detail: { readonly expected?: string; readonly actual?: string } = {}) {
    super(code, STATUS_CODE[code], detail);
  }
}
