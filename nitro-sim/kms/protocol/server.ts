import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { ConfigurationError } from "@caladrius/wire";
import type { ServerIdentity } from "../tls/authority.ts";
import type { Json } from "./json.ts";
import { errorResponse, type KmsResponse } from "./response.ts";
import type { KmsService } from "./service.ts";

/** One call as an `Intercept` sees it. */
export interface InterceptedCall {
  /** such as Decrypt; "" where the request named none */
  readonly operation: string;
  /** null where the request was refused before it was known who sent it */
  readonly callerArn: string | null;
  /** the request's members */
  readonly request: { readonly [name: string]: Json };
}

/**
 * For tests of clients, and of the simulator alone: sees every answer before it leaves and may give another, wait (a promise
 * that resolves later), or cut the connection ("drop"). What the call did and what the audit log says stays as it is.
 */
export type Intercept = (call: InterceptedCall, response: KmsResponse) => KmsResponse | "drop" | Promise<KmsResponse | "drop">;

export interface Listening {
  readonly port: number;
  /** Takes no new requests, answers those at work, then ends. */
  close(): Promise<void>;
}

/** Serves HTTPS. Slow and long requests are cut off, see the constants. @throws ConfigurationError kms-listen */
export async function listen(
  service: KmsService,
  identity: ServerIdentity,
  options: { readonly listen: string; readonly port: number; readonly nowMs: () => number; readonly intercept: Intercept | null },
): Promise<Listening> {
  const server = createServer(
    {
      key: identity.keyPem,
      cert: identity.certificatePem,
      minVersion: "TLSv1.2",
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 500,
      keepAliveTimeout: IDLE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => {
      answer(service, options, request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(options.port, options.listen);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "error";
    throw new ConfigurationError("kms-listen", `cannot listen on ${options.listen} port ${options.port}: ${code}. Choose another port.`);
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), REQUEST_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

async function answer(
  service: KmsService,
  { nowMs, intercept }: { readonly nowMs: () => number; readonly intercept: Intercept | null },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (body === null) {
    const refusal = errorResponse("RequestEntityTooLargeException", `more than ${MAX_BODY_BYTES} bytes`, { nowMs: nowMs() });
    response.once("finish", () => request.destroy());
    send(response, { ...refusal, headers: { ...refusal.headers, Connection: "close" } });
    return;
  }
  const served = await service.serve({
    method: request.method ?? "",
    path: request.url ?? "",
    rawHeaders: request.rawHeaders,
    body,
    sourceIp: (request.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
  });
  const call = { operation: served.operation, callerArn: served.callerArn, request: served.members };
  const final = intercept === null ? served.response : await intercept(call, served.response);
  if (final === "drop") request.socket.destroy();
  else send(response, final);
}

/** The body, null when it is too long. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: KmsResponse): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) }).end(body);
}

/** An attestation document may have 262144 bytes, in base64 a third more; a policy 131072 characters. */
const MAX_BODY_BYTES: number = 512 * 1024;
const MAX_HEADER_BYTES: number = 16 * 1024;
const MAX_CONNECTIONS = 256;
const HANDSHAKE_MS = 5_000;
const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
const IDLE_MS = 30_000;
