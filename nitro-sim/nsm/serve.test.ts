import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatBytes, decodeNsmResponse, encodeNsmRequest, type NsmResponse } from "@caladrius/wire";
import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { serveNsm, type Nsm, type NsmServer, type NsmServerOptions } from "./index.ts";

let dir: string;
let server: NsmServer | null = null;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-serve-"));
});
afterEach(async () => {
  await server?.close();
  server = null;
});
afterAll(() => rm(dir, { recursive: true }));

/** Answers with the request itself, so that order and boundaries show; like a real one it never rejects. */
const echo: Nsm = { request: (bytes) => Promise.resolve(bytes.slice()) };

async function serve(nsm: Nsm = echo, options: NsmServerOptions = {}): Promise<string> {
  const path = join(dir, String(count++));
  server = await serveNsm(nsm, path, options);
  return path;
}

function framed(...requests: Uint8Array[]): Uint8Array {
  return concatBytes(...requests.flatMap((bytes) => [Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes]));
}

function large(length: number): Uint8Array {
  return concatBytes(Buffer.from([0, length >> 16, (length >> 8) & 255, length & 255]), new Uint8Array(length));
}

/** Resolves when the socket has closed, broken or not. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.resume().on("close", () => resolve()));
}

/** Writes the chunks, ends, and returns all that came back. */
async function talk(path: string, chunks: Uint8Array[]): Promise<Uint8Array> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on("error", () => socket.destroy());
  for (const chunk of chunks) socket.write(chunk);
  socket.end();
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  await gone(socket);
  return concatBytes(...received);
}

function responses(bytes: Uint8Array): NsmResponse[] {
  const all: NsmResponse[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    all.push(decodeNsmResponse(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return all;
}

describe("the NSM socket", () => {
  it("answers requests in order, however they are split", async () => {
    const path = await serve();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), fc.array(fc.nat(60)), async (requests, cuts) => {
        const bytes = framed(...requests);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)));
        chunks.push(bytes.subarray(at));
        expect([...(await talk(path, chunks))]).toEqual([...bytes]);
      }),
      { numRuns: 60 },
    );
  });

  it("runs one command at a time on a connection", async () => {
    let running = 0;
    let most = 0;
    const slow: Nsm = {
      async request(bytes) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        return bytes;
      },
    };
    await talk(await serve(slow), [framed(...Array.from({ length: 10 }, () => new Uint8Array(3)))]);
    expect(most).toBe(1);
  });

  it("skips a request beyond 4096 bytes, answers InputTooLarge and goes on; ends at 64 KiB", async () => {
    const path = await serve();
    const random = encodeNsmRequest({ kind: "LockPCR", index: 1 });
    const echoed = await talk(path, [large(4096)]);
    expect(echoed).toHaveLength(4100);
    const skipped = await talk(path, [large(4097), large(65_536)]);
    expect(responses(skipped)).toEqual([
      { kind: "Error", error: "InputTooLarge" },
      { kind: "Error", error: "InputTooLarge" },
    ]);
    const after = await talk(path, [concatBytes(large(5000), framed(random))]);
    expect(after.subarray(-4 - random.length)).toEqual(framed(random));
    expect(await talk(path, [large(65_537)])).toHaveLength(0);
    expect(await talk(path, [Uint8Array.of(255, 255, 255, 255)])).toHaveLength(0);
  });

  it("answers nothing to a request that ends early, and is there for the next one", async () => {
    const path = await serve();
    expect(await talk(path, [Uint8Array.of(0, 0, 0, 9, 1, 2)])).toHaveLength(0);
    expect(await talk(path, [Uint8Array.of(0, 0)])).toHaveLength(0);
    expect(await talk(path, [framed(Uint8Array.of(7))])).toHaveLength(5);
  });

  it("drops a request that does not become whole in time, not a connection that rests", async () => {
    const path = await serve(echo, { requestTimeoutMs: 40 });
    const socket = connect(path);
    const closed = once(socket, "close");
    socket.write(framed(Uint8Array.of(1)));
    await once(socket, "data");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(socket.destroyed).toBe(false);
    socket.write(Uint8Array.of(0));
    await closed;
  });

  it("closes connections beyond its number, and takes new ones when some have gone", async () => {
    const path = await serve(echo, { maxConnections: 2 });
    const open = (): Socket => connect(path).on("error", () => undefined);
    const [first, second] = [open(), open()];
    for (const socket of [first, second]) {
      socket.write(framed(Uint8Array.of(1)));
      await once(socket, "data");
    }
    const third = open();
    await gone(third);
    first.destroy();
    await expect.poll(() => talk(path, [framed(Uint8Array.of(5))]), { timeout: 20_000 }).toHaveLength(5);
    second.destroy();
  });

  it("stops reading from a peer that does not read", async () => {
    let answered = 0;
    const lavish: Nsm = { request: () => Promise.resolve(new Uint8Array(12_288).fill(++answered & 255)) };
    const path = await serve(lavish);
    const socket = connect(path).on("error", () => undefined);
    for (let i = 0; i < 2000; i++) socket.write(framed(Uint8Array.of(1)));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(answered).toBeLessThan(200);
    socket.destroy();
  });

  it("removes its socket, drops its connections and names what cannot be listened on", async () => {
    const path = await serve();
    await expect(serveNsm(echo, path)).rejects.toThrow(expect.objectContaining({ code: "socket-listen" }));
    await expect(serveNsm(echo, `/tmp/${"x".repeat(110)}`)).rejects.toThrow(expect.objectContaining({ code: "socket-path" }));
    const socket = connect(path);
    await once(socket, "connect");
    const closed = gone(socket);
    await server?.close();
    await closed;
    expect(existsSync(path)).toBe(false);
    server = null;
  });
});
