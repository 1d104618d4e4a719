import type { IncomingMessage } from "node:http";
import { decodeAttestReply, fromBase64, toHex, type AttestReply } from "@caladrius/wire";
import { SubmitError } from "../errors.ts";
import { secureUrl, type AccessTokens } from "../sign-in/access-token.ts";
import { readBody, readJsonObject } from "./body.ts";
import { send, type HttpRequest } from "./http.ts";
import { DEFAULT_RETRY, PassingFailure, withRetries, type RetrySettings } from "./retry.ts";

/** States of a job at the host (ARCHITECTURE §11). */
export const JOB_STATES = ["accepted", "running", "answered", "cannot-open", "reseal", "expired"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What the host answers about a job; `unknown` = it does not know it (any more). */
export type JobAnswer = JobState | "unknown";

export interface HostClientOptions {
  readonly signal: AbortSignal;
  readonly retry?: Partial<RetrySettings>;
  /** signs in at the host; over https alone, or to this machine */
  readonly tokens?: AccessTokens;
  /** SHA-256 of the sealed job that everything is about: by it a recipient of another tenant may read */
  readonly jobDigest?: Uint8Array;
  /** called before each pause, with what is the matter */
  readonly onRetry?: (reason: string) => void;
}

const ATTESTATION_TYPE = "application/vnd.caladrius.attestation+cbor";
const SEALED_JOB_TYPE = "application/vnd.caladrius.sealed-job+cbor";
const MAX_ATTESTATION_BYTES = 64 * 1024;
const MAX_REPLY_BYTES = 33 * 1024 * 1024;
const REQUEST_MS = 60_000;
const UPLOAD_MS = 600_000;

/**
 * The host's HTTP interface, as far as a submitter needs it. Nothing that it answers is believed: sealing and the
 * verifier decide. What may pass (429, 502 to 504, 507, lost connections) is tried again with growing pauses.
 */
export class HostClient {
  readonly #base: string;
  readonly #signal: AbortSignal;
  readonly #retry: RetrySettings;
  readonly #onRetry: (reason: string) => void;
  readonly #tokens: AccessTokens | null;
  readonly #proof: Readonly<Record<string, string>>;
  #answered = false;

  /** @throws SubmitError host-url, sign-in-url */
  constructor(url: string, { signal, retry, tokens, jobDigest, onRetry }: HostClientOptions) {
    this.#base = baseOf(url);
    if (tokens !== undefined) secureUrl(url);
    this.#tokens = tokens ?? null;
    this.#proof = jobDigest === undefined ? {} : { "caladrius-job-digest": toHex(jobDigest) };
    this.#signal = signal;
    this.#retry = { ...DEFAULT_RETRY, ...retry };
    this.#onRetry = onRetry ?? (() => {});
  }

  /**
   * Evidence that repeats `nonce`, or without one the host's newest, and the identity it commits to: with the keys of this
   * boot, or with a fleet's.
   * @throws SubmitError host-answer, host-refused; DependencyError
   */
  attestation(nonce: Uint8Array | null, keys: "boot" | "fleet" = "boot"): Promise<AttestReply> {
    const query = [...(nonce === null ? [] : [`nonce=${toHex(nonce)}`]), ...(keys === "fleet" ? ["keys=fleet"] : [])].join("&");
    return this.#call(`/v1/attestation${query === "" ? "" : `?${query}`}`, { headers: { accept: ATTESTATION_TYPE } }, async (response) => {
      await refuseUnless(response, [200]);
      const body = await readBody(response, MAX_ATTESTATION_BYTES);
      try {
        return decodeAttestReply(body);
      } catch {
        throw new SubmitError("host-answer", "not an attestation");
      }
    });
  }

  /** Hands a sealed job over. Sending the same bytes again is harmless. `conflict` = other bytes are known under its id. */
  submit(sealed: Uint8Array): Promise<JobState | "conflict"> {
    const call = { method: "POST", headers: { "content-type": SEALED_JOB_TYPE }, body: sealed } as const;
    return this.#call("/v1/jobs", call, async (response) => {
      if (response.statusCode === 409) return drained(response, "conflict");
      await refuseUnless(response, [200, 202]);
      return stateOf(await readJsonObject(response));
    });
  }

  /** Where a job stands. */
  state(jobId: Uint8Array): Promise<JobAnswer> {
    return this.#call(`/v1/jobs/${toHex(jobId)}`, {}, async (response) => {
      if (response.statusCode === 404) return drained(response, "unknown");
      await refuseUnless(response, [200]);
      return stateOf(await readJsonObject(response));
    });
  }

  /** The sealed reply for one recipient (0 = the submitter), or the state of a job that has none (yet). */
  reply(jobId: Uint8Array, recipient: number = 0): Promise<Uint8Array | JobAnswer> {
    const query = recipient === 0 ? "" : `?recipient=${recipient}`;
    return this.#call(`/v1/jobs/${toHex(jobId)}/result${query}`, {}, async (response) => {
      const ended = ENDED.get(response.statusCode ?? 0);
      if (ended !== undefined) return drained(response, ended);
      if (response.statusCode === 202) return stateOf(await readJsonObject(response));
      await refuseUnless(response, [200]);
      return readBody(response, MAX_REPLY_BYTES);
    });
  }

  /** Sealed notices after a number of the host's own, oldest first. */
  notices(after: number): Promise<{ number: number; sealed: Uint8Array }[]> {
    return this.#call(`/v1/notices?after=${after}`, {}, async (response) => {
      await refuseUnless(response, [200]);
      return listOf(await readJsonObject(response, MAX_LIST_BYTES), "notices", (one) => ({
        number: Number(one.get("number")),
        sealed: fromBase64(String(one.get("sealed"))),
      }));
    });
  }

  /** Evidence and identity of the enclaves that the host booted lately. */
  boots(): Promise<{ evidence: Uint8Array; identity: Uint8Array }[]> {
    return this.#call("/v1/notices/boots", {}, async (response) => {
      await refuseUnless(response, [200]);
      return listOf(await readJsonObject(response, MAX_LIST_BYTES), "boots", (one) => ({
        evidence: fromBase64(String(one.get("evidence"))),
        identity: fromBase64(String(one.get("identity"))),
      }));
    });
  }

  /** Opens the stream of one job's states: one attempt, null when there is none to be had. */
  async events(jobId: Uint8Array, signal: AbortSignal): Promise<IncomingMessage | null> {
    try {
      const url = new URL(`${this.#base}/v1/events?job=${toHex(jobId)}`);
      const headers = { accept: "text/event-stream", ...this.#proof, ...(await this.#signIn(null)) };
      const response = await send({ url, method: "GET", headers }, signal);
      if (response.statusCode === 200 && (response.headers["content-type"] ?? "").startsWith("text/event-stream")) return response;
      drained(response, null);
    } catch {
      this.#signal.throwIfAborted();
    }
    return null;
  }

  /** A token that the host does not take may have ended or been withdrawn: one more is asked for, once. */
  async #send(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const signed = await this.#signIn(null);
    const response = await send({ ...request, headers: { ...request.headers, ...this.#proof, ...signed } }, signal);
    if (response.statusCode !== 401 || this.#tokens === null) return response;
    drained(response, null);
    const other = await this.#signIn(signed.authorization?.replace("Bearer ", "") ?? null);
    return send({ ...request, headers: { ...request.headers, ...this.#proof, ...other } }, signal);
  }

  async #signIn(refused: string | null): Promise<{ authorization?: string }> {
    return this.#tokens === null ? {} : { authorization: `Bearer ${await this.#tokens.token(this.#signal, refused)}` };
  }

  #call<T>(path: string, call: Call, read: (response: IncomingMessage) => Promise<T>): Promise<T> {
    const patienceMs = (): number => (this.#answered ? this.#retry.patienceMs : this.#retry.firstContactMs);
    const request = { method: "GET", headers: {}, ...call, url: new URL(`${this.#base}${path}`) } as const;
    return withRetries(() => this.#attempt(request, read), {
      settings: this.#retry,
      patienceMs,
      signal: this.#signal,
      onRetry: this.#onRetry,
    });
  }

  async #attempt<T>(request: HttpRequest, read: (response: IncomingMessage) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const stop = new AbortController();
    const giveUp = (): void => stop.abort();
    const timer = setTimeout(giveUp, request.body === undefined ? REQUEST_MS : UPLOAD_MS);
    this.#signal.addEventListener("abort", giveUp);
    try {
      const response = await this.#send(request, stop.signal);
      this.#answered = true;
      if (PASSING.has(response.statusCode ?? 0)) throw await busy(response);
      return await read(response);
    } catch (error) {
      if (error instanceof PassingFailure || error instanceof SubmitError) throw error;
      this.#signal.throwIfAborted();
      const code = stop.signal.aborted ? "timeout" : codeOf(error);
      if (LASTING.test(code)) throw new SubmitError("host-answer", `no trusted connection: ${code}`);
      throw new PassingFailure("host-unreachable", `${request.url.origin} (${code})`, null);
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", giveUp);
    }
  }
}

type Call = Partial<Pick<HttpRequest, "method" | "headers" | "body">>;

const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504, 507]);
const ENDED: ReadonlyMap<number, JobAnswer> = new Map<number, JobAnswer>([
  [404, "unknown"],
  [409, "reseal"],
  [410, "expired"],
  [422, "cannot-open"],
]);
/** A certificate that is not trusted does not become so by waiting. */
const LASTING = /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|ERR_INVALID|UNABLE_TO_VERIFY/;

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (
    parsed === null ||
    !/^https?:$/.test(parsed.protocol) ||
    parsed.username !== "" ||
    parsed.password !== "" ||
    parsed.search !== "" ||
    parsed.hash !== ""
  )
    throw new SubmitError("host-url");
  return parsed.href.replace(/\/+$/, "");
}

