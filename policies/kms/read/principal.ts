import { KeyPolicyError } from "../errors.ts";
import type { PrincipalElement, PrincipalEntry } from "../policy.ts";
import { list, object, string, within } from "./fields.ts";
import type { Json } from "./json.ts";

/**
 * Reads a Principal or NotPrincipal element ("AWS JSON policy elements: Principal"): "*", {"AWS": …}, {"Service": …}.
 * @throws KeyPolicyError policy-principal, policy-type, policy-value
 */
export function readPrincipal(element: { not: boolean; value: Json; path: string }): PrincipalElement {
  const { not, value, path } = element;
  if (value === "*") return { not, entries: [{ kind: "everyone" }] };
  if (typeof value === "string") throw new KeyPolicyError("policy-principal", path, '"*" or an object with AWS or Service');
  const kinds = object(value, path, null);
  if (kinds.size === 0) throw new KeyPolicyError("policy-principal", path, "at least one principal");
  const entries = [...kinds].flatMap(([kind, names]) => {
    const read = KINDS.get(kind);
    if (read === undefined) throw new KeyPolicyError("policy-principal", within(path, kind), REFUSED.get(kind) ?? "AWS or Service");
    return list(names, within(path, kind)).map(([name, at]) => read(string(name, at), at));
  });
  return { not, entries };
}

const KINDS: ReadonlyMap<string, (name: string, path: string) => PrincipalEntry> = new Map([
  ["AWS", readAws],
  ["Service", readService],
]);

const REFUSED: ReadonlyMap<string, string> = new Map([
  ["Federated", "AWS or Service: an identity provider calls KMS through the role that it assumes, so name that role"],
  ["CanonicalUser", "AWS or Service: canonical user ids belong to S3"],
]);

function readAws(name: string, path: string): PrincipalEntry {
  if (name === "*") return { kind: "everyone" };
  if (/^[0-9]{12}$/.test(name)) return { kind: "account", account: name };
  const [, service = "", account = "", root = "", type = "", rest = ""] = ARN.exec(name) ?? [];
  const kind = `${service}:${root}${type}`;
  if (kind === "iam:root") return { kind: "account", account };
  const parts = rest.split("/");
  const last = parts.at(-1) ?? "";
  if (kind === "iam:user/") return { kind: "user", account, arn: name };
  if (kind === "iam:role/") return { kind: "role", account, arn: name, name: last };
  if (kind === "sts:federated-user/" && parts.length === 1) return { kind: "session", account, arn: name };
  if (kind === "sts:assumed-role/" && parts.length === 2) return { kind: "session", account, arn: name };
  throw new KeyPolicyError("policy-principal", path, EXPECTED);
}

function readService(name: string, path: string): PrincipalEntry {
  if (!SERVICE.test(name)) throw new KeyPolicyError("policy-principal", path, "the name of an AWS service, such as logs.amazonaws.com");
  return { kind: "service", name };
}

const EXPECTED =
  "*, an account, or the ARN of a root, user, role, or of one session; no wildcard inside a name, no group and no unique id of a principal that was deleted";
const NAMES = "[A-Za-z0-9_+=,.@-]+(?:/[A-Za-z0-9_+=,.@-]+)*";
const ARN = new RegExp(`^arn:aws[a-z-]*:(iam|sts)::([0-9]{12}):(?:(root)|(user/|role/|assumed-role/|federated-user/)(${NAMES}))$`);
const SERVICE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/;
