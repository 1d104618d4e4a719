import { ConfigurationError } from "@caladrius/wire";

/** Who may use a host: access tokens of one authorization server (RFC 9068), and what each tenant may take up. */
export interface SignInConfig {
  /** `iss` of every token */
  readonly issuer: string;
  /** this host, as tokens name it in `aud` */
  readonly audience: string;
  /** https URL (http on this machine alone) or path of a JSON Web Key Set (RFC 7517) */
  readonly jwks: string;
  readonly algorithms: readonly string[];
  /** claim that names the tenant: a string */
  readonly tenantClaim: string;
  /** scope that every token must have; null for none */
  readonly scope: string | null;
  readonly clockSkewSeconds: number;
  /** tenants that may sign in; null: whoever has a token */
  readonly tenants: ReadonlyMap<string, TenantLimits> | null;
}

/** Limits of one tenant; null = the host's own for one address. */
export interface TenantLimits {
  readonly requestsPerMinute: number | null;
  readonly openJobs: number | null;
}

/** Asymmetric algorithms alone (RFC 7518, RFC 8037, RFC 9864): with a shared secret the host could make tokens itself. */
const ALGORITHMS: readonly string[] = ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
const DEFAULT_ALGORITHMS: readonly string[] = ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"];
const KNOWN = new Set(["issuer", "audience", "jwks", "algorithms", "tenantClaim", "scope", "clockSkewSeconds", "tenants"]);
const MAX_SKEW_SECONDS = 300;

/** Reads a sign-in file. @throws ConfigurationError sign-in-file */
export function parseSignInFile(text: string): SignInConfig {
  const entries = objectOf(parse(text), "the file");
  for (const name of entries.keys()) if (!KNOWN.has(name)) throw wrong(`"${name}" is none of ${[...KNOWN].join(", ")}`);
  const algorithms = entries.has("algorithms") ? textsOf(entries.get("algorithms"), "algorithms") : DEFAULT_ALGORITHMS;
  const strange = algorithms.find((one) => !ALGORITHMS.includes(one));
  if (strange !== undefined || algorithms.length === 0) throw wrong(`algorithms are some of ${ALGORITHMS.join(", ")}`);
  const jwks = textOf(entries.get("jwks"), "jwks");
  refusePlain(jwks);
  const skew = entries.get("clockSkewSeconds") ?? 60;
  if (typeof skew !== "number" || !(skew >= 0 && skew <= MAX_SKEW_SECONDS)) throw wrong(`clockSkewSeconds is 0 to ${MAX_SKEW_SECONDS}`);
  return {
    issuer: textOf(entries.get("issuer"), "issuer"),
    audience: textOf(entries.get("audience"), "audience"),
    jwks,
    algorithms,
    tenantClaim: entries.has("tenantClaim") ? textOf(entries.get("tenantClaim"), "tenantClaim") : "client_id",
    scope: entries.has("scope") ? textOf(entries.get("scope"), "scope") : null,
    clockSkewSeconds: skew,
    tenants: entries.has("tenants") ? tenantsOf(entries.get("tenants")) : null,
  };
}

function tenantsOf(value: unknown): ReadonlyMap<string, TenantLimits> {
  const tenants = [...objectOf(value, "tenants")].map(([name, limits]) => {
    const given = objectOf(limits, `tenants.${name}`);
    for (const key of given.keys()) if (key !== "requestsPerMinute" && key !== "openJobs") throw wrong(`tenants.${name} has a "${key}"`);
    const of = (key: string): number | null => {
      const number = given.get(key);
      if (number === undefined) return null;
      if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 1)
        throw wrong(`tenants.${name}.${key} is a whole number from 1`);
      return number;
    };
    return [name, { requestsPerMinute: of("requestsPerMinute"), openJobs: of("openJobs") }] as const;
  });
  return new Map(tenants);
}

/** Keys decide who signs in, so they come over TLS, or from this machine. */
function refusePlain(jwks: string): void {
  if (!/^[a-z]+:\/\//i.test(jwks)) return;
  const url = URL.canParse(jwks) ? new URL(jwks) : null;
  const local = url?.protocol === "http:" && LOCAL.has(url.hostname);
  if (url === null || url.username !== "" || !(url.protocol === "https:" || local)) throw wrong("jwks is an https URL or a file");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong("it is no JSON");
  }
}

function objectOf(value: unknown, name: string): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(`${name} is no object`);
  return new Map(Object.entries(value));
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "" || value.length > 2048) throw wrong(`${name} is a text`);
  return value;
}

function textsOf(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw wrong(`${name} is a list of texts`);
  return value.map((one) => textOf(one, name));
}

function wrong(what: string): ConfigurationError {
  return new ConfigurationError("sign-in-file", `the sign-in file cannot be used: ${what}`);
}

const LOCAL: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);
