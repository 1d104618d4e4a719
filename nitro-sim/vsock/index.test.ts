import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatBytes } from "@caladrius/wire";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectVsock, serveHybridVsock, type HybridVsock, type HybridVsockOptions } from "./index.ts";

let dir: string;
let path: string;
let vsock: HybridVsock | null;
let closing: (() => void)[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-vs-"));
  path = join(dir, "v");
  vsock = null;
  closing = [];
});
afterEach(async () => {
  for (const close of closing) close();
  await vsock?.close();
  await rm(dir, { recursive: true });
});

/** A peer that listens on a Unix socket. */
async function listen(name: string, accept: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    accept(socket);
  });
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const socketPath = join(dir, name);
  server.listen(socketPath);
  await once(server, "listening");
  return socketPath;
}

async function start(options: Partial<HybridVsockOptions> = {}): Promise<HybridVsock> {
  const echo = await listen("echo", (socket) => socket.pipe(socket));
  vsock = await serveHybridVsock({
    path,
    guestSocket: (port) => (port === 5000 ? echo : port === 6000 ? join(dir, "absent") : null),
    ...options,
  });
  return vsock;
}

async function drain(socket: Socket): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => socket.destroy());
  await Promise.race([once(socket, "end"), once(socket, "close")]);
  return concatBytes(...chunks);
}

/** What a host that writes these bytes gets back until the connection ends. */
async function raw(...chunks: (string | Uint8Array)[]): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  for (const chunk of chunks) socket.write(chunk);
  const received = await drain(socket);
  socket.destroy();
  return Buffer.from(received).toString("latin1");
}

