import type { Socket } from "node:net";

/**
 * Joins two half-open sockets until both directions have ended. The end of one direction is passed on while the other
 * one goes on; a socket that breaks takes the other with it; neither side is read faster than the other one writes.
 * A Unix socket knows no reset: its peer sees an end, and EPIPE when it writes.
 */
export function relay(a: Socket, b: Socket): void {
  forward(a, b);
  forward(b, a);
}

function forward(from: Socket, to: Socket): void {
  from.pipe(to); // ends `to` when `from` has ended
  from.on("error", () => from.destroy());
  from.on("close", () => {
    if (!from.readableEnded || !from.writableFinished) to.destroy();
  });
}
