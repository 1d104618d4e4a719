import type { KeyPolicyStatement, PolicyRequest, PrincipalEntry } from "../policy.ts";
import { readCaller, type Caller } from "./context.ts";

/** `direct`: the caller is named, or everyone is; `account`: the caller's account is, so its IAM policies decide. */
export type PrincipalMatch = "direct" | "account";

/**
 * Whether a statement speaks of this caller ("AWS JSON policy elements: Principal" and "NotPrincipal").
 * NotPrincipal under Deny spares a caller only if its account, its role and its session (or the user) are all listed, as
 * AWS advises to do because it may look at each of them; under Allow it leaves out whoever is listed by any of them.
 */
export function matchPrincipal(statement: KeyPolicyStatement, principal: PolicyRequest["principal"]): PrincipalMatch | null {
  const caller = readCaller(principal);
  const { not, entries } = statement.principal;
  const matched = entries.filter((entry) => covers(entry, caller, principal.arn));
  if (not) {
    const listed = matched.map(({ kind }) => kind);
    const links = linksOf(caller, principal.arn);
    const spared = statement.effect === "Deny" ? links.every((link) => listed.includes(link)) : matched.length > 0;
    return spared || listed.includes("everyone") ? null : "direct";
  }
  if (matched.length === 0) return null;
  return caller.kind === "root" || matched.some(({ kind }) => kind !== "account") ? "direct" : "account";
}

function covers(entry: PrincipalEntry, caller: Caller, arn: string): boolean {
  if (entry.kind === "everyone") return true;
  if (caller.kind === "service") return entry.kind === "service" && entry.name === arn;
  if (entry.kind === "service" || entry.account !== caller.account) return false;
  if (entry.kind === "role") return caller.kind === "role" && entry.name === caller.role;
  return entry.kind === "account" || entry.arn === arn;
}

/** What AWS may look at when it asks whether a caller is listed. */
function linksOf(caller: Caller, arn: string): PrincipalEntry["kind"][] {
  if (caller.kind === "service") return ["service"];
  if (caller.kind === "root") return ["account"];
  if (caller.kind === "role") return arn.includes(":assumed-role/") ? ["account", "role", "session"] : ["account", "role"];
  return ["account", caller.kind === "user" ? "user" : "session"];
}
