import { decodeAttestReply, toHex, type AttestReply } from "@caladrius/wire";
import { SubmitError } from "../errors.ts";
import { readBody, readJsonObject } from "./body.ts";
import { DEFAULT_RETRY, PassingFailure, withRetries, type RetrySettings } from "./retry.ts";

/** States of a job at the host (ARCHITECTURE §11). */
export const JOB_STATES = ["accepted", "running", "answered", "cannot-open", "reseal", "expired"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What the host answers about a job; `unknown` = it does not know it (any more). */
export type JobAnswer = JobState | "unknown";

export interface HostClientOptions {
  readonly signal: AbortSignal;
  readonly retry?: Partial<RetrySettings>;
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
  #answered = false;

  /** @throws SubmitError host-url */
  constructor(url: string, { signal, retry, onRetry }: HostClientOptions) {
    this.#base = baseOf(url);
    this.#signal = signal;
    this.#retry = { ...DEFAULT_RETRY, ...retry };
    this.#onRetry = onRetry ?? (() => {});
  }

  /** Evidence that repeats `nonce`, and the identity it commits to. @throws SubmitError host-answer, host-refused; DependencyError */
  attestation(nonce: Uint8Array): Promise<AttestReply> {
    return this.#call(`/v1/attestation?nonce=${toHex(nonce)}`, { headers: { accept: ATTESTATION_TYPE } }, async (response) => {
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
    const init = { method: "POST", headers: { "content-type": SEALED_JOB_TYPE }, body: Uint8Array.from(sealed) };
    return this.#call("/v1/jobs", init, async (response) => {
      if (response.status === 409) return drained(response, "conflict");
      await refuseUnless(response, [200, 202]);
      return stateOf(await readJsonObject(response));
    });
  }

  /** Where a job stands. */
  state(jobId: Uint8Array): Promise<JobAnswer> {
    return this.#call(`/v1/jobs/${toHex(jobId)}`, {}, async (response) => {
      if (response.status === 404) return drained(response, "unknown");
      await refuseUnless(response, [200]);
      return stateOf(await readJsonObject(response));
    });
  }

  /** The submitter's sealed reply, or the state of a job that has none (yet). */
  reply(jobId: Uint8Array): Promise<Uint8Array | JobAnswer> {
    return this.#call(`/v1/jobs/${toHex(jobId)}/result`, {}, async (response) => {
      const ended = ENDED.get(response.status);
      if (ended !== undefined) return drained(response, ended);
      if (response.status === 202) return stateOf(await readJsonObject(response));
      await refuseUnless(response, [200]);
      return readBody(response, MAX_REPLY_BYTES);
    });
  }

  /** Opens the stream of one job's states: one attempt, null when there is none to be had. */
  async events(jobId: Uint8Array, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
    try {
      const response = await fetch(`${this.#base}/v1/events?job=${toHex(jobId)}`, {
        headers: { accept: "text/event-stream" },
        redirect: "manual",
        signal,
      });
      if (response.status === 200 && (response.headers.get("content-type") ?? "").startsWith("text/event-stream")) return response.body;
      await response.body?.cancel();
    } catch {
      this.#signal.throwIfAborted();
    }
    return null;
  }

  #call<T>(path: string, init: RequestInit, read: (response: Response) => Promise<T>): Promise<T> {
    const patienceMs = (): number => (this.#answered ? this.#retry.patienceMs : this.#retry.firstContactMs);
    return withRetries(() => this.#attempt(path, init, read), {
      settings: this.#retry,
      patienceMs,
      signal: this.#signal,
      onRetry: this.#onRetry,
    });
  }

  async #attempt<T>(path: string, init: RequestInit, read: (response: Response) => Promise<T>): Promise<T> {
    const timeout = AbortSignal.timeout(init.body === undefined ? REQUEST_MS : UPLOAD_MS);
    try {
      const response = await fetch(`${this.#base}${path}`, {
        ...init,
        redirect: "manual",
        signal: AbortSignal.any([this.#signal, timeout]),
      });
      this.#answered = true;
      if (PASSING.has(response.status)) throw await busy(response);
      return await read(response);
    } catch (error) {
      if (error instanceof PassingFailure || error instanceof SubmitError) throw error;
      this.#signal.throwIfAborted();
      const code = causeOf(error);
      if (LASTING.test(code)) throw new SubmitError("host-answer", `no trusted connection: ${code}`);
      throw new PassingFailure("host-unreachable", `${new URL(this.#base).origin} (${code})`, null);
    }
  }
}

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

async function busy(response: Response): Promise<PassingFailure> {
  const after = response.headers.get("retry-after") ?? "";
  const retryAfterMs = /^[0-9]{1,6}$/.test(after) ? Number(after) * 1000 : null; // the date form is not used by our host
  return new PassingFailure("host-busy", await refusalOf(response), retryAfterMs);
}

async function refuseUnless(response: Response, statuses: readonly number[]): Promise<void> {
  if (!statuses.includes(response.status)) throw new SubmitError("host-refused", await refusalOf(response));
}

/** Status and code of a refusal. Its texts are the host's and are not repeated. */
async function refusalOf(response: Response): Promise<string> {
  const problem = await readJsonObject(response).catch(() => new Map<string, unknown>());
  const code = problem.get("code");
  return typeof code === "string" && /^[a-z][a-z0-9-]{0,39}$/.test(code) ? `${response.status} ${code}` : `${response.status}`;
}

async function drained<T>(response: Response, value: T): Promise<T> {
  await response.body?.cancel();
  return value;
}

function stateOf(answer: ReadonlyMap<string, unknown>): JobState {
  const state = JOB_STATES.find((one) => one === answer.get("state"));
  if (state === undefined) throw new SubmitError("host-answer", "a job without a known state");
  return state;
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (typeof code === "string") return code;
  return cause instanceof Error ? cause.name : "unknown";
}
