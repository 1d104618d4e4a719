import type { Server, Socket } from "node:net";
import { ConfigurationError } from "@caladrius/wire";

/** Longest path of a Unix socket: sun_path has 108 bytes with its NUL. Node says no more than EINVAL. */
const MAX_PATH_BYTES = 107;

/**
 * Listens on a Unix socket.
 *
 * @throws ConfigurationError socket-path where the path is too long, socket-listen where listening fails
 */
export async function listenOn(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new ConfigurationError("socket-path", `${path}: longer than ${MAX_PATH_BYTES} bytes`);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ConfigurationError("socket-listen", `${path}: ${error.message}`)));
    server.listen(path, resolve);
  });
}

/** Stops a server and drops its connections. */
export async function closeServer(server: Server, sockets: Iterable<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
