import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { concatBytes, encodeNsmResponse, NSM_MAX_REQUEST } from "@caladrius/wire";
import { closeServer, listenOn } from "../vsock/listen.ts";
import type { Nsm } from "./index.ts";

/** Limits of the socket, each with a default. */
export interface NsmServerOptions {
  /** Connections at a time; further ones are closed at once. Default 8. */
  maxConnections?: number;
  /** A request that has begun must be whole within this time. Default 120000, the driver's time-out. */
  requestTimeoutMs?: number;
}

/** A listening NSM socket. */
export interface NsmServer {
  /** Stops listening, drops the connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves an NSM on a Unix socket, as the relay in front of /dev/nsm does: u32 big-endian length and a request, then u32
 * length and its response, again and again. A request beyond 4096 bytes is skipped and answered InputTooLarge (the driver
 * says EMSGSIZE); one beyond 64 KiB ends the connection. A peer that does not read its answers is not read from either.
 *
 * @throws ConfigurationError socket-path, socket-listen
 */
export async function serveNsm(nsm: Nsm, socketPath: string, options: NsmServerOptions = {}): Promise<NsmServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    if (sockets.size >= (options.maxConnections ?? 8)) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A connection that breaks is the peer's matter: there is nobody to tell.
    answerRequests(nsm, socket, options.requestTimeoutMs ?? 120_000).catch(() => socket.destroy());
  });
  await listenOn(server, socketPath);
  return { close: () => closeServer(server, sockets) };
}

async function answerRequests(nsm: Nsm, socket: Socket, requestTimeoutMs: number): Promise<void> {
  let buffered: Uint8Array = new Uint8Array(0);
  let skip = 0;
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      buffered = concatBytes(buffered, chunk);
      for (;;) {
        const skipped = Math.min(skip, buffered.length);
        skip -= skipped;
        buffered = buffered.subarray(skipped);
        if (skip > 0 || buffered.length < 4) break;
        const length = new DataView(buffered.buffer, buffered.byteOffset).getUint32(0);
        if (length > MAX_SKIPPED) return void socket.destroy();
        if (length > NSM_MAX_REQUEST) {
          skip = 4 + length;
          await send(socket, TOO_LARGE);
          continue;
        }
        if (buffered.length < 4 + length) break;
        const request = buffered.subarray(4, 4 + length);
        buffered = buffered.subarray(4 + length);
        await send(socket, await nsm.request(request));
      }
      clearTimeout(timer);
      timer = skip > 0 || buffered.length > 0 ? setTimeout(() => socket.destroy(), requestTimeoutMs) : undefined;
    }
    socket.end();
  } finally {
    clearTimeout(timer);
  }
}

async function send(socket: Socket, response: Uint8Array): Promise<void> {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, response.length);
  if (socket.write(concatBytes(head, response))) return;
  const closed = new AbortController();
  const onClose = (): void => closed.abort();
  socket.once("close", onClose);
  try {
    await once(socket, "drain", { signal: closed.signal });
  } finally {
    socket.off("close", onClose);
  }
}

const MAX_SKIPPED = 65_536;
const TOO_LARGE = encodeNsmResponse({ kind: "Error", error: "InputTooLarge" });