async function busy(response: IncomingMessage): Promise<PassingFailure> {
  const after = response.headers["retry-after"] ?? "";
  const retryAfterMs = /^[0-9]{1,6}$/.test(after) ? Number(after) * 1000 : null; // the date form is not used by our host
  return new PassingFailure("host-busy", await refusalOf(response), retryAfterMs);
}

async function refuseUnless(response: IncomingMessage, statuses: readonly number[]): Promise<void> {
  if (statuses.includes(response.statusCode ?? 0)) return;
  const refusal = await refusalOf(response);
  throw new SubmitError("host-refused", refusal === SIGN_IN_MISSING ? `${refusal}, it wants an access token and got none` : refusal);
}

/** Status and code of a refusal. Its texts are the host's and are not repeated. */
async function refusalOf(response: IncomingMessage): Promise<string> {
  const problem = await readJsonObject(response).catch(() => new Map<string, unknown>());
  const code = problem.get("code");
  const status = response.statusCode ?? 0;
  return typeof code === "string" && /^[a-z][a-z0-9-]{0,39}$/.test(code) ? `${status} ${code}` : `${status}`;
}

/** Leaves the body unread. */
function drained<T>(response: IncomingMessage, value: T): T {
  response.on("error", () => {}).destroy();
  return value;
}

function stateOf(answer: ReadonlyMap<string, unknown>): JobState {
  const state = JOB_STATES.find((one) => one === answer.get("state"));
  if (state === undefined) throw new SubmitError("host-answer", "a job without a known state");
  return state;
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "unknown";
}

/** A list of objects inside an answer. @throws SubmitError host-answer */
function listOf<T>(answer: ReadonlyMap<string, unknown>, name: string, read: (one: ReadonlyMap<string, unknown>) => T): T[] {
  try {
    return (answer.get(name) as unknown[]).map((one) => read(new Map(Object.entries(one as object))));
  } catch {
    throw new SubmitError("host-answer", `no list of ${name}`);
  }
}

const MAX_LIST_BYTES = 16 * 1024 * 1024;
const SIGN_IN_MISSING = "401 sign-in-missing";
