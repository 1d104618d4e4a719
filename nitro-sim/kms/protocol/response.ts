import { randomUUID } from "node:crypto";
import { KMS_ERROR, KmsServiceError, type KmsErrorType } from "../errors.ts";
import type { Output, Value } from "../operations/operation.ts";

/** One answer of the service, whole. */
export interface KmsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that says what was done. */
export function okResponse(output: Output, requestId: string, nowMs: number): KmsResponse {
  return response(200, output === null ? "" : JSON.stringify(toJson(output)), requestId, nowMs);
}

/** An answer that says why not, also for those who forge answers in tests. */
export function errorResponse(
  type: KmsErrorType,
  message: string,
  { requestId = randomUUID(), nowMs, status = KMS_ERROR[type] }: { requestId?: string; nowMs: number; status?: number },
): KmsResponse {
  return response(status, JSON.stringify({ __type: type, ...(message === "" ? {} : { message }) }), requestId, nowMs);
}

/** The error as an answer; what is no refusal of ours is a failure inside, of which nothing is told. */
export function failureResponse(error: unknown, requestId: string, nowMs: number): KmsResponse {
  if (error instanceof KmsServiceError) return errorResponse(error.type, error.message, { requestId, nowMs });
  return errorResponse("KMSInternalException", "An internal error occurred; the service's own log says which.", { requestId, nowMs });
}

function response(status: number, body: string, requestId: string, nowMs: number): KmsResponse {
  return {
    status,
    headers: {
      "x-amzn-RequestId": requestId,
      "Cache-Control": "no-cache, no-store, must-revalidate, private",
      "Content-Type": "application/x-amz-json-1.1",
      Date: new Date(nowMs).toUTCString(),
    },
    body,
  };
}

function toJson(value: Value): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map((one: Value) => toJson(one));
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
}
