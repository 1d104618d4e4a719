import type { Socket } from "node:net";
import { LimitError } from "@caladrius/wire";

/**
 * Reads one line of ASCII from a socket that nobody reads yet, and leaves what follows it in the socket.
 *
 * @returns the line without its line feed, or null where the socket ended first
 * @throws LimitError vsock-line beyond `maxBytes`, vsock-timeout beyond `timeoutMs`
 */
export function readLine(socket: Socket, maxBytes: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let line = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.off("readable", onReadable);
      socket.off("end", onEnd);
      socket.off("close", onEnd);
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new LimitError("vsock-timeout", `no line within ${timeoutMs} ms`))), timeoutMs);
    const onEnd = (): void => finish(() => resolve(null));
    const onReadable = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        const end = chunk.indexOf(0x0a);
        line = Buffer.concat([line, end < 0 ? chunk : chunk.subarray(0, end)]);
        if (line.length > maxBytes)
          return finish(() => reject(new LimitError("vsock-line", `more than ${maxBytes} bytes without a line feed`)));
        if (end < 0) continue;
        const rest = chunk.subarray(end + 1);
        if (rest.length > 0) socket.unshift(rest);
        return finish(() => resolve(line.toString("latin1")));
      }
    };
    socket.on("readable", onReadable);
    socket.on("end", onEnd);
    socket.on("close", onEnd);
  });
}
