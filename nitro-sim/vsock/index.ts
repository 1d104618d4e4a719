import { connect, createServer, type Server, type Socket } from "node:net";
import { DependencyError } from "@caladrius/wire";
import { readLine } from "./line.ts";
import { closeServer, listenOn } from "./listen.ts";
import { relay } from "./relay.ts";

/** How the two sides of a simulated vsock meet. */
export interface HybridVsockOptions {
  /** The Unix socket that stands for the enclave's CID, where the host connects. */
  path: string;
  /** The Unix socket on which the guest listens for a port, or null where it does not. */
  guestSocket: (port: number) => string | null;
  /** For each port that the guest connects to: the Unix socket it uses. The host listens on `${path}_<port>`. */
  guestPorts?: readonly { port: number; socketPath: string }[];
  /** Both directions together; further connections are closed at once. Default 256. */
  maxConnections?: number;
  /** Time for "CONNECT <port>\n". Default 10000. */
  handshakeTimeoutMs?: number;
}

/** A running hybrid vsock. */
export interface HybridVsock {
  /** Connections that are open now, in both directions. */
  connections(): number;
  /** Stops listening, drops the connections and removes the sockets. */
  close(): Promise<void>;
}

/**
 * Serves vsock over Unix sockets as Firecracker and vhost-device-vsock do. Host to guest: the host connects to `path`,
 * writes "CONNECT <port>\n", and after "OK <host port>\n" bytes pass both ways; where the guest does not listen the
 * connection is closed without a word. Guest to host: a connection of the guest is passed on to `${path}_<port>`, and
 * closed where nobody listens there. Half-closing works in both directions.
 *
 * @throws ConfigurationError socket-path, socket-listen
 */
export async function serveHybridVsock(options: HybridVsockOptions): Promise<HybridVsock> {
  const { path, guestSocket, guestPorts = [], maxConnections = 256, handshakeTimeoutMs = 10_000 } = options;
  const open = new Set<Socket>();
  const all = new Set<Socket>();
  const servers: Server[] = [];
  const keep = (socket: Socket): void => {
    all.add(socket);
    socket.on("close", () => all.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const serve = async (listenPath: string, accept: (socket: Socket) => Promise<void>): Promise<void> => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      keep(socket);
      if (open.size >= maxConnections) return void socket.destroy();
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      accept(socket).catch(() => socket.destroy());
    });
    await listenOn(server, listenPath);
    servers.push(server);
  };
  const close = async (): Promise<void> => {
    for (const server of servers) await closeServer(server, all);
  };

  let hostPort = FIRST_HOST_PORT;
  const acceptHost = async (host: Socket): Promise<void> => {
    const port = parsePort(CONNECT_LINE, await readLine(host, MAX_LINE, handshakeTimeoutMs));
    const target = port === null ? null : guestSocket(port);
    const guest = target === null ? null : await tryConnect(target, keep);
    if (guest === null || host.destroyed) {
      guest?.destroy();
      host.destroy();
      return;
    }
    host.write(`OK ${hostPort++}\n`);
    relay(host, guest);
  };
  const acceptGuest = async (guest: Socket, port: number): Promise<void> => {
    const host = await tryConnect(`${path}_${port}`, keep);
    if (host === null || guest.destroyed) {
      host?.destroy();
      guest.destroy();
      return;
    }
    relay(guest, host);
  };

  try {
    for (const { port, socketPath } of guestPorts) await serve(socketPath, (guest) => acceptGuest(guest, port));
    await serve(path, acceptHost); // last: where it exists everything is ready
  } catch (error) {
    await close();
    throw error;
  }
  return { connections: () => open.size, close };
}

/**
 * Connects from the host to a port of the guest; the socket is half-open (`end()` ends one direction).
 *
 * @throws DependencyError vsock-refused where no guest listens, LimitError vsock-timeout, vsock-line
 */
export async function connectVsock(path: string, port: number, options: { timeoutMs?: number } = {}): Promise<Socket> {
  const socket = await tryConnect(path, (one) => one.on("error", () => one.destroy()));
  if (socket === null) throw new DependencyError("vsock-refused", `${path}: nobody listens`, 1000);
  try {
    socket.write(`CONNECT ${port}\n`);
    const line = await readLine(socket, MAX_LINE, options.timeoutMs ?? 10_000);
    if (parsePort(OK_LINE, line) === null) throw new DependencyError("vsock-refused", `${path}: port ${port} refused`, 1000);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function tryConnect(path: string, keep: (socket: Socket) => void): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    keep(socket);
    socket.once("connect", () => resolve(socket));
    socket.once("close", () => resolve(null)); // without effect once connected
  });
}

function parsePort(pattern: RegExp, line: string | null): number | null {
  const text = line === null ? undefined : pattern.exec(line)?.[1];
  const port = Number(text);
  return text === undefined || port > 0xffff_ffff ? null : port;
}

const CONNECT_LINE = /^CONNECT (0|[1-9][0-9]{0,9})$/;
const OK_LINE = /^OK (0|[1-9][0-9]{0,9})$/;
/** "CONNECT 4294967295" has 18 bytes. */
const MAX_LINE = 32;
/** Where Firecracker's own numbering starts. */
const FIRST_HOST_PORT = 0x4000_0000;
