import { existsSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { ConfigurationError } from "@caladrius/wire";
import { escapeText } from "../text.ts";

/** The one place that the enclave's `kms` stream may reach. */
export interface KmsEndpoint {
  host: string;
  port: number;
}

/** Bounds of the forwarder; defaults in KMS_FORWARD_LIMITS. */
export interface KmsForwardLimits {
  connections: number;
  connectMs: number;
  idleMs: number;
}

/** An enclave holds a connection or two; KMS closes idle ones itself after some minutes. */
export const KMS_FORWARD_LIMITS: Readonly<KmsForwardLimits> = Object.freeze({ connections: 32, connectMs: 5_000, idleMs: 120_000 });

/**
 * Listens on a Unix socket and carries bytes to exactly one endpoint and back, unread: TLS ends in the enclave.
 * @throws ConfigurationError configuration-bytes when the socket cannot be made
 */
export async function forwardKms(
  listenPath: string,
  endpoint: KmsEndpoint,
  limits: KmsForwardLimits = KMS_FORWARD_LIMITS,
): Promise<{ close(): Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    if (open.size >= 2 * limits.connections) return void near.destroy();
    const far = connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true });
    const both = [near, far];
    const end = (): void => {
      for (const socket of both) socket.destroy();
    };
    far.setTimeout(limits.connectMs, end);
    far.once("connect", () => {
      for (const socket of both) socket.setTimeout(limits.idleMs, end);
      near.pipe(far).pipe(near); // a half-close on one side ends the other side's half alone
    });
    for (const socket of both) {
      open.add(socket);
      socket.on("error", end);
      socket.on("close", (hadError) => {
        open.delete(socket);
        if (hadError) end();
      });
    }
  });
  if (existsSync(listenPath)) await unlink(listenPath); // a socket left by a host that was killed
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const detail = `cannot listen on ${escapeText(listenPath)}: ${error.code ?? "error"}`;
      reject(new ConfigurationError("configuration-bytes", detail));
    });
    server.listen(listenPath, resolve);
  });
  return {
    close: async (): Promise<void> => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
