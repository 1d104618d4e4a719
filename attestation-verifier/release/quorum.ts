import {
  approvedBytes,
  decodeApproval,
  decodeStatement,
  equalBytes,
  toHex,
  type Approver,
  type Constitution,
  type RoleThreshold,
  type StatementKind,
} from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import type { SignatureBackend } from "../signatures/backend.ts";

/** Which statements a quorum approves, and under which rule of the constitution. */
export type ApprovableKind = "bundle" | "release" | "fleet-record" | "constitution" | "status-list";

/** A statement, the constitution that says who may approve it, and the approvals to count; attacker-controlled but for the constitution. */
export interface ApprovalsInput {
  readonly kind: ApprovableKind & StatementKind;
  /** the approved statement, as received */
  readonly statement: Uint8Array;
  /** for kind "constitution": the predecessor, whose approvers decide on the succession */
  readonly constitution: Constitution;
  /** SHA-384 of the constitution's statement */
  readonly constitutionDigest: Uint8Array;
  readonly approvals: readonly Uint8Array[];
}

/** Whether the quorum stands, who gave it, and what is missing otherwise. */
export interface Quorum {
  readonly ok: boolean;
  /** whose approval verified */
  readonly approvedBy: readonly { readonly person: string; readonly role: string }[];
  /** roles of which someone is missing; empty when `ok` */
  readonly missing: readonly { readonly role: string; readonly threshold: number; readonly counted: number }[];
}

/**
 * Decides whether enough persons of each role approved a statement. Each approval is a statement by a key of the
 * constitution over SHA-384 of [typ, constitution digest, statement bytes]; it counts for the person and role that the
 * constitution gives that key. A person counts once, in one role, however many keys, roles and approvals they have; so
 * does a key. Approvals that do not verify count for nothing and spoil nothing.
 */
export async function verifyApprovals(input: ApprovalsInput, signatures: SignatureBackend): Promise<Quorum> {
  const digest = sha384(approvedBytes(input.kind, input.constitutionDigest, input.statement));
  const approvers: Approver[] = [];
  for (const approval of input.approvals) {
    const approver = await verifyApproval(approval, input, digest, signatures);
    if (approver !== null) approvers.push(approver);
  }
  const approvedBy = approvers.map(({ person, role }) => ({ person, role }));
  const thresholds = input.constitution.quorums[QUORUM_OF[input.kind]];
  const missing = countMissing(thresholds, approvers);
  return { ok: thresholds.length > 0 && missing.length === 0, approvedBy, missing };
}

async function verifyApproval(
  bytes: Uint8Array,
  { kind, constitution }: ApprovalsInput,
  digest: Uint8Array,
  signatures: SignatureBackend,
): Promise<Approver | null> {
  let statement: ReturnType<typeof decodeStatement>;
  let approval: ReturnType<typeof decodeApproval>;
  try {
    statement = decodeStatement(bytes, "approval");
    approval = decodeApproval(statement.payload);
  } catch {
    return null; // not an approval
  }
  if (approval.kind !== kind || !equalBytes(approval.digest, digest)) return null;
  for (const approver of constitution.approvers) {
    const { alg, key } = approver.key;
    if (approver.person !== approval.person || approver.role !== approval.role || alg !== statement.alg) continue;
    const verify = alg === "Ed25519" ? signatures.verifyEd25519 : signatures.verifyEs256;
    if ((await verify.call(signatures, key, statement.toBeSigned, statement.signature)) === true) return approver;
  }
  return null;
}

/** Fills seats of roles with persons, moving someone to another of their roles where that frees a seat (bipartite matching). */
function countMissing(thresholds: readonly RoleThreshold[], approvers: readonly Approver[]): Quorum["missing"] {
  const rolesOf = new Map<string, Set<string>>();
  const personOfKey = new Map<string, string>();
  for (const { person, role, key } of approvers) {
    const keyId = toHex(key.key);
    if ((personOfKey.get(keyId) ?? person) !== person) continue; // one key in two names is one signer
    personOfKey.set(keyId, person);
    const roles = rolesOf.get(person) ?? new Set<string>();
    rolesOf.set(person, roles.add(role));
  }
  const seats = thresholds.flatMap(({ role, threshold }) => Array.from({ length: threshold }, () => role));
  const seatOf = new Map<number, string>();
  const seat = (person: string, tried: Set<number>): boolean => {
    for (const [i, role] of seats.entries()) {
      if (tried.has(i) || rolesOf.get(person)?.has(role) !== true) continue;
      tried.add(i);
      const holder = seatOf.get(i);
      if (holder === undefined || seat(holder, tried)) {
        seatOf.set(i, person);
        return true;
      }
    }
    return false;
  };
  for (const person of rolesOf.keys()) seat(person, new Set());
  const counted = (role: string): number => [...seatOf.keys()].filter((i) => seats[i] === role).length;
  const needed = new Map<string, number>();
  for (const { role, threshold } of thresholds) needed.set(role, (needed.get(role) ?? 0) + threshold);
  return [...needed].map(([role, threshold]) => ({ role, threshold, counted: counted(role) })).filter((one) => one.counted < one.threshold);
}

const QUORUM_OF: { readonly [K in ApprovableKind]: keyof Constitution["quorums"] } = {
  bundle: "bundle",
  release: "release",
  "fleet-record": "fleet",
  constitution: "succession",
  "status-list": "status",
};
