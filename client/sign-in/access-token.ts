import { createPrivateKey, randomUUID, sign, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { SubmitError } from "../errors.ts";
import { readJsonObject } from "../host/body.ts";
import { send } from "../host/http.ts";

/** Gives access tokens for a host (RFC 6750). A token lets a host count and tell tenants apart; it opens nothing. */
export interface AccessTokens {
  /** @param refused the token that the host did not take, so that another one is wanted @throws SubmitError sign-in-token */
  token(signal: AbortSignal, refused?: string | null): Promise<string>;
}

/** A client of an authorization server (RFC 6749 §4.4). */
export interface ClientCredentials {
  /** https, or http on this machine */
  readonly tokenUrl: string;
  readonly clientId: string;
  /** a secret (client_secret_basic), or a private key in PEM (private_key_jwt, RFC 7523 §2.2) */
  readonly secret:
    | { readonly kind: "secret"; readonly text: string }
    | { readonly kind: "key"; readonly pem: string; readonly keyId?: string };
  readonly scope?: string;
  /** resource indicator (RFC 8707) */
  readonly resource?: string;
}

/** Tokens that somebody else keeps in a file; it is read for each run, and again when a token is refused. */
export function tokensOfFile(path: string): AccessTokens {
  let kept: string | null = null;
  return {
    async token(_signal, refused = null) {
      if (kept !== null && kept !== refused) return kept;
      const text = (await readFile(path, "utf8")).trim();
      if (!TOKEN.test(text)) throw new SubmitError("sign-in-token", "the file holds no bearer token");
      if (text === refused) throw new SubmitError("sign-in-token", "the host refused the token in the file");
      kept = text;
      return text;
    },
  };
}

/** Tokens of an authorization server: kept until shortly before they end, and asked for again when one is refused. */
export function tokensOfServer(client: ClientCredentials): AccessTokens {
  const url = secureUrl(client.tokenUrl);
  const key = client.secret.kind === "key" ? privateKey(client.secret.pem) : null;
  let kept: { token: string; untilMs: number } | null = null;
  let asking: Promise<string> | null = null;
  const ask = async (signal: AbortSignal): Promise<string> => {
    const { token, expiresIn } = await request(url, client, key, signal);
    kept = { token, untilMs: performance.now() + expiresIn * 1000 * USED_FOR };
    return token;
  };
  return {
    async token(signal, refused = null) {
      if (kept !== null && kept.token !== refused && performance.now() < kept.untilMs) return kept.token;
      asking ??= ask(signal).finally(() => (asking = null)); // one request for all jobs that wait
      return asking;
    },
  };
}

/** @throws SubmitError sign-in-url for an address that a token or secret would cross in the clear */
export function secureUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const local = url?.protocol === "http:" && LOCAL.has(url.hostname);
  if (url === null || url.username !== "" || url.password !== "" || !(url.protocol === "https:" || local))
    throw new SubmitError("sign-in-url");
  return url;
}

async function request(
  url: URL,
  client: ClientCredentials,
  key: KeyObject | null,
  signal: AbortSignal,
): Promise<{ token: string; expiresIn: number }> {
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (client.scope !== undefined) form.set("scope", client.scope);
  if (client.resource !== undefined) form.set("resource", client.resource);
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  if (client.secret.kind === "secret") {
    const pair = [client.clientId, client.secret.text].map(encodeURIComponent).join(":"); // RFC 6749 §2.3.1
    headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`;
  } else if (key !== null) {
    form.set("client_id", client.clientId);
    form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.set("client_assertion", assertion(url, client.clientId, key, client.secret.keyId ?? null));
  }
  const timed = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]);
  const response = await send({ url, method: "POST", headers, body: new TextEncoder().encode(form.toString()) }, timed).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw new SubmitError("sign-in-token", `the authorization server does not answer (${codeOf(error)})`);
    },
  );
  const answer = await readJsonObject(response).catch(() => new Map<string, unknown>());
  const [token, type, expiresIn = DEFAULT_SECONDS] = ["access_token", "token_type", "expires_in"].map((name) => answer.get(name));
  if (response.statusCode !== 200 || typeof token !== "string" || !TOKEN.test(token) || String(type).toLowerCase() !== "bearer") {
    const reason = answer.get("error"); // its description may hold anything
    const word = typeof reason === "string" && /^[a-z_]{1,40}$/.test(reason) ? ` ${reason}` : "";
    throw new SubmitError("sign-in-token", `the authorization server answered ${response.statusCode ?? 0}${word}`);
  }
  return { token, expiresIn: typeof expiresIn === "number" && expiresIn > 0 ? expiresIn : DEFAULT_SECONDS };
}

/** RFC 7523 §3: who the client is, for this server, for two minutes, once. */
function assertion(url: URL, clientId: string, key: KeyObject, keyId: string | null): string {
  const now = Math.floor(Date.now() / 1000);
  const { alg, hash } = algorithmOf(key);
  const header = { alg, typ: "JWT", ...(keyId === null ? {} : { kid: keyId }) };
  const claims = { iss: clientId, sub: clientId, aud: url.href, jti: randomUUID(), iat: now, exp: now + 120 };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${sign(hash, Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function privateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    algorithmOf(key);
    return key;
  } catch {
    throw new SubmitError("sign-in-token", "the client's key is no private key of Ed25519 or P-256 in PEM");
  }
}

function algorithmOf(key: KeyObject): { alg: string; hash: string | null } {
  if (key.asymmetricKeyType === "ed25519") return { alg: "EdDSA", hash: null };
  if (key.asymmetricKeyDetails?.namedCurve === "prime256v1") return { alg: "ES256", hash: "sha256" };
  throw new SubmitError("sign-in-token");
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

const TOKEN = /^[A-Za-z0-9._~+/-]{1,8000}=*$/;
const LOCAL: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);
const USED_FOR = 0.8;
const DEFAULT_SECONDS = 60;
const REQUEST_MS = 30_000;
