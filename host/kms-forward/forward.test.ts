import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forwardKms } from "./forward.ts";

describe("the KMS forwarder", () => {
  let dir: string;
  let path: string;
  let far: Server;
  const met: Socket[] = [];
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "caladrius-kms-"));
    path = join(dir, "kms");
    far = createServer({ allowHalfOpen: true }, (socket) => {
      met.push(socket);
      socket.on("error", () => {});
      socket.on("data", (bytes) => socket.write(Uint8Array.from(bytes).toReversed())).on("end", () => socket.end("bye"));
    });
    await once(far.listen(0, "127.0.0.1"), "listening");
  });
  afterEach(() => {
    for (const socket of met.splice(0)) socket.destroy();
    far.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const endpoint = (): { host: string; port: number } => ({ host: "127.0.0.1", port: (far.address() as AddressInfo).port });

  it("carries bytes both ways, half-closes too, and takes the place of a socket left behind", async () => {
    await (await forwardKms(path, endpoint())).close();
    const forwarder = await forwardKms(path, endpoint());
    const near = connect({ path, allowHalfOpen: true });
    near.end("abc");
    let text = "";
    for await (const bytes of near) text += String(bytes);
    expect(text).toBe("cbabye");
    await forwarder.close();
  });

  it("bounds connections and idle time, and hangs up when the endpoint is not there", async () => {
    const forwarder = await forwardKms(path, endpoint(), { connections: 1, connectMs: 1000, idleMs: 100 });
    const first = connect(path);
    first.write("x");
    await once(first, "data");
    const second = connect(path);
    second.on("error", () => {});
    await once(second, "close");
    await once(first, "close"); // idle
    await forwarder.close();
    const { port } = endpoint();
    await new Promise((resolve) => far.close(resolve));
    const nowhere = await forwardKms(path, { host: "127.0.0.1", port });
    const third = connect(path);
    third.on("error", () => {});
    await once(third, "close");
    await nowhere.close();
    await expect(forwardKms(join(dir, "no", "such"), { host: "127.0.0.1", port })).rejects.toMatchObject({ code: "configuration-bytes" });
  });
});
