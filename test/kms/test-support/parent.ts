import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export type Direction = "to-kms" | "to-enclave";

/** The parent's end of the enclave's `kms` socket: carries what it is told to, and keeps a copy of every byte. */
export interface Parent {
  path: string;
  /** a port on loopback, or what takes the connection itself */
  target: number | ((socket: Socket) => void);
  /** what leaves instead of the bytes that came */
  meddle: (direction: Direction, bytes: Buffer, connection: number) => readonly Uint8Array[];
  /** by connection, from the first on */
  seen: Record<Direction, Buffer>[];
  /** cuts what is open */
  cut(): void;
  close(): Promise<void>;
}

export const honestly: Parent["meddle"] = (_direction, bytes) => [bytes];

/** Listens on a Unix socket. */
export async function startParent(path: string, target: Parent["target"]): Promise<Parent> {
  const open = new Set<Socket>();
  const parent: Omit<Parent, "cut" | "close"> = { path, target, meddle: honestly, seen: [] };
  const hold = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => socket.destroy()).once("close", () => open.delete(socket));
  };
  const server = createServer((near) => {
    hold(near);
    if (typeof parent.target === "function") return parent.target(near);
    const connection = parent.seen.push({ "to-kms": Buffer.alloc(0), "to-enclave": Buffer.alloc(0) }) - 1;
    const far = connect(parent.target, "127.0.0.1");
    hold(far);
    const pipe = (from: Socket, to: Socket, direction: Direction): void => {
      from.on("data", (bytes: Buffer) => {
        const seen = parent.seen[connection];
        if (seen !== undefined && seen[direction].length < MAX_KEPT) seen[direction] = Buffer.concat([seen[direction], bytes]);
        for (const part of parent.meddle(direction, bytes, connection)) {
          if (to.write(part)) continue;
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
      from.once("close", () => to.destroy());
    };
    pipe(near, far, "to-kms");
    pipe(far, near, "to-enclave");
    return undefined;
  });
  server.listen(path);
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return Object.assign(parent, {
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

const MAX_KEPT = 4 * 1024 * 1024;
