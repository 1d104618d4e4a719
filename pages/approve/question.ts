import {
  approvedBytes,
  decodeConstitution,
  decodeStatement,
  encodeApproval,
  fromBase64,
  passkeyChallenge,
  toHex,
  type Constitution,
} from "@caladrius/wire";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { readSubject, type Subject } from "./subject.ts";

/** What the command that serves this page asks for, as it sends it. Bytes are base64. */
export type Asked =
  | {
      readonly ask: "approve";
      readonly kind: string;
      readonly statement: string;
      /** of a status list: the statement of the list before */
      readonly previous: string | null;
      readonly constitution: string;
      readonly person: string;
      readonly role: string;
      readonly rpId: string;
    }
  | { readonly ask: "register"; readonly person: string; readonly role: string; readonly rpId: string };

/** What this page shows before a passkey is asked, and what the passkey is then asked to sign: both from the same bytes. */
export interface ApprovalQuestion {
  readonly subject: Subject;
  /** SHA-384 of the statement */
  readonly statementDigest: string;
  readonly constitution: Constitution;
  /** SHA-384 of the constitution's statement */
  readonly constitutionDigest: string;
  readonly person: string;
  readonly role: string;
  readonly rpId: string;
  /** SHA-384 of what is approved: kind, constitution and statement */
  readonly approvedDigest: string;
  /** the approval at a time, and the challenge that commits to it */
  at(unixSeconds: number): { readonly approval: Uint8Array<ArrayBuffer>; readonly challenge: Uint8Array<ArrayBuffer> };
}

/**
 * Reads the very statements and computes from them what is shown and what is signed: nothing that the command says about
 * them counts, and a statement is of the kind that its own media type names.
 * @throws WireError, LimitError, Error for anything else than a statement of that kind under a constitution
 */
export function readQuestion(asked: Extract<Asked, { ask: "approve" }>): ApprovalQuestion {
  const [statement, constitutionStatement] = [fromBase64(asked.statement), fromBase64(asked.constitution)];
  const { person, role, rpId } = asked;
  const constitutionDigest = sha384(constitutionStatement);
  const previous = asked.previous === null ? null : fromBase64(asked.previous);
  const subject = readSubject(asked.kind, statement, previous, constitutionDigest);
  const digest = sha384(approvedBytes(subject.kind, constitutionDigest, statement));
  return {
    subject,
    statementDigest: toHex(sha384(statement)),
    constitution: decodeConstitution(decodeStatement(constitutionStatement, "constitution").payload),
    constitutionDigest: toHex(constitutionDigest),
    person,
    role,
    rpId,
    approvedDigest: toHex(digest),
    at(unixSeconds) {
      const approval = new Uint8Array(encodeApproval({ kind: subject.kind, digest, person, role, at: unixSeconds }));
      return { approval, challenge: new Uint8Array(sha256(passkeyChallenge(approval))) };
    },
  };
}
