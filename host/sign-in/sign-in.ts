import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload, type JWTVerifyGetKey } from "jose";
import { ConfigurationError } from "@caladrius/wire";
import { Refusal } from "../errors.ts";
import type { SignInConfig, TenantLimits } from "./config.ts";

/** Who asks, as far as the authorization server says. It decides on quotas and on whose jobs are whose, never on data. */
export interface Tenant {
  readonly name: string;
  readonly limits: TenantLimits;
}

/** Tells tenants by their access tokens. */
export interface SignIn {
  /** @param authorization the header as it came @throws Refusal sign-in-missing, sign-in-refused, sign-in-scope, sign-in-unavailable */
  tenantOf(authorization: string | undefined): Promise<Tenant>;
}

/**
 * Verifies access tokens as RFC 9068 §4 has it: type, algorithm, signature under the server's keys, issuer, audience, end
 * and beginning, and the claims that it demands. Tokens that verified are remembered by their digest until they end.
 * Keys from a URL are cached and asked for again when a token names another one, at most every five seconds.
 *
 * @param clock whose time counts
 * @throws ConfigurationError sign-in-keys when the key file cannot be read
 */
export async function openSignIn(config: SignInConfig, clock: { nowMs(): number }): Promise<SignIn> {
  const keys = /^https?:/i.test(config.jwks) ? remote(config.jwks) : await fileKeys(config.jwks);
  const known = new Map<string, { tenant: Tenant; endsMs: number }>();
  return {
    async tenantOf(authorization) {
      const token = /^Bearer ([A-Za-z0-9._~+/-]{1,8000}=*)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined) throw new Refusal("sign-in-missing", "send Authorization: Bearer with an access token");
      const id = createHash("sha256").update(token).digest("base64");
      const nowMs = clock.nowMs();
      const before = known.get(id);
      if (before !== undefined && nowMs < before.endsMs) return before.tenant;
      known.delete(id);
      const payload = await verify(token, keys, config, nowMs);
      const tenant = tenantIn(payload, config);
      const oldest = known.keys().next();
      if (known.size >= MOST_REMEMBERED && oldest.done !== true) known.delete(oldest.value);
      known.set(id, { tenant, endsMs: Math.min((payload.exp ?? 0) * 1000, nowMs + REMEMBERED_MS) });
      return tenant;
    },
  };
}

async function verify(token: string, keys: JWTVerifyGetKey, config: SignInConfig, nowMs: number): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      typ: "at+jwt",
      issuer: config.issuer,
      audience: config.audience,
      algorithms: [...config.algorithms],
      clockTolerance: config.clockSkewSeconds,
      currentDate: new Date(nowMs),
      requiredClaims: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
    });
    return payload;
  } catch (error) {
    // The reasons are jose's own and name claims, never their values.
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
      throw new Refusal("sign-in-unavailable", "the authorization server's keys cannot be had", 5000);
    if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
      throw new Refusal("sign-in-refused", `${error.code}: ${error.claim}`);
    if (error instanceof errors.JWKSInvalid || error.code === "ERR_JOSE_GENERIC")
      throw new Refusal("sign-in-unavailable", "the authorization server's keys cannot be had", 5000);
    throw new Refusal("sign-in-refused", error.code);
  }
}

function tenantIn(payload: JWTPayload, { tenantClaim, scope, tenants }: SignInConfig): Tenant {
  const scopes = typeof payload["scope"] === "string" ? payload["scope"].split(" ") : [];
  if (scope !== null && !scopes.includes(scope)) throw new Refusal("sign-in-scope", `the scope ${scope} is needed`);
  const name = payload[tenantClaim];
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME_CHARACTERS)
    throw new Refusal("sign-in-refused", `the claim ${tenantClaim} names no tenant`);
  const limits = tenants === null ? NO_LIMITS : tenants.get(name);
  if (limits === undefined) throw new Refusal("sign-in-scope", "this tenant is not one of this host's");
  return { name, limits };
}

function remote(url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), { timeoutDuration: 5000, cooldownDuration: 5_000, cacheMaxAge: 600_000 });
}

/** Keys of a file, which is read again when it was changed. */
async function fileKeys(path: string): Promise<JWTVerifyGetKey> {
  let read = await readKeys(path);
  let lookedMs = performance.now();
  return async (header, token) => {
    if (performance.now() - lookedMs > LOOK_AGAIN_MS) {
      lookedMs = performance.now();
      const changedMs = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => read.changedMs, // keys that were read stay
      );
      if (changedMs !== read.changedMs) read = await readKeys(path).catch(() => read);
    }
    return read.keys(header, token);
  };
}

async function readKeys(path: string): Promise<{ keys: JWTVerifyGetKey; changedMs: number }> {
  try {
    const { mtimeMs } = await stat(path);
    const json = JSON.parse(await readFile(path, "utf8")) as JSONWebKeySet;
    return { keys: createLocalJWKSet(json), changedMs: mtimeMs };
  } catch {
    throw new ConfigurationError("sign-in-keys", "the sign-in file names keys that cannot be read: a JSON Web Key Set is needed");
  }
}

const NO_LIMITS: TenantLimits = { requestsPerMinute: null, openJobs: null };
const MOST_REMEMBERED = 4096;
const REMEMBERED_MS = 60_000;
const LOOK_AGAIN_MS = 1000;
const MAX_NAME_CHARACTERS = 256;
