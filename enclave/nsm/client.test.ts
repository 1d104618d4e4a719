import { mkdtempSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeNsmResponse } from "@caladrius/wire";
import { afterEach, describe, expect, it } from "vitest";
import { connectNsm } from "./client.ts";

let server: Server;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

describe("the connection to NSM", () => {
  const broken: Record<string, (socket: Socket) => void> = {
    "hangs up": (socket) => socket.end(),
    "answers more than a response may hold": (socket) => socket.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff)),
    "answers twice": (socket) => socket.write(Buffer.concat([random(), random()])),
  };
  for (const [name, answer] of Object.entries(broken)) {
    it(`is lost for good, and says so once, when NSM ${name}`, async () => {
      let lost = 0;
      const nsm = await connectNsm(await listen(answer), () => lost++);
      const calls = [nsm.call({ kind: "GetRandom" }), nsm.call({ kind: "GetRandom" })];
      for (const call of calls) await expect(call).rejects.toHaveProperty("name", "DependencyError");
      await expect(nsm.call({ kind: "GetRandom" })).rejects.toHaveProperty("code", "nsm-lost");
      expect(lost).toBe(1);
    });
  }

  it("is not lost by an answer of another kind or an error", async () => {
    let lost = 0;
    const answers = [random(), framed(encodeNsmResponse({ kind: "Error", error: "InternalError" })), random()];
    const nsm = await connectNsm(await listen((socket) => socket.write(answers.shift() ?? new Uint8Array())), () => lost++);
    await expect(nsm.call({ kind: "LockPCR", index: 16 })).rejects.toHaveProperty("code", "nsm-InvalidResponse");
    await expect(nsm.call({ kind: "GetRandom" })).rejects.toHaveProperty("code", "nsm-InternalError");
    await expect(nsm.call({ kind: "GetRandom" })).resolves.toMatchObject({ kind: "GetRandom" });
    expect(lost).toBe(0);
  });
});

async function listen(answer: (socket: Socket) => void): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), "nsm-")), "s");
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

function random(): Uint8Array {
  return framed(encodeNsmResponse({ kind: "GetRandom", random: new Uint8Array(32) }));
}

function framed(content: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}
