import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, utimes } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Image } from "@caladrius/image";
import { buildImage, COMMAND, ENVIRONMENT } from "@caladrius/image";
import { connectVsock } from "../vsock/index.ts";
import type { RunningEnclave } from "./launch.ts";
import { launchEnclave } from "./launch.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const ENTRY = path.join(ROOT, "image/application/fixtures/echo.ts");
let image: Image;
let dataDir: string;
beforeAll(async () => {
  image = await buildImage({ entry: ENTRY });
  dataDir = await mkdtemp(path.join(tmpdir(), "launcher-test-"));
  vi.stubEnv("TMPDIR", dataDir); // the enclaves' folders too
});
afterAll(async () => {
  expect(folders()).toEqual([]);
  vi.unstubAllEnvs();
  await rm(dataDir, { recursive: true, force: true });
});

describe("launchEnclave", () => {
  it.each([true, false])("runs the measured command with the measured environment alone (namespaces: %s)", async (namespaces) => {
    const lines: string[] = [];
    const enclave = await launchEnclave({ image, dataDir, namespaces, onLine: (stream, line) => lines.push(`${stream} ${line}`) });
    try {
      const { line, socket } = await ask(enclave);
      const seen = JSON.parse(line) as {
        pid: number;
        uid: number;
        env: unknown;
        execArgv: string[];
        root: unknown;
        interfaces: object;
        nsm: string;
      };
      expect(seen.env).toEqual(Object.fromEntries(ENVIRONMENT.map((entry) => entry.split("="))));
      expect(seen.root).toBe("ERR_ACCESS_DENIED");
      expect(seen.nsm).toContain(enclave.moduleId);
      if (enclave.isolation.namespaces) {
        expect(seen.execArgv).toEqual(COMMAND.slice(1, COMMAND.indexOf("/app/enclave.mjs")));
        expect(seen.pid).toBe(1);
        expect(seen.uid).not.toBe(0);
        expect(seen.interfaces).toEqual({});
      } else {
        expect(enclave.isolation.detail).toContain("no namespaces");
      }
      socket.write("ping");
      expect(await readUntil(socket, "ping")).toBe("ping");
      socket.destroy();
    } finally {
      await enclave.stop();
    }
    expect(lines).toEqual(["stdout serving"]);
  });

  it("leaves nothing behind when stopped", async () => {
    const enclave = await launchEnclave({ image, dataDir });
    const processes = [enclave.pid, ...descendants(enclave.pid)];
    expect(processes.every(isAlive)).toBe(true);
    await enclave.stop();
    await expectGone(processes, enclave);
    expect((await enclave.exited).signal).toBe("SIGKILL");
    await enclave.stop(); // twice is once
  });

  it("leaves nothing behind when the program ends by itself", async () => {
    const enclave = await launchEnclave({ image, dataDir });
    const processes = [enclave.pid, ...descendants(enclave.pid)];
    const { socket } = await ask(enclave);
    socket.on("error", () => undefined).write("exit");
    expect(await enclave.exited).toEqual({ code: 3, signal: null });
    await expectGone(processes, enclave);
  });

  it("dies with a launcher that is killed; the next launch sweeps its folder", async () => {
    const script = `import { launchEnclave } from ${JSON.stringify(path.join(import.meta.dirname, "launch.ts"))};
      import { buildImage } from "@caladrius/image";
      const image = await buildImage({ entry: ${JSON.stringify(ENTRY)} });
      const { pid, socketPath } = await launchEnclave({ image, dataDir: ${JSON.stringify(dataDir)} });
      console.log(JSON.stringify({ pid, socketPath }));`;
    const launcher = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    const line = await new Promise<string>((resolve) => launcher.stdout.once("data", (data) => resolve(String(data))));
    const enclave = JSON.parse(line) as RunningEnclave;
    const processes = [enclave.pid, ...descendants(enclave.pid)];
    expect(processes.every(isAlive)).toBe(true);
    launcher.kill("SIGKILL");
    await died(processes);
    await (await launchEnclave({ image, dataDir })).stop();
    expect(existsSync(path.dirname(enclave.socketPath))).toBe(false);
  });

  it("does not sweep the folder of an enclave that runs for long, wherever its socket lies", async () => {
    const socketPath = path.join(dataDir, "long");
    const enclave = await launchEnclave({ image, dataDir, socketPath });
    const [folder = ""] = folders();
    await utimes(path.join(dataDir, folder), 0, 0);
    await (await launchEnclave({ image, dataDir })).stop();
    expect(folders()).toEqual([folder]);
    await enclave.stop();
  });

  it("measures what the documents say: module, PCRs, role and debug", async () => {
    const moduleId = "i-0123456789abcdef0-enc0123456789abcdef";
    const plain = await launchEnclave({ image, dataDir, moduleId, roleArn: "arn:aws:iam::1:role/x" });
    await plain.stop();
    const debug = await launchEnclave({ image, dataDir, moduleId, debug: true });
    await debug.stop();
    expect([plain.moduleId, plain.rootPem.includes("BEGIN CERTIFICATE")]).toEqual([moduleId, true]);
    expect([0, 1, 2].map((i) => plain.pcrs.get(i))).toEqual([image.measurements.pcr0, image.measurements.pcr1, image.measurements.pcr2]);
    expect([0, 1, 2].every((i) => debug.pcrs.get(i)?.every((byte) => byte === 0))).toBe(true);
    expect(debug.pcrs.get(4)).toEqual(plain.pcrs.get(4));
    expect([plain.pcrs.get(3)?.length, debug.pcrs.get(3)]).toEqual([48, undefined]);
  });

  it("refuses a ramdisk that is not the measured one, and says when the program never listens", async () => {
    const other = Uint8Array.from(image.applicationRamdisk);
    other[0] = 0x31;
    await expect(launchEnclave({ image: { ...image, applicationRamdisk: other }, dataDir })).rejects.toMatchObject({
      code: "image-measurement",
    });
    const silent = await buildImage({ entry: path.join(ROOT, "image/application/command.ts") });
    await expect(launchEnclave({ image: silent, dataDir })).rejects.toMatchObject({ code: "enclave-exited" });
    expect(folders()).toEqual([]);
  });

  it("passes the program's connections to kms on to the host's port 8000", async () => {
    const socketPath = path.join(dataDir, "v");
    const enclave = await launchEnclave({ image, dataDir, socketPath });
    const host = createServer((socket) => socket.end("from the host")).listen(`${socketPath}_8000`);
    try {
      const { socket } = await ask(enclave);
      socket.write("kms");
      expect(await readUntil(socket, "host")).toBe("from the host");
      socket.destroy();
    } finally {
      host.close();
      await enclave.stop();
    }
    expect(existsSync(socketPath)).toBe(false);
  });
});

/** What the tiny program sees, and the connection that echoes. */
async function ask(enclave: RunningEnclave): Promise<{ line: string; socket: Socket }> {
  const socket = await connectVsock(enclave.socketPath, 5000);
  return { line: await readUntil(socket, "\n"), socket };
}

function readUntil(socket: Socket, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", function collect(chunk) {
      text += String(chunk);
      if (!text.endsWith(end)) return;
      socket.off("data", collect);
      resolve(text);
    });
    socket.once("close", () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
  });
}

async function expectGone(processes: number[], enclave: RunningEnclave): Promise<void> {
  await died(processes);
  expect(existsSync(path.dirname(enclave.socketPath))).toBe(false);
  expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain("caladrius-enclave-");
}

async function died(processes: number[]): Promise<void> {
  await expect.poll(() => processes.filter(isAlive), { timeout: 20_000, interval: 10 }).toEqual([]);
}

function isAlive(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(statusOf(pid));
}

/** All processes below `pid`, the program's own among them. */
function descendants(pid: number): number[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const children = all.filter((candidate) => statusOf(candidate).includes(`\nPPid:\t${pid}\n`));
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

function folders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("caladrius-enclave-"));
}
