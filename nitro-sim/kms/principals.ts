import { randomBytes } from "node:crypto";
import { KeyPolicyError, parseIdentityPolicy, type IdentityPolicy } from "@caladrius/policies/kms";
import { ConfigurationError } from "@caladrius/wire";
import { openPrivateFile } from "./private-file.ts";

/** An access key. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** of temporary credentials: requests must carry the token, and from `expiresMs` (Unix) on they are refused */
  readonly session: { readonly token: string; readonly expiresMs: number } | null;
}

/** Who may call, and what the IAM policies of the caller's own account say. */
export interface Principal {
  readonly credentials: Credentials;
  /** arn:aws:iam::<12 digits>:user/… or :root, or arn:aws:sts::<12 digits>:assumed-role/<role>/<session> */
  readonly arn: string;
  /** identity policies, each a JSON policy document; without one only what a key policy gives directly is allowed */
  readonly policies: readonly string[];
}

/** Who signed a request: a principal with its policies read. */
export interface Caller extends Principal {
  readonly account: string;
  readonly identityPolicies: readonly IdentityPolicy[];
}

/** The callers a running service knows. */
export class Principals {
  readonly #byKey = new Map<string, Caller>();

  constructor(principals: readonly Principal[]) {
    for (const principal of principals) this.add(principal);
  }

  /** Adds a caller, or puts another in the place of the one with the same access key. @throws ConfigurationError kms-principals */
  add(principal: Principal): void {
    const account = PRINCIPAL_ARN.exec(principal.arn)?.[1];
    if (account === undefined) throw bad(`${JSON.stringify(principal.arn)} is no ARN of a user, role session or account root`);
    if (!/^[A-Z0-9]{16,128}$/.test(principal.credentials.accessKeyId))
      throw bad("an access key id has 16 to 128 capital letters and digits");
    this.#byKey.set(principal.credentials.accessKeyId, { ...principal, account, identityPolicies: principal.policies.map(readPolicy) });
  }

  /** Forgets an access key: later requests under it are refused. */
  remove(accessKeyId: string): void {
    this.#byKey.delete(accessKeyId);
  }

  /** Null for an access key that is unknown. */
  find(accessKeyId: string): Caller | null {
    return this.#byKey.get(accessKeyId) ?? null;
  }
}

/**
 * A principal with fresh credentials, temporary ones where `expiresMs` is given (as STS would hand out: key ids of
 * permanent keys begin with AKIA, of temporary ones with ASIA).
 */
export function newPrincipal(options: { arn: string; policies?: readonly string[]; expiresMs?: number }): Principal {
  const temporary = options.expiresMs !== undefined;
  return {
    credentials: {
      accessKeyId: `${temporary ? "ASIA" : "AKIA"}${randomBytes(10).toString("hex").toUpperCase().slice(0, 16)}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      session: options.expiresMs === undefined ? null : { token: randomBytes(96).toString("base64"), expiresMs: options.expiresMs },
    },
    arn: options.arn,
    policies: options.policies ?? [],
  };
}

/**
 * Reads the callers from a file, or makes one (0600) with a single administrator of `account` who may do everything that
 * key policies leave to the account.
 * @throws ConfigurationError kms-principals, kms-file-mode, kms-data
 */
export async function openPrincipals(path: string, account: string): Promise<readonly Principal[]> {
  const bytes = await openPrivateFile(path, () => {
    const administrator = newPrincipal({ arn: `arn:aws:iam::${account}:user/caladrius-administrator`, policies: [ADMINISTRATOR_POLICY] });
    return `${JSON.stringify({ principals: [toJson(administrator)] }, null, 2)}\n`;
  });
  return parsePrincipals(Buffer.from(bytes).toString("utf8"));
}

/**
 * Reads `{"principals": [{"accessKeyId", "secretAccessKey", "arn", "sessionToken"?, "expires"? (ISO 8601), "policies"?: [policy document]}]}`.
 * @throws ConfigurationError kms-principals
 */
export function parsePrincipals(text: string): readonly Principal[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad("not JSON");
  }
  const list = isRecord(value) ? value["principals"] : null;
  if (!Array.isArray(list)) throw bad('expected {"principals": […]}');
  const principals = list.map(fromJson);
  void new Principals(principals); // refuses ARNs and key ids that are none
  return principals;
}

function fromJson(value: unknown): Principal {
  if (!isRecord(value)) throw bad("a principal is no object");
  const unknown = Object.keys(value).filter((key) => !MEMBERS.includes(key));
  if (unknown.length > 0) throw bad(`unknown member ${JSON.stringify(unknown[0])}; there are ${MEMBERS.join(", ")}`);
  const text = (name: string): string => {
    const member = value[name];
    if (typeof member !== "string" || member === "") throw bad(`${name} must be a text`);
    return member;
  };
  const temporary = value["sessionToken"] !== undefined || value["expires"] !== undefined;
  const expiresMs = temporary ? Date.parse(text("expires")) : 0;
  if (Number.isNaN(expiresMs)) throw bad("expires is no time such as 2026-11-21T10:00:00Z");
  const policies = value["policies"] ?? [];
  if (!Array.isArray(policies) || !policies.every(isRecord)) throw bad("policies must be a list of policy documents");
  return {
    credentials: {
      accessKeyId: text("accessKeyId"),
      secretAccessKey: text("secretAccessKey"),
      session: temporary ? { token: text("sessionToken"), expiresMs } : null,
    },
    arn: text("arn"),
    policies: policies.map((policy) => JSON.stringify(policy)),
  };
}

/** The form that `parsePrincipals` reads. */
function toJson({ credentials, arn, policies }: Principal): Readonly<Record<string, unknown>> {
  const { accessKeyId, secretAccessKey, session } = credentials;
  const temporary = session === null ? {} : { sessionToken: session.token, expires: new Date(session.expiresMs).toISOString() };
  return { arn, accessKeyId, secretAccessKey, ...temporary, policies: policies.map((policy): unknown => JSON.parse(policy)) };
}

function readPolicy(text: string): IdentityPolicy {
  try {
    return parseIdentityPolicy(text);
  } catch (error) {
    if (error instanceof KeyPolicyError) throw bad(`an identity policy: ${error.message}`);
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(detail: string): ConfigurationError {
  return new ConfigurationError("kms-principals", detail);
}

const MEMBERS: readonly string[] = ["arn", "accessKeyId", "secretAccessKey", "sessionToken", "expires", "policies"];
const PRINCIPAL_ARN =
  /^arn:aws:(?:iam|sts)::(\d{12}):(?:root|user\/[\w+=,.@/-]+|assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+|federated-user\/[\w+=,.@-]+)$/;

/** What the default administrator's own account allows: everything in KMS. */
export const ADMINISTRATOR_POLICY: string = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "kms:*", Resource: "*" }],
});
