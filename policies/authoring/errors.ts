import { escapeText } from "@caladrius/wire";

/** Why it was refused; stable across versions. */
export type AuthoringCode =
  | "description-json"
  | "description-form"
  | "description-file"
  | "constitution-window"
  | "constitution-duplicate"
  | "constitution-quorum"
  | "constitution-author"
  | "constitution-predecessor"
  | "constitution-succession"
  | "bundle-constitution"
  | "bundle-window"
  | "bundle-version"
  | "bundle-author"
  | "bundle-quorum"
  | "bundle-emergency"
  | "bundle-kms"
  | "approver-unknown"
  | "approval-statement";

/** One entry per code with which constitutions, bundles and their descriptions are refused. */
export const AUTHORING_CODE: Readonly<Record<AuthoringCode, { spec: string; status: "refused" | "malformed"; meaning: string }>> = {
  "description-json": { spec: "RFC 8259", status: "malformed", meaning: "the file is not JSON, or an object of it holds one name twice" },
  "description-form": {
    spec: "--example",
    status: "malformed",
    meaning: "the file says something else than such a file may: whoever wrote it acts",
  },
  "description-file": { spec: "--example", status: "malformed", meaning: "a file that it names is missing, or is not what it should be" },
  "constitution-window": { spec: "ARCHITECTURE §7", status: "refused", meaning: "the constitution ends before it begins, or has ended" },
  "constitution-duplicate": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "the constitution names something twice that counts once",
  },
  "constitution-quorum": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "a quorum of the constitution can never be reached: a person counts once, in one role",
  },
  "constitution-author": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "none of the constitution's own approvers signed it, or would",
  },
  "constitution-predecessor": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "the constitution does not follow the one that was named: number or digest is another",
  },
  "constitution-succession": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "approvals of the predecessor's approvers are missing: those who are named approve",
  },
  "bundle-constitution": { spec: "ARCHITECTURE §7", status: "refused", meaning: "bundle and constitution do not belong together" },
  "bundle-window": { spec: "ARCHITECTURE §7", status: "refused", meaning: "the bundle ends before it begins, or has ended" },
  "bundle-version": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "the version does not exceed the one before: floors of requests and status lists could not tell them apart",
  },
  "bundle-author": { spec: "ARCHITECTURE §7", status: "refused", meaning: "no approver of the constitution signed the bundle" },
  "bundle-quorum": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "approvals of the bundle are missing: those who are named approve",
  },
  "bundle-emergency": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "the constitution's approvers can never open an emergency as the bundle demands it",
  },
  "bundle-kms": { spec: "ARCHITECTURE §6", status: "refused", meaning: "the bundle takes data keys, and the constitution names no KMS" },
  "approver-unknown": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "the constitution does not give this key to this person in this role: the approver names their own",
  },
  "approval-statement": {
    spec: "ARCHITECTURE §7",
    status: "refused",
    meaning: "the file holds approvals of another statement: they count for the very bytes that were approved",
  },
};

/** A constitution, a bundle or a description that is not taken. Exit code 10, or 30 for `malformed`. */
export class AuthoringError extends Error {
  override readonly name = "AuthoringError";
  readonly code: AuthoringCode;
  readonly stage = "policy";
  readonly spec: string;
  readonly status: "refused" | "malformed";
  constructor(code: AuthoringCode, detail: string) {
    const { meaning, spec, status } = AUTHORING_CODE[code];
    super(`${meaning}: ${escapeText(detail)}`);
    this.code = code;
    this.spec = spec;
    this.status = status;
  }
}

/** Something that is taken and should be thought about again. */
export interface AuthoringWarning {
  code: string;
  sentence: string;
}
