import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buildApprovePage } from "@caladrius/pages";
import { UnreachableError } from "../exit.ts";

/** What a page is served for. */
export interface Served<T> {
  /** http://localhost:PORT */
  readonly origin: string;
  /** what the page gets as /question */
  readonly question: object;
  /** where it sends what the passkey gave */
  readonly answerPath: string;
  /** takes an answer, or says in a sentence why not; the page stays open then */
  take(body: Uint8Array): Promise<{ readonly taken: T } | { readonly refused: string }>;
  /** told when the page can be opened */
  ready(): void;
  /** ends it without an answer */
  readonly signal?: AbortSignal;
}

/**
 * Serves the approval page on this machine alone until an answer is taken. Requests that name another host are refused, so
 * that no name made to point here can read or send anything, and so are answers of another page.
 * @throws UnreachableError when the port is in use; the signal's reason when it ends it
 */
export async function servePage<T>(served: Served<T>): Promise<T> {
  const page = await buildApprovePage();
  const { host, port } = new URL(served.origin);
  const end: { resolve: (taken: T) => void; reject: (error: unknown) => void } = { resolve: () => undefined, reject: () => undefined };
  const result = new Promise<T>((resolve, reject) => Object.assign(end, { resolve, reject }));
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, type: string, body: string): void =>
      void response.writeHead(status, { ...HEADERS, "content-type": type }).end(body);
    const { method, url, headers } = request;
    if (headers.host !== host) return answer(421, TEXT, `this page is ${served.origin}`);
    if (method === "GET" && url === "/") return answer(200, "text/html; charset=utf-8", page);
    if (method === "GET" && url === "/question") return answer(200, "application/json", JSON.stringify(served.question));
    if (method !== "POST" || url !== served.answerPath) return answer(404, TEXT, "there is nothing here");
    if (headers.origin !== served.origin) return answer(403, TEXT, "only the page itself may answer");
    const body = await readBody(request);
    if (body === null) return answer(413, TEXT, "the answer is too large");
    const outcome = await served.take(body);
    if ("refused" in outcome) return answer(422, TEXT, outcome.refused);
    response.once("close", () => end.resolve(outcome.taken));
    answer(200, TEXT, "taken");
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy();
      end.reject(error);
    });
  });
  server.once("error", (error: NodeJS.ErrnoException) =>
    end.reject(
      error.code === "EADDRINUSE" ? new UnreachableError(`port ${port} is in use, and a passkey signs for ${served.origin} alone`) : error,
    ),
  );
  const stop = (): void => end.reject(served.signal?.reason);
  served.signal?.addEventListener("abort", stop, { once: true });
  if (served.signal?.aborted === true) stop();
  server.listen(Number(port), "127.0.0.1", () => served.ready());
  try {
    return await result;
  } finally {
    served.signal?.removeEventListener("abort", stop);
    server.close();
    server.closeAllConnections();
  }
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
