import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { buildApprovePage } from "@caladrius/pages";
import { UnreachableError } from "../exit.ts";

/** What a page is served for. */
export interface Served<T> {
  /** http://localhost:PORT */
  readonly origin: string;
  /** what the page gets as `question` */
  readonly question: object;
  /** the name under which it sends what the passkey gave */
  readonly answerName: string;
  /** takes an answer, or says in a sentence why not; the page stays open then */
  take(body: Uint8Array): Promise<{ readonly taken: T } | { readonly refused: string }>;
  /** told when the page can be opened, and where: whoever knows the address may read the question, and answer */
  ready(address: string): void;
  /** ends it without an answer */
  readonly signal?: AbortSignal;
}

/**
 * Serves the approval page on this machine alone until an answer is taken. Requests that name another host are refused, so
 * that no name made to point here can read or send anything, and so are answers of another page. Others who use this machine
 * do not know the address, which is new each time, and cannot serve the other address of localhost: both are taken, or none.
 * @throws UnreachableError when the port is in use; the signal's reason when it ends it
 */
export async function servePage<T>(served: Served<T>): Promise<T> {
  const page = await buildApprovePage();
  const { host, port } = new URL(served.origin);
  const folder = `/${randomBytes(16).toString("base64url")}/`;
  const end: { resolve: (taken: T) => void; reject: (error: unknown) => void } = { resolve: () => undefined, reject: () => undefined };
  const result = new Promise<T>((resolve, reject) => Object.assign(end, { resolve, reject }));
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, type: string, body: string): void =>
      void response.writeHead(status, { ...HEADERS, "content-type": type }).end(body);
    const { method, url, headers } = request;
    if (headers.host !== host) return answer(421, TEXT, `this page is ${served.origin}`);
    if (method === "GET" && url === folder) return answer(200, "text/html; charset=utf-8", page);
    if (method === "GET" && url === `${folder}question`) return answer(200, "application/json", JSON.stringify(served.question));
    if (method !== "POST" || url !== folder + served.answerName) return answer(404, TEXT, "there is nothing here");
    if (headers.origin !== served.origin) return answer(403, TEXT, "only the page itself may answer");
    const body = await readBody(request);
    if (body === null) return answer(413, TEXT, "the answer is too large");
    const outcome = await served.take(body);
    if ("refused" in outcome) return answer(422, TEXT, outcome.refused);
    response.once("close", () => end.resolve(outcome.taken));
    answer(200, TEXT, "taken");
  };
  const servers = LOOPBACK.map(() =>
    createServer((request, response) => {
      handle(request, response).catch((error: unknown) => {
        response.destroy();
        end.reject(error);
      });
    }),
  );
  const stop = (): void => end.reject(served.signal?.reason);
  served.signal?.addEventListener("abort", stop, { once: true });
  if (served.signal?.aborted === true) stop();
  Promise.all(servers.map((server, i) => listen(server, Number(port), LOOPBACK[i] ?? "")))
    .then(() => served.ready(served.origin + folder))
    .catch((error: NodeJS.ErrnoException) =>
      end.reject(
        error.code === "EADDRINUSE"
          ? new UnreachableError(`port ${port} is in use, and a passkey signs for ${served.origin} alone`)
          : error,
      ),
    );
  try {
    return await result;
  } finally {
    served.signal?.removeEventListener("abort", stop);
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** @throws whatever keeps it from listening, but that this machine has no such address: then nobody else has it either */
function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => (NO_ADDRESS.has(error.code ?? "") ? resolve() : reject(error)));
    server.listen(port, address, resolve);
  });
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const blocks: Buffer[] = [];
  let total = 0;
  for await (const block of request as AsyncIterable<Buffer>) {
    total += block.length;
    if (total > MAX_ANSWER_BYTES) return null;
    blocks.push(block);
  }
  return new Uint8Array(Buffer.concat(blocks));
}

/** Browsers take either for localhost: whoever had the one would be of the same origin. */
const LOOPBACK: readonly string[] = ["127.0.0.1", "::1"];
const NO_ADDRESS: ReadonlySet<string> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);
const TEXT = "text/plain; charset=utf-8";
const MAX_ANSWER_BYTES = 8192;
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;
