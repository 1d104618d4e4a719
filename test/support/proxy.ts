import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer on its way to a client. */
export interface Answer {
  status: number;
  type: string;
  body: Buffer;
}

/** A request on its way to a host: `route` has job ids replaced by `:id`. */
export interface Asked {
  route: string;
  id: string | null;
  /** how often this route was asked before */
  before: number;
}

/** Someone between client and host who reads and changes what they say to each other. */
export interface HostileProxy {
  url: string;
  /** where requests go; a host that restarts may come back elsewhere */
  target: string;
  /** routes asked for, in order */
  asked: string[];
  /** bodies of POST /v1/jobs as the client sent them */
  posted: Buffer[];
  /** changes a sealed job on its way */
  request: (sealed: Buffer) => Uint8Array;
  /** changes or replaces an answer. Event streams are not given out unless `events` says so: then states are asked for. */
  answer: (asked: Asked, answer: Answer) => Answer | Promise<Answer>;
  events: boolean;
  /** honest again, with nothing remembered */
  reset(): void;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<HostileProxy> {
  const server = createServer((request, response) => {
    relay(proxy, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: HostileProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    asked: [],
    posted: [],
    request: (sealed) => sealed,
    answer: (_asked, answer) => answer,
    events: true,
    reset() {
      proxy.asked.length = 0;
      proxy.posted.length = 0;
      proxy.request = (sealed) => sealed;
      proxy.answer = (_asked, answer) => answer;
      proxy.events = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return proxy;
}

async function relay(proxy: HostileProxy, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? "/", "http://host");
  const id = /^\/v1\/jobs\/([0-9a-f]{32})/.exec(pathname)?.[1] ?? null;
  const route = `${request.method} ${id === null ? pathname : pathname.replace(id, ":id")}`;
  const before = proxy.asked.filter((one) => one === route).length;
  proxy.asked.push(route);
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  let body = Buffer.concat(parts);
  if (route === "POST /v1/jobs") {
    proxy.posted.push(body);
    body = Buffer.from(proxy.request(body));
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const headers = new Headers({ accept: request.headers.accept ?? "*/*" });
  if (request.headers["content-type"] !== undefined) headers.set("content-type", request.headers["content-type"]);
  if (pathname === "/v1/events" && !proxy.events) {
    response.writeHead(503).end();
    return;
  }
  const init = {
    method: request.method ?? "GET",
    headers,
    signal: gone.signal,
    ...(body.length > 0 ? { body: Uint8Array.from(body) } : {}),
  };
  const from = await fetch(`${proxy.target}${pathname}${search}`, init);
  const type = from.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) {
    response.writeHead(from.status, { "content-type": type });
    for await (const part of from.body ?? []) response.write(part);
    response.end();
    return;
  }
  const answer = await proxy.answer({ route, id, before }, { status: from.status, type, body: Buffer.from(await from.arrayBuffer()) });
  response.writeHead(answer.status, { "content-type": answer.type, "content-length": answer.body.length }).end(answer.body);
}
