import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeSealedJobHeader, fromHex, toHex } from "@caladrius/wire";
import type { InProcessEnclave } from "./enclave.ts";

interface Job {
  sealed: Uint8Array;
  state: string;
  /** the submitter's, and all of them in order */
  reply: Uint8Array | null;
  replies?: readonly Uint8Array[];
}

/** A request that a test answers itself: true = it did. */
export type Intercept = (
  request: { method: string; path: string; count: number },
  response: ServerResponse,
  job: Job | undefined,
) => boolean | Promise<boolean>;

/** The host's interface over one enclave in this process, with a hook before every answer. */
export class FakeHost {
  enclave: InProcessEnclave;
  intercept: Intercept = () => false;
  /** what becomes of a sealed job on the way in */
  meddle: (sealed: Uint8Array) => Uint8Array = (sealed) => sealed;
  /** every request as "METHOD path", without query */
  readonly requests: string[] = [];
  /** all bytes that came in */
  readonly received: Uint8Array[] = [];
  readonly jobs: Map<string, Job> = new Map();
  sse: boolean = true;
  readonly #server: Server;
  readonly #counts = new Map<string, number>();

  constructor(enclave: InProcessEnclave) {
    this.enclave = enclave;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://host");
    const method = request.method ?? "GET";
    const body = await read(request);
    if (body.length > 0) this.received.push(body);
    const id = /^\/v1\/jobs\/([0-9a-f]{32})/.exec(url.pathname)?.[1] ?? url.searchParams.get("job") ?? "";
    const kind = `${method} ${url.pathname.replace(id || "none", ":id")}`;
    this.requests.push(kind);
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (await this.intercept({ method, path: url.pathname.replace(id || "none", ":id"), count }, response, this.jobs.get(id))) return;

    const job = this.jobs.get(id);
    switch (kind) {
      case "GET /v1/attestation": {
        const nonce = url.searchParams.get("nonce");
        return send(
          response,
          200,
          "application/vnd.caladrius.attestation+cbor",
          await this.enclave.attest(nonce === null ? null : fromHex(nonce)),
        );
      }
      case "POST /v1/jobs": {
        const jobId = toHex(decodeSealedJobHeader(body).jobId);
        const known = this.jobs.get(jobId);
        if (known !== undefined) return sendJson(response, 200, { id: jobId, state: known.state });
        const accepted: Job = { sealed: this.meddle(body), state: "accepted", reply: null };
        this.jobs.set(jobId, accepted);
        void this.#compute(accepted);
        return sendJson(response, 202, { id: jobId, state: "accepted" });
      }
      case "GET /v1/jobs/:id":
        return job === undefined ? problem(response, 404, "job-unknown") : sendJson(response, 200, { id, state: job.state });
      case "GET /v1/jobs/:id/result":
        if (job === undefined) return problem(response, 404, "job-unknown");
        if (job.state === "reseal") return problem(response, 409, "job-reseal");
        if (job.state === "cannot-open") return problem(response, 422, "job-cannot-open");
        if (job.reply === null) return sendJson(response, 202, { id, state: job.state });
        return sendReply(response, job, Number(url.searchParams.get("recipient") ?? 0));
      case "GET /v1/events":
        return this.sse ? this.#events(id, response) : problem(response, 503, "busy");
      default:
        return problem(response, 404, "route-unknown");
    }
  }

  async #compute(job: Job): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (job.state !== "accepted") return;
    const answer = await this.enclave.answer(job.sealed);
    const replies = Array.isArray(answer) ? answer : [];
    const [reply = null] = replies;
    job.replies = replies;
    job.reply = reply;
    job.state = answer === "unknown-key" ? "reseal" : reply === null ? "cannot-open" : "answered";
  }

  async #events(id: string, response: ServerResponse): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let told = "";
    while (!response.destroyed) {
      const state = this.jobs.get(id)?.state ?? "";
      if (state !== told) response.write(`event: state\ndata: ${JSON.stringify({ id, state })}\n\n`);
      told = state;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

/** Answers with problem details. */
export function problem(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/problem+json", ...headers });
  response.end(JSON.stringify({ type: `urn:caladrius:problem:${code}`, status, code, title: "", detail: "\u001b[31mtext of the host" }));
}

function sendReply(response: ServerResponse, job: Job, recipient: number): void {
  const reply = recipient === 0 ? job.reply : job.replies?.[recipient];
  if (reply === null || reply === undefined) return problem(response, 404, "recipient-unknown");
  send(response, 200, "application/vnd.caladrius.sealed-reply+cbor", reply);
}

export function send(response: ServerResponse, status: number, type: string, body: Uint8Array): void {
  response.writeHead(status, { "content-type": type });
  response.end(body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", Buffer.from(JSON.stringify(body)));
}

async function read(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}
