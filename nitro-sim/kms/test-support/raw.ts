import { request } from "node:https";
import type { Credentials } from "../principals.ts";
import { ALGORITHM, canonicalRequest, scopeText, signature, stringToSign } from "../sigv4/canonical.ts";
import { formatAmzDate } from "../sigv4/verify.ts";
import type { SimulatedKms } from "../start.ts";

/** A request that a test signs itself, with everything that may be wrong in it. */
export interface RawRequest {
  readonly operation: string;
  readonly body: string | Uint8Array;
  readonly credentials: Credentials;
  readonly signedAtMs: number;
  readonly region?: string;
  readonly service?: string;
  /** further headers */
  readonly headers?: Readonly<Record<string, string>>;
  /** those of the headers that the signature leaves out */
  readonly unsigned?: readonly string[];
}

/** The headers of a request, signed. */
export function signedHeaders(kms: SimulatedKms, raw: RawRequest): Record<string, string> {
  const amzDate = formatAmzDate(raw.signedAtMs);
  const scope = { date: amzDate.slice(0, 8), region: raw.region ?? kms.region, service: raw.service ?? "kms" };
  const { accessKeyId, secretAccessKey, session } = raw.credentials;
  const headers: Record<string, string> = {
    "content-type": "application/x-amz-json-1.1",
    host: `localhost:${kms.port}`,
    "x-amz-date": amzDate,
    "x-amz-target": `TrentService.${raw.operation}`,
    ...(session === null ? {} : { "x-amz-security-token": session.token }),
    ...raw.headers,
  };
  const signed = Object.entries(headers)
    .filter(([name]) => raw.unsigned?.includes(name) !== true)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const body = Buffer.from(raw.body);
  const canonical = canonicalRequest({ method: "POST", headers: signed, body });
  const bytes = signature(secretAccessKey, scope, stringToSign(canonical, amzDate, scope));
  const names = signed.map(([name]) => name).join(";");
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${accessKeyId}/${scopeText(scope)}, SignedHeaders=${names}, Signature=${Buffer.from(bytes).toString("hex")}`,
  };
}

/** What came back. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly json: { readonly [name: string]: unknown };
}

/** Sends bytes with headers as they are. */
export function send(
  kms: SimulatedKms,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
  options: { method?: string; path?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: kms.port,
        servername: "localhost",
        ca: kms.caPem,
        agent: false,
        method: options.method ?? "POST",
        path: options.path ?? "/",
        headers,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            json: text === "" ? {} : (JSON.parse(text) as RawAnswer["json"]),
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Signs and sends. */
export function call(kms: SimulatedKms, raw: RawRequest): Promise<RawAnswer> {
  return send(kms, signedHeaders(kms, raw), raw.body);
}
