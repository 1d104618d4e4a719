import { lstat, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { ConfigurationError } from "@caladrius/wire";
import { escapeText } from "../text.ts";

/** The one place that the enclave's `kms` stream may reach. */
export interface KmsEndpoint {
  host: string;
  port: number;
}

/** Bounds of the forwarder: a part of HostLimits. */
export interface KmsForwardLimits {
  kmsConnections: number;
  kmsConnectMs: number;
  kmsIdleMs: number;
}

/** How a connection ended: whole, over the limit, nobody there, silent for too long, broken on either side, or closed by us. */
export type KmsConnectionEnd = "whole" | "refused" | "unreachable" | "idle" | "broken" | "stopped";

/** All that a forwarder knows of a connection: that it was, how it ended, and how many bytes went each way. */
export interface KmsForwardEvents {
  ended(end: KmsConnectionEnd, bytes: { toKms: number; fromKms: number }): void;
}

/** A forwarder that runs. */
export interface KmsForwarder {
  /** connections at this moment */
  readonly open: number;
  close(): Promise<void>;
}

/**
 * Listens on a Unix socket and carries bytes to exactly one endpoint and back, unread: TLS ends in the enclave. A reader
 * that is behind stops the writer on the other side; nothing is kept beyond the sockets' own buffers.
 * @throws ConfigurationError listen-failed when something else is at the path, or the socket cannot be made
 */
export async function forwardKms(
  listenPath: string,
  endpoint: KmsEndpoint,
  limits: KmsForwardLimits,
  events: KmsForwardEvents = { ended: () => {} },
): Promise<KmsForwarder> {
  const open = new Set<Carried>();
  const told = async (carried: Carried): Promise<void> => {
    const { end, ...bytes } = await carried.gone;
    open.delete(carried);
    events.ended(end, bytes);
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    if (open.size >= limits.kmsConnections) {
      near.on("error", () => {}).destroy();
      events.ended("refused", { toKms: 0, fromKms: 0 });
      return;
    }
    const carried = carry(near, endpoint, limits);
    open.add(carried);
    void told(carried);
  });
  await removeLeftover(listenPath);
  await listen(server, listenPath);
  return {
    get open(): number {
      return open.size;
    },
    close: async (): Promise<void> => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const carried of open) carried.cut("stopped");
      await Promise.all([closed, ...Array.from(open, ({ gone }) => gone)]);
    },
  };
}

/** A connection and its other half. */
interface Carried {
  cut(end: KmsConnectionEnd): void;
  /** when both sockets are gone */
  gone: Promise<{ end: KmsConnectionEnd; toKms: number; fromKms: number }>;
}

function carry(near: Socket, { host, port }: KmsEndpoint, { kmsConnectMs, kmsIdleMs }: KmsForwardLimits): Carried {
  const far = connect({ host, port, allowHalfOpen: true });
  const both = [near, far];
  let connected = false;
  let how: KmsConnectionEnd | null = null;
  const cut = (end: KmsConnectionEnd): void => {
    how ??= end;
    clearTimeout(connecting);
    for (const socket of both) socket.destroy();
  };
  const connecting = setTimeout(() => cut("unreachable"), kmsConnectMs); // looking the name up included
  far.once("connect", () => {
    connected = true;
    clearTimeout(connecting);
    for (const socket of both) socket.setTimeout(kmsIdleMs, () => cut("idle"));
    near.pipe(far).pipe(near); // a half-close on one side ends the other side's half alone
  });
  const closed = both.map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket.on("error", () => cut(connected ? "broken" : "unreachable"));
        socket.once("close", () => {
          if (!socket.readableEnded || !socket.writableFinished) cut("broken");
          resolve();
        });
      }),
  );
  const gone = Promise.all(closed).then(() => ({ end: how ?? "whole", toKms: far.bytesWritten, fromKms: far.bytesRead }));
  return { cut, gone };
}

/** Removes a socket that a host left behind when it was killed; never a file, never the socket of a host that lives. */
async function removeLeftover(path: string): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (there === null) return;
  const place = escapeText(path);
  if (!there.isSocket())
    throw new ConfigurationError("listen-failed", `${place} is there and is no socket: give --kms-listen another path`);
  if (await answers(path))
    throw new ConfigurationError("listen-failed", `another host listens on ${place}: stop it, or give --kms-listen another path`);
  await unlink(path).catch(() => {}); // if it stays, listening says why
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => resolve(true));
    probe.on("error", () => resolve(false)).on("close", () => resolve(false));
    probe.setTimeout(PROBE_MS, () => probe.destroy());
    probe.once("connect", () => probe.destroy());
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new ConfigurationError(
          "listen-failed",
          `cannot listen on ${escapeText(path)}: ${error.code ?? "error"}. Choose another --kms-listen.`,
        ),
      );
    });
    server.listen(path, resolve);
  });
}

const PROBE_MS = 1_000;
