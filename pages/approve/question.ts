import {
  approvedBytes,
  decodeConstitution,
  decodeRelease,
  decodeStatement,
  encodeApproval,
  fromBase64,
  passkeyChallenge,
  toHex,
  type Constitution,
  type Release,
} from "@caladrius/wire";
import { sha256, sha384 } from "@noble/hashes/sha2.js";

/** What the command that serves this page asks for, as it sends it. Bytes are base64. */
export type Asked =
  | {
      readonly ask: "approve";
      readonly statement: string;
      readonly constitution: string;
      readonly person: string;
      readonly role: string;
      readonly rpId: string;
    }
  | { readonly ask: "register"; readonly person: string; readonly role: string; readonly rpId: string };

/** What this page shows before a passkey is asked, and what the passkey is then asked to sign: both from the same bytes. */
export interface ApprovalQuestion {
  readonly release: Release;
  /** SHA-384 of the release's statement */
  readonly releaseDigest: string;
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
 * them counts.
 * @throws WireError, LimitError for anything else than a release and a constitution
 */
export function readQuestion(asked: Extract<Asked, { ask: "approve" }>): ApprovalQuestion {
  const [statement, constitutionStatement] = [fromBase64(asked.statement), fromBase64(asked.constitution)];
  const { person, role, rpId } = asked;
  const constitutionDigest = sha384(constitutionStatement);
  const digest = sha384(approvedBytes("release", constitutionDigest, statement));
  return {
    release: decodeRelease(decodeStatement(statement, "release").payload),
    releaseDigest: toHex(sha384(statement)),
    constitution: decodeConstitution(decodeStatement(constitutionStatement, "constitution").payload),
    constitutionDigest: toHex(constitutionDigest),
    person,
    role,
    rpId,
    approvedDigest: toHex(digest),
    at(unixSeconds) {
      const approval = new Uint8Array(encodeApproval({ kind: "release", digest, person, role, at: unixSeconds }));
      return { approval, challenge: new Uint8Array(sha256(passkeyChallenge(approval))) };
    },
  };
}
