import { request } from "node:https";
import { DependencyError } from "@caladrius/wire";
import type { SimulatedKms } from "../kms/index.ts";
import type { Principal } from "../kms/principals.ts";
import { ALGORITHM, canonicalRequest, scopeText, signature, stringToSign } from "../kms/sigv4/canonical.ts";
import { formatAmzDate } from "../kms/sigv4/verify.ts";

/**
 * One call of the simulated KMS's JSON protocol, signed by a principal with permanent credentials.
 * @throws DependencyError kms-call with the name of KMS's error
 */
export async function callKms(
  kms: SimulatedKms,
  { credentials }: Principal,
  operation: string,
  body: Readonly<Record<string, unknown>>,
  nowMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  const amzDate = formatAmzDate(nowMs);
  const scope = { date: amzDate.slice(0, 8), region: kms.region, service: "kms" };
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    host: new URL(kms.url).host,
    "x-amz-date": amzDate,
    "x-amz-target": `TrentService.${operation}`,
  };
  const signed = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = stringToSign(canonicalRequest({ method: "POST", headers: signed, body: bytes }), amzDate, scope);
  const hex = Buffer.from(signature(credentials.secretAccessKey, scope, text)).toString("hex");
  const names = signed.map(([name]) => name).join(";");
  const authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${scopeText(scope)}, SignedHeaders=${names}, Signature=${hex}`;
  const { status, json } = await send(kms, { ...headers, authorization, "content-length": String(bytes.length) }, bytes);
  if (status !== 200)
    throw new DependencyError("kms-call", `${operation}: the simulated KMS answered ${status} ${String(json["__type"])}`, 1000);
  return json;
}

function send(
  kms: SimulatedKms,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<{ status: number; json: Readonly<Record<string, unknown>> }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(kms.url, { method: "POST", headers, ca: kms.caPem, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer
        .on("data", (part: Buffer) => parts.push(part))
        .on("error", reject)
        .on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          resolve({ status: answer.statusCode ?? 0, json: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) });
        });
    });
    outgoing.on("error", reject).end(body);
  });
}
