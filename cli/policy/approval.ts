import {
  approvedBytes,
  encodeApproval,
  encodeStatement,
  equalBytes,
  type Approver,
  type Constitution,
  type StatementKind,
} from "@caladrius/wire";
import { AuthoringError } from "@caladrius/policies/authoring";
import type { Arguments } from "../arguments.ts";
import type { ApproverKey } from "../fleet/approver-key.ts";
import type { Founded } from "../fleet/deployment.ts";
import { sha384 } from "./bundle-file.ts";

/**
 * The approver that a key file belongs to; --person and --role choose where it has several roles.
 * @throws AuthoringError approver-unknown
 */
export function approverOf({ approvers }: Constitution, { publicKey }: ApproverKey, args: Arguments): Approver {
  const [person, role] = [args.optional("person"), args.optional("role")];
  const owners = approvers.filter((one) => one.passkey === null && one.key.alg === publicKey.alg && equalBytes(one.key.key, publicKey.key));
  const meant = owners.filter((one) => (person ?? one.person) === one.person && (role ?? one.role) === one.role);
  const [first, second] = meant;
  if (first !== undefined && second === undefined) return first;
  const names = (all: readonly Approver[]): string => all.map((one) => `${one.person}, ${one.role}`).join("; ") || "nobody";
  throw new AuthoringError(
    "approver-unknown",
    first === undefined
      ? `this key approves for ${names(owners)}`
      : `this key approves for ${names(meant)}: choose with --person and --role`,
  );
}

/** Whether the key is one of the constitution's approvers', and signs by itself. @throws AuthoringError approver-unknown */
export function refuseStrangersKey({ approvers }: Constitution, { publicKey }: ApproverKey): void {
  const known = approvers.some(({ key, passkey }) => passkey === null && key.alg === publicKey.alg && equalBytes(key.key, publicKey.key));
  if (!known) throw new AuthoringError("approver-unknown", "--key is of none of the constitution's approvers, or of one with a passkey");
}

/** One person's approval of a statement, now. */
export function approve(
  kind: StatementKind,
  statement: Uint8Array,
  { digest }: Founded,
  { person, role }: Approver,
  key: ApproverKey,
): Uint8Array {
  const approved = sha384(approvedBytes(kind, digest, statement));
  const payload = encodeApproval({ kind, digest: approved, person, role, at: Math.floor(Date.now() / 1000) });
  return encodeStatement("approval", key.publicKey.alg, payload, (bytes) => key.sign(bytes));
}
