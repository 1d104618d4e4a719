import { timingSafeEqual } from "node:crypto";
import { KmsServiceError } from "../errors.ts";
import type { Caller, Credentials, Principals } from "../principals.ts";
import { ALGORITHM, canonicalRequest, signature, stringToSign, TERMINATOR, type Scope } from "./canonical.ts";

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  /** name and value in turn, as they arrived, each header as often as it was sent */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/**
 * Finds out who signed a request (AWS Signature Version 4, header form) and refuses whatever is not signed as it should be:
 * host, x-amz-date and every x-amz-* header must be signed, the scope must be this region and `kms`, the date at most
 * `MAX_SKEW_MS` away, a session token the one of its key and not expired.
 * A request that is sent again within that time is accepted again, as AWS does: SigV4 has no nonce.
 * @throws KmsServiceError MissingAuthenticationTokenException, IncompleteSignatureException, UnrecognizedClientException,
 *   ExpiredTokenException, InvalidSignatureException
 */
export function verifySignature(request: ReceivedRequest, principals: Principals, region: string, nowMs: number): Caller {
  const headers = collect(request.rawHeaders);
  const authorization = headers.get("authorization");
  if (authorization === undefined) throw new KmsServiceError("MissingAuthenticationTokenException", "Missing Authentication Token");
  const { accessKeyId, scope, signedHeaders, given } = parseAuthorization(authorization);
  const amzDate = headers.get("x-amz-date") ?? "";
  const signedAtMs = parseAmzDate(amzDate);

  if (scope.date !== amzDate.slice(0, 8))
    throw refused(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${amzDate.slice(0, 8)}'.`,
    );
  if (scope.region !== region) throw refused("Credential should be scoped to a valid region.");
  if (scope.service !== SERVICE) throw refused(`Credential should be scoped to correct service: '${SERVICE}'.`);
  demandSigned(signedHeaders, headers);

  const principal = principals.find(accessKeyId);
  if (principal === null) throw unrecognized();
  demandToken(principal.credentials, headers.get("x-amz-security-token"), nowMs);
  demandFresh(amzDate, signedAtMs, nowMs);

  const parts = signedHeaders.map((name): [string, string] => [name, headers.get(name) ?? ""]);
  const canonical = canonicalRequest({ method: request.method, headers: parts, body: request.body });
  const expected = signature(principal.credentials.secretAccessKey, scope, stringToSign(canonical, amzDate, scope));
  if (!timingSafeEqual(expected, given))
    throw refused(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  return principal;
}

interface Authorization {
  readonly accessKeyId: string;
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  /** 32 bytes */
  readonly given: Uint8Array;
}

function parseAuthorization(text: string): Authorization {
  const [, algorithm = "", rest = ""] = /^(\S+) +(.+)$/.exec(text) ?? [];
  if (algorithm !== ALGORITHM) throw incomplete(`Unsupported AWS 'algorithm': '${algorithm}'.`);
  const fields = new Map<string, string>();
  for (const part of rest.split(",")) {
    const [, key, value] = /^ *([A-Za-z]+)=(\S+) *$/.exec(part) ?? [];
    if (key === undefined || value === undefined || fields.has(key))
      throw incomplete(`${part.trim()} not a valid key=value pair (missing equal-sign) in Authorization header.`);
    fields.set(key, value);
  }
  for (const name of ["Credential", "Signature", "SignedHeaders"]) {
    if (!fields.has(name)) throw incomplete(`Authorization header requires '${name}' parameter.`);
  }
  const credential = (fields.get("Credential") ?? "").split("/");
  const [accessKeyId = "", date = "", region = "", service = "", terminator = ""] = credential;
  if (credential.length !== 5 || terminator !== TERMINATOR || !/^\d{8}$/.test(date))
    throw incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request.");
  const signatureHex = fields.get("Signature") ?? "";
  if (!/^[0-9a-f]{64}$/.test(signatureHex)) throw refused("The signature is not 64 lower-case hexadecimal digits.");
  return {
    accessKeyId,
    scope: { date, region, service },
    signedHeaders: (fields.get("SignedHeaders") ?? "").split(";"),
    given: Buffer.from(signatureHex, "hex"),
  };
}

function demandSigned(signedHeaders: readonly string[], headers: ReadonlyMap<string, string>): void {
  for (const [index, name] of signedHeaders.entries()) {
    if (name !== name.toLowerCase() || (index > 0 && name <= (signedHeaders[index - 1] ?? "")) || !headers.has(name))
      throw refused(`'${name}' in SignedHeaders is absent, not in lower case or not in order.`);
  }
  if (!signedHeaders.includes("host")) throw refused("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  if (!signedHeaders.includes("x-amz-date")) throw refused("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.");
  const unsigned = [...headers.keys()].filter((name) => name.startsWith("x-amz-") && !signedHeaders.includes(name));
  if (unsigned.length > 0) throw refused(`There were headers present in the request which were not signed: ${unsigned.join(", ")}`);
}

function demandToken(credentials: Credentials, token: string | undefined, nowMs: number): void {
  const expected = credentials.session?.token;
  if (expected === undefined ? token !== undefined : token === undefined || !sameText(token, expected)) throw unrecognized();
  if (credentials.session !== null && nowMs >= credentials.session.expiresMs)
    throw new KmsServiceError("ExpiredTokenException", "The security token included in the request is expired");
}

function demandFresh(amzDate: string, signedAtMs: number, nowMs: number): void {
  const now = formatAmzDate(nowMs);
  const bound = (sign: string, ms: number): string => `${formatAmzDate(ms)} (${now} ${sign} ${MAX_SKEW_MS / 60_000} min.)`;
  if (signedAtMs < nowMs - MAX_SKEW_MS)
    throw refused(`Signature expired: ${amzDate} is now earlier than ${bound("-", nowMs - MAX_SKEW_MS)}`);
  if (signedAtMs > nowMs + MAX_SKEW_MS)
    throw refused(`Signature not yet current: ${amzDate} is still later than ${bound("+", nowMs + MAX_SKEW_MS)}`);
}

/** Headers by name in lower case; one that was sent several times has its values joined with commas, as the signer does. */
function collect(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    const value = rawHeaders[at + 1] ?? "";
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function parseAmzDate(text: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms)) throw incomplete("Date must be in ISO-8601 'basic format' in the header X-Amz-Date.");
  return ms;
}

/** 20261121T101500Z */
export function formatAmzDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const refused = (message: string): KmsServiceError => new KmsServiceError("InvalidSignatureException", message);
const incomplete = (message: string): KmsServiceError => new KmsServiceError("IncompleteSignatureException", message);
const unrecognized = (): KmsServiceError =>
  new KmsServiceError("UnrecognizedClientException", "The security token included in the request is invalid.");

/** How far a request's date may be from ours; AWS says five minutes in KMS's messages. */
export const MAX_SKEW_MS = 300_000;
const SERVICE = "kms";
