import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** One connection's bytes in one direction, as they travelled. */
export interface TappedStream {
  connection: number;
  direction: "request" | "answer";
  bytes: Buffer[];
}

/** A TCP relay in front of an HTTP server that keeps every byte: request lines, headers, bodies, event streams. */
export interface WireTap {
  url: string;
  streams: TappedStream[];
  close(): Promise<void>;
}

export async function tapHttp(target: string): Promise<WireTap> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const streams: TappedStream[] = [];
  let connections = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const connection = connections++;
    const carry = (direction: TappedStream["direction"], from: Socket, to: Socket): void => {
      const stream: TappedStream = { connection, direction, bytes: [] };
      streams.push(stream);
      open.add(from);
      from.on("data", (bytes: Buffer) => void (stream.bytes.push(Buffer.from(bytes)), to.write(bytes)));
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => void (open.delete(from), to.destroy()));
    };
    carry("request", near, far);
    carry("answer", far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    streams,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
