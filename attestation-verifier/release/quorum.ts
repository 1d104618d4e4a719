import { approvedBytes, type Constitution, type RoleThreshold } from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import type { SignatureBackend } from "../signatures/backend.ts";
import { verifyApproval, type GivenApproval } from "./approval.ts";
import { countMissing, type MissingRole } from "./count-missing.ts";

/** Which statements a quorum approves, and under which rule. */
export type ApprovableKind = "constitution" | "bundle" | "release" | "fleet-record" | "status-list" | "emergency";

/** A statement, the constitution that says who may approve it, and the approvals to count; attacker-controlled but for the constitution. */
export interface ApprovalsInput {
  readonly kind: ApprovableKind;
  /** the approved statement, as received */
  readonly statement: Uint8Array;
  /** for kind "constitution": the predecessor, whose approvers decide on the succession */
  readonly constitution: Constitution;
  /** SHA-384 of the constitution's statement */
  readonly constitutionDigest: Uint8Array;
  /** statements of kind approval, or approvals by passkey */
  readonly approvals: readonly Uint8Array[];
  /**
   * what is demanded beside the constitution's own rule, of which it takes nothing away: of each role the larger
   * threshold holds. For kind "emergency", which the constitution has no rule for, this is the whole rule.
   */
  readonly demands?: readonly RoleThreshold[];
  /** SHA-256 of raw public keys in hex that count no more, as a status list says */
  readonly revokedKeys?: ReadonlySet<string>;
}

/** Whether the quorum stands, who gave it, and what is missing otherwise. */
export interface Quorum {
  readonly ok: boolean;
  /** whose approval verified, in the constitution's order, each person once in each role */
  readonly approvedBy: readonly ApprovedBy[];
  /** roles of which someone is missing; empty when `ok` */
  readonly missing: readonly MissingRole[];
}

/** A person's approval in a role. */
export interface ApprovedBy {
  readonly person: string;
  readonly role: string;
  /** Unix seconds, as the approver's machine said; of several approvals the first */
  readonly at: number;
  /** whether a passkey signed, with its user verified, or a key file */
  readonly by: "passkey" | "key";
}

/**
 * Decides whether enough persons of each role approved a statement. Each approval is by a key of the constitution over
 * SHA-384 of [typ, constitution digest, statement bytes]; it counts for the person and role that the constitution gives
 * that key. A person counts once, in one role, however many keys, roles and approvals they have; so does a key. Approvals
 * that do not verify count for nothing and spoil nothing; their order means nothing.
 */
export async function verifyApprovals(input: ApprovalsInput, signatures: SignatureBackend): Promise<Quorum> {
  const { kind, constitution, demands = [] } = input;
  const digest = sha384(approvedBytes(kind, input.constitutionDigest, input.statement));
  const found: GivenApproval[] = [];
  for (const approval of input.approvals) {
    const one = await verifyApproval(approval, { kind, digest }, constitution, signatures, input.revokedKeys);
    if (one !== null) found.push(one);
  }
  const place = ({ approver }: GivenApproval): number => constitution.approvers.indexOf(approver);
  found.sort((a, b) => place(a) - place(b) || a.at - b.at);
  const thresholds = strictest(kind === "emergency" ? [] : constitution.quorums[QUORUM_OF[kind]], demands);
  const missing = countMissing(
    thresholds,
    found.map(({ approver }) => approver),
    constitution.approvers,
  );
  return { ok: thresholds.length > 0 && missing.length === 0, approvedBy: summarize(found), missing };
}

function summarize(found: readonly GivenApproval[]): readonly ApprovedBy[] {
  const once = new Map<string, ApprovedBy>();
  for (const { approver, at } of found) {
    const { person, role, passkey } = approver;
    const name = JSON.stringify([person, role]);
    const before = once.get(name);
    if (before === undefined || at < before.at) once.set(name, { person, role, at, by: passkey === null ? "key" : "passkey" });
  }
  return [...once.values()];
}

/** Of each role what either rule demands most. */
export function strictest(rule: readonly RoleThreshold[], demands: readonly RoleThreshold[]): readonly RoleThreshold[] {
  const all = new Map<string, number>();
  for (const thresholds of [rule, demands])
    for (const [role, threshold] of sumRoles(thresholds)) all.set(role, Math.max(all.get(role) ?? 0, threshold));
  return [...all].map(([role, threshold]) => ({ role, threshold }));
}

/** How many of each role a rule demands; a role that stands twice adds up. */
function sumRoles(thresholds: readonly RoleThreshold[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { role, threshold } of thresholds) sums.set(role, (sums.get(role) ?? 0) + threshold);
  return sums;
}

const QUORUM_OF: { readonly [K in Exclude<ApprovableKind, "emergency">]: keyof Constitution["quorums"] } = {
  bundle: "bundle",
  release: "release",
  "fleet-record": "fleet",
  constitution: "succession",
  "status-list": "status",
};
