import { connect, createServer, type Socket } from "node:net";

/** Which way bytes go. */
export type Direction = "to-enclave" | "from-enclave";

/** What a hostile carrier does with bytes: pass them on changed or as they are, hold them back (null), or cut (throw). */
export type Meddle = (direction: Direction, bytes: Uint8Array) => Uint8Array | null;

/** The same frame by frame (length and content): what to pass on in its place, or cut the connection (throw). */
export type MeddleFrames = (direction: Direction, frame: Buffer, connection: number) => readonly Uint8Array[];

/** Bytes as they came, before anybody meddled. Connections are counted from 0. */
export interface Carried {
  connection: number;
  direction: Direction;
  bytes: Buffer;
}

/** A carrier between host and enclave that keeps a copy of all it sees. */
export interface Tap {
  path: string;
  seen: Buffer[];
  carried: Carried[];
  meddle: Meddle;
  /** used on what `meddle` leaves alone; a connection that `meddle` has changed is passed on raw from then on */
  meddleFrames: MeddleFrames;
  /** ends every connection, as a carrier may at any time */
  cut(): void;
  close(): Promise<void>;
}

const PASS: MeddleFrames = (_direction, frame) => [frame];

/** Puts a carrier in front of a Unix socket. */
export async function tapSocket(target: string, path: string): Promise<Tap> {
  const open = new Set<Socket>();
  let connections = 0;
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  const tap: Tap = {
    path,
    seen: [],
    carried: [],
    meddle: (_, bytes) => bytes,
    meddleFrames: PASS,
    cut,
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
  const server = createServer((host) => {
    const enclave = connect(target);
    const connection = connections++;
    const carry = (direction: Direction, from: Socket, to: Socket): void => {
      const splitter = new FrameSplitter();
      let raw = false;
      open.add(from);
      from.on("data", (bytes: Buffer) => {
        const copy = Buffer.from(bytes);
        tap.seen.push(copy);
        tap.carried.push({ connection, direction, bytes: copy });
        try {
          const passed = tap.meddle(direction, bytes);
          if (passed !== bytes) raw = true;
          if (raw) {
            if (passed !== null) to.write(passed);
            return;
          }
          const { line, frames } = splitter.push(bytes);
          if (line !== null) to.write(line);
          for (const frame of frames) for (const out of tap.meddleFrames(direction, frame, connection)) to.write(out);
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

/** Cuts one direction of a connection into the handshake's line and frames. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #greeted = false;

  push(bytes: Uint8Array): { line: Buffer | null; frames: Buffer[] } {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    let line: Buffer | null = null;
    if (!this.#greeted) {
      const end = this.#rest.indexOf("\n");
      if (end < 0) return { line, frames: [] };
      this.#greeted = true;
      line = this.#take(end + 1);
    }
    const frames: Buffer[] = [];
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readUInt32BE(0))
      frames.push(this.#take(4 + this.#rest.readUInt32BE(0)));
    return { line, frames };
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}
