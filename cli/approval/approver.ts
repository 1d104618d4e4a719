import { AuthoringError } from "@caladrius/policies/authoring";
import { equalBytes, type Approver, type Constitution, type SigningPublicKey } from "@caladrius/wire";
import { UsageError } from "../exit.ts";

/** Whom somebody says that they are; what they leave out is read from the constitution. */
export interface Claimed {
  readonly person: string | null;
  readonly role: string | null;
}

/** The one entry of a constitution that a key file belongs to. @throws UsageError when there is none, or more than one is meant */
export function approverOfKey(constitution: Constitution, key: SigningPublicKey, claimed: Claimed): Approver {
  const owners = constitution.approvers.filter(
    (one) => one.passkey === null && one.key.alg === key.alg && equalBytes(one.key.key, key.key),
  );
  return only(owners, claimed, "this key");
}

/** The entries of a constitution whose passkey may sign for whom somebody says that they are. @throws UsageError as above */
export function approversByPasskey(constitution: Constitution, claimed: Claimed): Approver {
  return only(
    constitution.approvers.filter((one) => one.passkey !== null),
    claimed,
    "a passkey",
  );
}

/** Whether the key is one of the constitution's approvers', and signs by itself. @throws AuthoringError approver-unknown */
export function refuseStrangersKey({ approvers }: Constitution, { alg, key }: SigningPublicKey): void {
  const known = approvers.some((one) => one.passkey === null && one.key.alg === alg && equalBytes(one.key.key, key));
  if (!known) throw new AuthoringError("approver-unknown", "--key is of none of the constitution's approvers, or of one with a passkey");
}

function only(owners: readonly Approver[], { person, role }: Claimed, what: string): Approver {
  const meant = owners.filter((one) => (person ?? one.person) === one.person && (role ?? one.role) === one.role);
  const [first, second] = meant;
  if (first !== undefined && second === undefined) return first;
  const names = (all: readonly Approver[]): string => [...new Set(all.map((one) => `${one.person}, ${one.role}`))].join("; ") || "nobody";
  if (first !== undefined && meant.every((one) => one.person === first.person && one.role === first.role)) return first;
  throw first === undefined
    ? new UsageError(
        `the constitution gives ${what} to ${names(owners)}`,
        owners.length === 0
          ? "`caladrius constitution show` lists the approvers and their keys"
          : "name one of these with --person and --role",
      )
    : new UsageError(`${what} approves for several: ${names(meant)}`, "choose with --person and --role");
}
