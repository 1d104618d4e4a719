import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFrames, encodeHello, FrameDecoder, MAX_MESSAGE_BYTES, MESSAGE, type Message } from "@caladrius/wire";
import { afterEach, describe, expect, it } from "vitest";
import { serveHost, type Respond } from "./serve.ts";

let server: Server;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

describe("what a host can make the enclave hold", () => {
  it("is bounded over all connections, and given back when they end", async () => {
    const path = await serve(async () => ({ body: new Uint8Array(1) }));
    const half = (id: number): Uint8Array => firstFrame({ kind: MESSAGE.job, id, body: new Uint8Array(MAX_MESSAGE_BYTES) });
    const connections = await Promise.all(Array.from({ length: 8 }, () => greet(path)));
    for (const { socket } of connections) socket.write(Buffer.concat([half(1), half(2)]));
    await until(() => connections.filter(({ socket }) => socket.destroyed).length === 7);

    for (const { socket } of connections) socket.destroy();
    const again = await greet(path);
    again.socket.write(Buffer.concat([half(1), half(2), ...encodeFrames({ kind: MESSAGE.attest, id: 9, body: new Uint8Array(1) })]));
    await until(() => again.messages.some(({ id }) => id === 9));
  });

  it("includes messages whose answers nobody takes", async () => {
    const path = await serve(async () => ({ body: new Uint8Array(8 * 1024 * 1024) }));
    const connections = await Promise.all(Array.from({ length: 4 }, () => greet(path)));
    for (const { socket } of connections) {
      socket.pause();
      for (const frame of encodeFrames({ kind: MESSAGE.job, id: 1, body: new Uint8Array(MAX_MESSAGE_BYTES) })) socket.write(frame);
    }
    await until(() => connections.some(({ socket }) => socket.destroyed));
    for (const { socket } of connections) socket.resume();
    await until(() => connections.filter(({ messages }) => messages.length > 1).length === 3);
  });
});

describe("a message whose answer takes long", () => {
  it("is not waited for by those behind it, and its answer leaves whole when it comes", async () => {
    const release: ((body: Uint8Array) => void)[] = [];
    const slow: Respond = ({ kind }) =>
      kind === MESSAGE.fleetServe
        ? new Promise((resolve) => release.push((body) => resolve({ body })))
        : Promise.resolve({ body: new Uint8Array(8 * 1024 * 1024) });
    const path = await serve(slow, ({ kind }) => kind === MESSAGE.fleetServe);
    const { socket, messages } = await greet(path);
    const ask = (kind: number, id: number): Uint8Array => Buffer.concat([...encodeFrames({ kind, id, body: Uint8Array.of(1) })]);
    socket.write(Buffer.concat([ask(MESSAGE.fleetServe, 5), ask(MESSAGE.attest, 6), ask(MESSAGE.fleetServe, 7), ask(MESSAGE.attest, 8)]));
    await until(() => messages.some(({ id }) => id === 8));
    expect(messages.slice(1).map(({ id }) => id)).toEqual([6, 8]);
    for (const go of release) go(new Uint8Array(300_000));
    await until(() => messages.length === 5);
    expect(messages.slice(3).map(({ id, body }) => [id, body.length])).toEqual([
      [5, 300_000],
      [7, 300_000],
    ]);
  });

  it("counts as held until it is answered, also when its connection has ended", async () => {
    const release: (() => void)[] = [];
    const path = await serve(
      () => new Promise((resolve) => release.push(() => resolve({ body: new Uint8Array(1) }))),
      () => true,
    );
    const frames = (): Uint8Array =>
      Buffer.concat([...encodeFrames({ kind: MESSAGE.job, id: 1, body: new Uint8Array(MAX_MESSAGE_BYTES) })]);
    for (let i = 1; i <= 3; i++) {
      const { socket } = await greet(path);
      socket.write(frames());
      await until(() => release.length === i);
      socket.destroy();
    }
    const refused = connect(path);
    sockets.push(refused);
    refused.on("error", () => refused.destroy()).resume();
    refused.write(frames());
    await until(() => refused.destroyed);
    for (const go of release) go();
    const { socket, messages } = await greet(path);
    socket.write(frames());
    await until(() => release.length === 4);
    release[3]?.();
    await until(() => messages.length === 2);
  });

  it("ends its connection when what answers it fails", async () => {
    const path = await serve(
      () => Promise.reject(new Error("must not happen")),
      () => true,
    );
    const { socket } = await greet(path);
    socket.write(Buffer.concat([...encodeFrames({ kind: MESSAGE.attest, id: 1, body: Uint8Array.of(1) })]));
    await until(() => socket.destroyed);
  });
});

async function serve(respond: Respond, aside?: (message: Message) => boolean): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), "serve-")), "s");
  server = await serveHost(path, respond, aside);
  return path;
}

/** A connection after its hello, with what has been answered on it. */
async function greet(path: string): Promise<{ socket: Socket; messages: Message[] }> {
  const socket = connect(path);
  sockets.push(socket);
  const messages: Message[] = [];
  const decoder = new FrameDecoder();
  socket.on("data", (bytes) => messages.push(...decoder.push(bytes)));
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.destroy());
  const body = encodeHello({ version: 1, maxMessageBytes: MAX_MESSAGE_BYTES });
  socket.write(Buffer.concat([...encodeFrames({ kind: MESSAGE.hello, id: randomBytes(1)[0] ?? 0, body })]));
  await until(() => messages.length > 0);
  return { socket, messages };
}

function firstFrame(message: Message): Uint8Array {
  const { value } = encodeFrames(message).next();
  return value ?? new Uint8Array();
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 5000, interval: 5 }).toBe(true);
}
