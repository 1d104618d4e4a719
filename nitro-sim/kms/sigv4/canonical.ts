import { createHash, createHmac } from "node:crypto";

/** What of a request goes into its signature. The service answers on "/" without a query alone, so both are fixed. */
export interface SignedParts {
  readonly method: string;
  /** names in lower case, in the order of SignedHeaders, with the values as they arrived */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** Where a signing key is good: 20261121/eu-central-1/kms/aws4_request. */
export interface Scope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** The canonical request (SigV4, "Create a canonical request"). */
export function canonicalRequest({ method, headers, body }: SignedParts): string {
  const lines = headers.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, " ")}\n`).join("");
  const names = headers.map(([name]) => name).join(";");
  return [method, "/", "", lines, names, sha256Hex(body)].join("\n");
}

/** The string to sign; `amzDate` such as 20261121T101500Z. */
export function stringToSign(canonical: string, amzDate: string, scope: Scope): string {
  return [ALGORITHM, amzDate, scopeText(scope), sha256Hex(canonical)].join("\n");
}

/** The signature: HMAC-SHA256 under the key derived for date, region and service, 32 bytes. */
export function signature(secret: string, scope: Scope, text: string): Uint8Array {
  const key = [scope.date, scope.region, scope.service, TERMINATOR].reduce<Uint8Array>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`, "utf8"),
  );
  return hmac(key, text);
}

export function scopeText({ date, region, service }: Scope): string {
  return `${date}/${region}/${service}/${TERMINATOR}`;
}

export const ALGORITHM = "AWS4-HMAC-SHA256";
export const TERMINATOR = "aws4_request";

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
