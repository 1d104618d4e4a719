import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../test-support/harness.ts";
import { forwardKms, type KmsConnectionEnd, type KmsForwarder, type KmsForwardLimits } from "./forward.ts";

const LIMITS: KmsForwardLimits = { kmsConnections: 4, kmsConnectMs: 1000, kmsIdleMs: 5000 };

describe("the KMS forwarder", () => {
  let dir: string;
  let path: string;
  let far: Server;
  let onFar: (socket: Socket) => void;
  let forwarder: KmsForwarder | null;
  const met: Socket[] = [];
  const ends: { end: KmsConnectionEnd; toKms: number; fromKms: number }[] = [];
  const endpoint = (): { host: string; port: number } => ({ host: "127.0.0.1", port: (far.address() as AddressInfo).port });
  const start = async (limits: Partial<KmsForwardLimits> = {}): Promise<KmsForwarder> => {
    forwarder = await forwardKms(path, endpoint(), { ...LIMITS, ...limits }, { ended: (end, bytes) => void ends.push({ end, ...bytes }) });
    return forwarder;
  };
  /** An enclave's side that reads on and hangs up when the other side does. */
  const dial = (): Socket =>
    connect(path)
      .on("error", () => {})
      .resume();
  /** Resolves when a socket has closed; how is not asked. */
  const gone = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once("close", () => resolve()));

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "caladrius-kms-"));
    path = join(dir, "kms");
    ends.length = 0;
    forwarder = null;
    onFar = (socket): void => {
      socket.on("data", (bytes: Buffer) => socket.write(Uint8Array.from(bytes).toReversed())).on("end", () => socket.end("bye"));
    };
    far = createServer({ allowHalfOpen: true }, (socket) => {
      met.push(socket);
      socket.on("error", () => {});
      onFar(socket);
    });
    await once(far.listen(0, "127.0.0.1"), "listening");
  });
  afterEach(async () => {
    await forwarder?.close();
    for (const socket of met.splice(0)) socket.destroy();
    far.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("carries bytes both ways, half-closes too, counts them, and takes the place of a socket left behind", async () => {
    await (await start()).close();
    await start();
    const near = connect({ path, allowHalfOpen: true });
    near.end("abc");
    let text = "";
    for await (const bytes of near) text += String(bytes);
    expect(text).toBe("cbabye");
    await until(() => ends.length === 1);
    expect(ends).toEqual([{ end: "whole", toKms: 3, fromKms: 6 }]);
  });

  it("keeps answering after the far side has half-closed", async () => {
    onFar = (socket): void => {
      socket.end("hello");
      socket.resume();
    };
    await start();
    const near = connect({ path, allowHalfOpen: true }).resume();
    await once(near, "end");
    near.end("x".repeat(1000));
    await until(() => ends.length === 1);
    expect(ends).toEqual([{ end: "whole", toKms: 1000, fromKms: 5 }]);
  });

  it("bounds connections, and counts those that it carries, not their sockets", async () => {
    const running = await start({ kmsConnections: 3 });
    const held = [dial(), dial(), dial()];
    for (const socket of held) {
      socket.write("x");
      await once(socket, "data");
    }
    expect(running.open).toBe(3);
    const flood = Array.from({ length: 50 }, dial);
    await Promise.all(flood.map((socket) => gone(socket)));
    expect(ends).toHaveLength(50);
    expect(ends.every(({ end }) => end === "refused")).toBe(true);
    expect(met).toHaveLength(3); // KMS saw nothing of the flood
    held[0]?.destroy();
    await until(() => running.open === 2);
    const next = dial();
    next.write("ab");
    expect(String((await once(next, "data"))[0])).toBe("ba");
  });

  it("ends what is silent, on either side, and half-closed or not", async () => {
    onFar = (socket): void => void socket.pause();
    await start({ kmsIdleMs: 100 });
    const [open, halfClosed] = [dial(), dial()];
    open.write("x");
    halfClosed.end("x");
    await Promise.all([gone(open), gone(halfClosed)]);
    await until(() => ends.length === 2);
    expect(ends.map(({ end }) => end)).toEqual(["idle", "idle"]);
  });

  it("does not hold what a slow reader leaves: the writer stops", async () => {
    onFar = (socket): void => void socket.pause();
    await start({ kmsIdleMs: 400 });
    const near = dial();
    const before = process.memoryUsage().arrayBuffers;
    const block = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 64; i++) near.write(block);
    await until(() => met.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    // what the forwarder has taken is what the kernel's buffers hold, and a few chunks
    expect(near.bytesWritten - near.writableLength).toBeLessThan(16 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    await gone(near);
    await until(() => ends.length === 1);
    expect(ends[0]?.end).toBe("idle");
  });

  it("hangs up on both when either side breaks", async () => {
    await start();
    const first = dial();
    first.write("x");
    await once(first, "data");
    met[0]?.resetAndDestroy();
    await gone(first);
    onFar = (socket): void => {
      const more = setInterval(() => socket.write("more"), 5);
      socket.once("close", () => clearInterval(more));
    };
    const second = dial();
    await once(second, "data");
    second.destroy();
    await until(() => ends.length === 2);
    expect(ends.map(({ end }) => end)).toEqual(["broken", "broken"]);
    await until(() => met[1]?.destroyed === true);
  });

  it("hangs up when the endpoint is not there, or does not answer in time", async () => {
    await start();
    const { port } = endpoint();
    await new Promise((resolve) => far.close(resolve));
    await gone(dial());
    await until(() => ends.length === 1);
    await forwarder?.close();
    // an address of documentation (RFC 5737) swallows packets, or is refused at once where there is no way to it
    forwarder = await forwardKms(
      path,
      { host: "192.0.2.1", port },
      { ...LIMITS, kmsConnectMs: 100 },
      {
        ended: (end, bytes) => void ends.push({ end, ...bytes }),
      },
    );
    await gone(dial());
    await until(() => ends.length === 2);
    expect(ends.map(({ end }) => end)).toEqual(["unreachable", "unreachable"]);
  });

  it("ends what it carries when it is closed", async () => {
    const running = await start();
    const near = dial();
    near.write("x");
    await once(near, "data");
    await running.close();
    await gone(near);
    expect(ends.map(({ end }) => end)).toEqual(["stopped"]);
  });

  it("takes the place of nothing but a dead socket", async () => {
    const file = join(dir, "file");
    writeFileSync(file, "mine");
    await expect(forwardKms(file, endpoint(), LIMITS)).rejects.toMatchObject({ code: "listen-failed" });
    await start();
    await expect(forwardKms(path, endpoint(), LIMITS)).rejects.toMatchObject({ code: "listen-failed" });
    await expect(forwardKms(join(dir, "no", "such"), endpoint(), LIMITS)).rejects.toMatchObject({ code: "listen-failed" });
    const near = dial(); // the one that listens is untouched
    near.write("ab");
    expect(String((await once(near, "data"))[0])).toBe("ba");
  });
});
