import {
  decodeApproval,
  decodePasskeyApproval,
  decodeStatement,
  equalBytes,
  toHex,
  type Approval,
  type Approver,
  type Constitution,
} from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import type { SignatureBackend } from "../signatures/backend.ts";
import { verifyPasskey } from "./passkey.ts";

/** An approval that verified: who gave it, with which key, and when as their machine said. */
export interface GivenApproval {
  readonly approver: Approver;
  /** Unix seconds; whoever holds the key writes what they like */
  readonly at: number;
}

/**
 * Verifies one approval of one statement, in either form: a statement by a key of the constitution, or what a passkey
 * signed. An approver with a passkey counts by passkey alone, one without by statement alone.
 * @param bytes attacker-controlled
 * @param what the kind and SHA-384 of `approvedBytes` of what must have been approved
 * @param revokedKeys SHA-256 of raw public keys in hex: they approve nothing, whenever they say that they did
 * @returns null for anything that is not such an approval
 */
export async function verifyApproval(
  bytes: Uint8Array,
  what: Pick<Approval, "kind" | "digest">,
  { approvers }: Pick<Constitution, "approvers">,
  signatures: SignatureBackend,
  revokedKeys: ReadonlySet<string> = NONE,
): Promise<GivenApproval | null> {
  const read = readForm(bytes);
  if (read === null || read.approval.kind !== what.kind || !equalBytes(read.approval.digest, what.digest)) return null;
  const { approval, isGenuine } = read;
  for (const approver of approvers) {
    if (approver.person !== approval.person || approver.role !== approval.role) continue;
    if (revokedKeys.has(toHex(sha256(approver.key.key)))) continue;
    if (await isGenuine(approver, signatures)) return { approver, at: approval.at };
  }
  return null;
}

interface Form {
  readonly approval: Approval;
  readonly isGenuine: (approver: Approver, signatures: SignatureBackend) => Promise<boolean>;
}

function readForm(bytes: Uint8Array): Form | null {
  return attempt(() => readStatementForm(bytes)) ?? attempt(() => readPasskeyForm(bytes));
}

function readStatementForm(bytes: Uint8Array): Form {
  const { alg, payload, toBeSigned, signature } = decodeStatement(bytes, "approval");
  return {
    approval: decodeApproval(payload),
    isGenuine: async ({ key, passkey }, signatures) => {
      if (passkey !== null || key.alg !== alg) return false;
      const verify = alg === "Ed25519" ? signatures.verifyEd25519 : signatures.verifyEs256;
      return (await verify.call(signatures, key.key, toBeSigned, signature)) === true;
    },
  };
}

function readPasskeyForm(bytes: Uint8Array): Form {
  const form = decodePasskeyApproval(bytes);
  return {
    approval: decodeApproval(form.approval),
    isGenuine: async (approver, signatures) => (await verifyPasskey(form, approver, signatures)) === null,
  };
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null; // not of this form
  }
}

const NONE: ReadonlySet<string> = new Set();
