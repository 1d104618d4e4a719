import type { PolicyRequest } from "../policy.ts";
import type { Lookup } from "./variables.ts";

/** Values of the request by the lower-case names of their keys. A key without a value is absent. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/**
 * The request's context with the keys that follow from who asks (unless the caller gave them): aws:PrincipalArn (of the
 * role, not of its session), aws:PrincipalAccount, aws:PrincipalType, and aws:username of users.
 * Two keys that differ in case alone are one key with two values, which no single-valued condition matches.
 * "AWS global condition context keys"; "IAM policy elements: Variables", table of principal values.
 */
export function requestContext(request: PolicyRequest): RequestContext {
  const context = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(request.context)) {
    const name = key.toLowerCase();
    const values = typeof value === "string" ? [value] : value;
    if (values.length > 0) context.set(name, [...(context.get(name) ?? []), ...values]);
  }
  for (const [key, value] of principalKeys(request.principal)) if (!context.has(key)) context.set(key, [value]);
  return context;
}

/** Looks up what a policy variable stands for: keys with several values are none ("Single-valued vs. multivalued context keys"). */
export function variableLookup(context: RequestContext): Lookup {
  return (key) => {
    const values = context.get(key.toLowerCase()) ?? [];
    return values.length === 1 ? (values[0] ?? null) : null;
  };
}

function principalKeys(principal: PolicyRequest["principal"]): [string, string][] {
  const caller = readCaller(principal);
  if (caller.kind === "service") return [];
  const arn = caller.kind === "role" ? `arn:${caller.partition}:iam::${caller.account}:role/${caller.role}` : principal.arn;
  const keys: [string, string][] = [
    ["aws:principalarn", arn],
    ["aws:principalaccount", caller.account],
    ["aws:principaltype", { root: "Account", user: "User", role: "AssumedRole", federated: "FederatedUser" }[caller.kind]],
  ];
  return caller.kind === "user" ? [...keys, ["aws:username", caller.name]] : keys;
}

/** Who asks. `role` is a session of one, or the role itself. */
export type Caller =
  | { kind: "root" | "federated"; partition: string; account: string }
  | { kind: "user"; partition: string; account: string; name: string }
  | { kind: "role"; partition: string; account: string; role: string }
  | { kind: "service" };

/** Reads an ARN of the shapes that IAM and STS give; what is none of them, or of another account than stated, counts as an AWS service. */
export function readCaller(principal: PolicyRequest["principal"]): Caller {
  const found = CALLER.exec(principal.arn);
  const [, partition = "", account = "", kind = "", rest = ""] = found ?? [];
  if (account !== principal.account) return { kind: "service" };
  const path = rest.split("/");
  if (kind === "root") return { kind: "root", partition, account };
  if (kind === "federated-user/") return { kind: "federated", partition, account };
  if (kind === "user/") return { kind: "user", partition, account, name: path.at(-1) ?? "" };
  if (kind === "role/") return { kind: "role", partition, account, role: path.at(-1) ?? "" };
  if (kind === "assumed-role/") return { kind: "role", partition, account, role: path[0] ?? "" };
  return { kind: "service" };
}

const CALLER = /^arn:([a-z-]+):(?:iam|sts)::([0-9]{12}):(root$|user\/|role\/|assumed-role\/|federated-user\/)(.*)$/;
