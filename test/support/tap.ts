import { connect, createServer, type Socket } from "node:net";

/** Which way bytes go. */
export type Direction = "to-enclave" | "from-enclave";

/** What a hostile carrier does with bytes: pass them on changed or as they are, hold them back (null), or cut (throw). */
export type Meddle = (direction: Direction, bytes: Uint8Array) => Uint8Array | null;

/** A carrier between host and enclave that keeps a copy of all it sees. */
export interface Tap {
  path: string;
  seen: Buffer[];
  meddle: Meddle;
  close(): Promise<void>;
}

/** Puts a carrier in front of a Unix socket. */
export async function tapSocket(target: string, path: string): Promise<Tap> {
  const open = new Set<Socket>();
  const tap: Tap = {
    path,
    seen: [],
    meddle: (_, bytes) => bytes,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
  const server = createServer((host) => {
    const enclave = connect(target);
    const carry = (direction: Direction, from: Socket, to: Socket): void => {
      open.add(from);
      from.on("data", (bytes: Buffer) => {
        tap.seen.push(Buffer.from(bytes));
        try {
          const passed = tap.meddle(direction, bytes);
          if (passed !== null) to.write(passed);
        } catch {
          from.destroy();
          to.destroy();
        }
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    };
    carry("to-enclave", host, enclave);
    carry("from-enclave", enclave, host);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return tap;
}