describe("host to guest", () => {
  it("connects, carries bytes both ways and passes the end of each direction on its own", async () => {
    await start();
    const socket = await connectVsock(path, 5000);
    socket.write("hello ");
    expect(String(await new Promise((resolve) => socket.once("data", resolve)))).toBe("hello ");
    socket.end("and bye");
    expect(Buffer.from(await drain(socket)).toString()).toBe("and bye");
  });

  it("lets the guest end first and the host go on", async () => {
    const heard: string[] = [];
    const guest = await listen("guest", (socket) => {
      socket.end("done");
      socket.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    });
    await start({ guestSocket: () => guest });
    const socket = await connectVsock(path, 1);
    expect(Buffer.from(await drain(socket)).toString()).toBe("done");
    socket.end("still here");
    await once(socket, "close");
    await expect.poll(() => heard.join("")).toBe("still here");
  });

  it("numbers host ports and passes on what follows the line at once", async () => {
    await start();
    const socket = connect({ path, allowHalfOpen: true });
    socket.end("CONNECT 5000\nearly");
    expect(Buffer.from(await drain(socket)).toString()).toBe("OK 1073741824\nearly");
    const second = connect({ path, allowHalfOpen: true });
    second.end("CONNECT 5000\n");
    expect(Buffer.from(await drain(second)).toString()).toBe("OK 1073741825\n");
  });

  it("closes without a word where the guest does not listen or the line is wrong", async () => {
    const running = await start();
    for (const line of [
      "CONNECT 6000\n",
      "CONNECT 7\n",
      "CONNECT \n",
      "CONNECT 05000\n",
      "CONNECT 5000 \n",
      "CONNECT 5000\r\n",
      "CONNECT 4294967296\n",
      "CONNECT -1\n",
      "GET / HTTP/1.1\n",
      "\n",
    ]) {
      expect([line, await raw(line)]).toEqual([line, ""]);
    }
    expect(await raw("C".repeat(33))).toBe("");
    expect(await raw(`CONNECT ${"0".repeat(100)}5000\n`)).toBe("");
    await expect(connectVsock(path, 7)).rejects.toThrow(expect.objectContaining({ code: "vsock-refused", retryAfterMs: 1000 }));
    await expect(connectVsock(join(dir, "nobody"), 7)).rejects.toThrow(expect.objectContaining({ code: "vsock-refused" }));
    await expect.poll(() => running.connections()).toBe(0);
  });

  it("drops a host that does not say what it wants, and one that leaves before", async () => {
    const running = await start({ handshakeTimeoutMs: 40 });
    expect(await raw("CONNECT 50")).toBe("");
    const socket = connect(path);
    socket.end("CONNECT 50");
    await once(socket.resume(), "close");
    await expect.poll(() => running.connections()).toBe(0);
  });

  it("gives up on an enclave that does not answer", async () => {
    const mute = await listen("mute", () => undefined);
    await expect(connectVsock(mute, 1, { timeoutMs: 30 })).rejects.toThrow(expect.objectContaining({ code: "vsock-timeout" }));
    const chatty = await listen("chatty", (socket) => socket.write("O".repeat(100)));
    await expect(connectVsock(chatty, 1)).rejects.toThrow(expect.objectContaining({ code: "vsock-line" }));
  });

  it("takes any split of the line and the bytes after it", async () => {
    await start();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }),
        async (body, cuts) => {
          const bytes = concatBytes(Buffer.from("CONNECT 5000\n"), body);
          const socket = connect({ path, allowHalfOpen: true });
          let at = 0;
          for (const cut of cuts) {
            socket.write(bytes.subarray(at, at + cut));
            at += cut;
            if (cut === 9) await new Promise((resolve) => setImmediate(resolve));
          }
          socket.end(bytes.subarray(at));
          const received = Buffer.from(await drain(socket));
          expect(received.subarray(received.indexOf(0x0a) + 1).equals(body)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("carries 16 MiB each way whole, and buffers little while the other side does not read", async () => {
    let stalled: Socket | undefined;
    const sink = await listen("sink", (socket) => (stalled = socket.pause()));
    const echo = await listen("echo2", (socket) => socket.pipe(socket));
    await start({ guestSocket: (port) => (port === 1 ? sink : echo) });
    const body = randomBytes(16 * 1024 * 1024);
    const socket = await connectVsock(path, 2);
    socket.end(body);
    expect(
      createHash("sha256")
        .update(await drain(socket))
        .digest("hex"),
    ).toBe(createHash("sha256").update(body).digest("hex"));

    const blocked = await connectVsock(path, 1);
    blocked.write(body);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(blocked.writableLength).toBeGreaterThan(12 * 1024 * 1024); // it stays with its writer
    blocked.destroy();
    stalled?.destroy();
  });

  it("closes the other side when one breaks off", async () => {
    const guests: Socket[] = [];
    const guest = await listen("breaking", (socket) => guests.push(socket));
    const running = await start({ guestSocket: () => guest });
    const first = await connectVsock(path, 1);
    await expect.poll(() => guests.length).toBe(1);
    guests[0]!.destroy();
    first.write("more");
    await once(first.resume(), "end");
    first.destroy();
    const second = await connectVsock(path, 1);
    await expect.poll(() => guests.length).toBe(2);
    second.destroy();
    await once(guests[1]!.resume(), "end");
    guests[1]!.destroy();
    await expect.poll(() => running.connections()).toBe(0);
  });

  it("closes connections beyond its number, and takes new ones when some have gone", async () => {
    const running = await start({ maxConnections: 2 });
    const [first, second] = [await connectVsock(path, 5000), await connectVsock(path, 5000)];
    await expect(connectVsock(path, 5000)).rejects.toThrow(expect.objectContaining({ code: "vsock-refused" }));
    first.destroy();
    await expect.poll(() => running.connections()).toBe(1);
    (await connectVsock(path, 5000)).destroy();
    second.destroy();
  });
});

describe("guest to host", () => {
  it("passes a guest's connection on to <path>_<port>, and closes it where nobody listens", async () => {
    const guestPath = join(dir, "kms");
    await start({ guestPorts: [{ port: 8000, socketPath: guestPath }] });
    const lonely = connect(guestPath);
    expect(await drain(lonely)).toHaveLength(0);
    lonely.destroy();
    await listen("v_8000", (socket) => {
      socket.once("data", (chunk: Buffer) => socket.end(`host got ${chunk.toString()}`));
    });
    const guest = connect({ path: guestPath, allowHalfOpen: true });
    guest.end("a request");
    expect(Buffer.from(await drain(guest)).toString()).toBe("host got a request");
  });
});

describe("close", () => {
  it("drops connections, removes every socket, and cleans up when it cannot start", async () => {
    const guestPath = join(dir, "kms");
    const running = await start({ guestPorts: [{ port: 8000, socketPath: guestPath }] });
    const socket = await connectVsock(path, 5000);
    const ended = once(socket.resume(), "end");
    await running.close();
    await ended;
    socket.destroy();
    expect([existsSync(path), existsSync(guestPath)]).toEqual([false, false]);
    await listen("taken", () => undefined);
    await expect(
      serveHybridVsock({ path: join(dir, "taken"), guestSocket: () => null, guestPorts: [{ port: 8000, socketPath: guestPath }] }),
    ).rejects.toThrow(expect.objectContaining({ code: "socket-listen" }));
    expect(existsSync(guestPath)).toBe(false);
  });
});
