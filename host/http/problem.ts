import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { Type, type TSchema } from "typebox";
import { DependencyError, LimitError, WireError } from "@caladrius/wire";
import { HOST_CODE, HTTP_STATUS, Refusal, type HostCode } from "../errors.ts";
import { escapeText } from "../text.ts";

/** Media type of every refusal (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json";

/** Body of a refusal. */
export interface Problem {
  /** `urn:caladrius:problem:` and the code */
  type: string;
  title: string;
  status: number;
  detail: string;
  code: HostCode;
}

/** Schema of `Problem`. */
export const ProblemSchema: TSchema = Type.Object(
  {
    type: Type.String({ description: "urn:caladrius:problem: and the code" }),
    title: Type.String({ description: "What the code means; the same each time." }),
    status: Type.Integer(),
    detail: Type.String({ description: "This occurrence, for a human." }),
    code: Type.Enum(Object.keys(HOST_CODE), { description: "Stable across versions." }),
  },
  { description: "RFC 9457 problem details" },
);

/** Responses that every route may give, for its schema. */
export const PROBLEM_RESPONSES: Readonly<Record<"4xx" | "5xx", unknown>> = {
  "4xx": { description: "Refused; the caller must act.", content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } },
  "5xx": { description: "Not possible now, or a fault of the host.", content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } },
};

/** Turns whatever was thrown into what the caller is told. Nothing of a fault's own text is told. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof WireError) return new Refusal("job-malformed", `${error.code}: ${error.message}`);
  if (error instanceof LimitError) return new Refusal("job-malformed", `${error.code}: ${error.message}`);
  if (error instanceof DependencyError)
    return new Refusal(isHostCode(error.code) ? error.code : "enclave-unavailable", error.message, error.retryAfterMs);
  const { code, message, validation } = error as Partial<FastifyError>;
  if (validation !== undefined) return new Refusal("request-invalid", message ?? "");
  const known = code === undefined ? undefined : FRAMEWORK[code];
  if (known !== undefined) return new Refusal(known, message ?? "");
  return new Refusal("internal", "see the host's log");
}

/** Sends a refusal as problem details. */
export async function sendProblem(reply: FastifyReply, refusal: Refusal): Promise<void> {
  const status = HTTP_STATUS[refusal.code];
  if (refusal.retryAfterMs !== null) void reply.header("retry-after", Math.ceil(refusal.retryAfterMs / 1000));
  if (CLOSING.has(refusal.code)) void reply.header("connection", "close"); // the rest of the body is not read
  const challenge = CHALLENGE.get(refusal.code);
  if (challenge !== undefined) void reply.header("www-authenticate", `Bearer realm="caladrius"${challenge}`);
  await reply.code(status).header("cache-control", "no-store").type(PROBLEM_TYPE).send(problem(refusal));
}

/** The body of a refusal. */
export function problem(refusal: Refusal): Problem {
  const { code, message } = refusal;
  const { meaning } = HOST_CODE[code];
  return { type: `urn:caladrius:problem:${code}`, title: meaning, status: HTTP_STATUS[code], detail: escapeText(message), code };
}

/** Fastify's error handler: answers, and logs what is our fault. */
export async function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const refusal = refusalOf(error);
  if (refusal.code === "internal") {
    const { name, stack } = error instanceof Error ? error : new Error(String(error));
    request.log.error({ error: escapeText(name), stack: escapeText(stack ?? "", 2000) }, "a request failed");
  }
  await sendProblem(reply, refusal);
}

function isHostCode(code: string): code is HostCode {
  return Object.hasOwn(HOST_CODE, code);
}

/** RFC 6750 §3: what a client is told to bring. */
const CHALLENGE: ReadonlyMap<HostCode, string> = new Map<HostCode, string>([
  ["token-missing", ""],
  ["token-wrong", ""],
  ["sign-in-missing", ""],
  ["sign-in-refused", ', error="invalid_token"'],
  ["sign-in-scope", ', error="insufficient_scope"'],
]);

const CLOSING: ReadonlySet<HostCode> = new Set<HostCode>([
  "length-required",
  "body-too-large",
  "body-timeout",
  "body-aborted",
  "media-type",
]);

const FRAMEWORK: Readonly<Record<string, HostCode>> = {
  FST_ERR_NOT_FOUND: "route-unknown",
  FST_ERR_BAD_URL: "request-invalid",
  FST_ERR_MAX_PARAM_LENGTH: "request-invalid",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "media-type",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "body-aborted",
  FST_ERR_CTP_BODY_TOO_LARGE: "body-too-large",
  FST_ERR_CTP_EMPTY_JSON_BODY: "request-invalid",
  FST_ERR_CTP_INVALID_JSON_BODY: "request-invalid",
};
