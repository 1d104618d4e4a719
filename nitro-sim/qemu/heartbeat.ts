import { createServer, type Socket } from "node:net";
import { closeServer, listenOn } from "../vsock/listen.ts";

/** Somebody who waits for an enclave's heartbeat. */
export interface HeartbeatListener {
  /** When the first right byte was answered. */
  beaten: Promise<void>;
  /** What came instead, as two hex digits, null while nothing did. */
  wrong(): string | null;
  close(): Promise<void>;
}

/**
 * Answers the heartbeat as the Nitro hypervisor does: init connects to vsock port 9000 of CID 3 and sends 0xB7, and needs
 * the same byte back. Any other byte is not answered. A peer that sends nothing is closed after 10 s.
 * @throws ConfigurationError socket-path, socket-listen
 */
export async function answerHeartbeat(path: string): Promise<HeartbeatListener> {
  const sockets = new Set<Socket>();
  let resolve = (): void => undefined;
  const beaten = new Promise<void>((done) => (resolve = done));
  let wrong: string | null = null;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setTimeout(SILENT_MS, () => socket.destroy());
    socket.once("data", (bytes: Buffer) => {
      const [first = 0] = bytes;
      if (first !== HEARTBEAT_BYTE) {
        wrong = first.toString(16).padStart(2, "0");
        socket.destroy();
        return;
      }
      socket.end(Uint8Array.of(HEARTBEAT_BYTE), resolve);
    });
  });
  await listenOn(server, path);
  return { beaten, wrong: () => wrong, close: () => closeServer(server, sockets) };
}

const HEARTBEAT_BYTE = 0xb7;
const SILENT_MS = 10_000;
