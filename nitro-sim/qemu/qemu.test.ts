import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeMetadata, FIXED_BUILD_TIME, writeEif } from "@caladrius/image";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFakeQemu, type FakeQemu } from "../test-support/fake-qemu.ts";
import { connectVsock } from "../vsock/index.ts";
import { demandMemory, findQemu, memoryNeededMiB, runQemu, type QemuOptions, type RunningQemu } from "./index.ts";

let folder: string;
let vsock: string;
let uds: string;
let device: Server;
let met: Socket[];
let lines: string[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "cal-qemu-"));
  vsock = path.join(folder, "vhost,user"); // a comma, which QEMU's option parser must not take for its own
  uds = path.join(folder, "uds");
  met = [];
  lines = [];
  device = createServer((socket) => met.push(socket.resume()));
  await new Promise<void>((resolve) => device.listen(vsock, resolve));
});
afterEach(async () => {
  for (const socket of met) socket.destroy();
  device.close();
  await rm(folder, { recursive: true });
});

async function start(fake: FakeQemu = {}, more: Partial<QemuOptions> = {}): Promise<RunningQemu> {
  const file = path.join(folder, "qemu");
  await writeFakeQemu(file, uds, fake);
  const qemu = await findQemu(file);
  return runQemu({ qemu, eif: path.join(folder, "a.eif"), vsock, uds, memoryMiB: 640, onLine: (line) => lines.push(line), ...more });
}

describe("findQemu", () => {
  it.each<[string, FakeQemu, string]>([
    ["an older one", { version: "9.1.3" }, "qemu-version"],
    ["a much older one", { version: "7.2.19 (Debian 1:7.2+dfsg-7)" }, "qemu-version"],
    ["one without the machine", { machines: "microvm  microvm (i386)\nnitro-enclaves-not  x\n" }, "qemu-machine"],
  ])("refuses %s", async (_, fake, code) => {
    const file = path.join(folder, "qemu");
    await writeFakeQemu(file, uds, fake);
    await expect(findQemu(file)).rejects.toThrow(expect.objectContaining({ name: "ConfigurationError", code }));
  });

  it.each(["9.2.0", "10.0.2 (Debian 1:10.0.2+ds-2)", "11.0"])("takes %s", async (version) => {
    const file = path.join(folder, "qemu");
    await writeFakeQemu(file, uds, { version });
    expect(await findQemu(file)).toEqual({ path: file, version: version.split(" ")[0] });
  });

  it("refuses what is no QEMU, or not there", async () => {
    for (const file of ["/bin/true", "/bin/false", path.join(folder, "absent")])
      await expect(findQemu(file)).rejects.toThrow(expect.objectContaining({ code: "qemu-missing" }));
  });
});

describe("runQemu", () => {
  it("starts the machine, answers the heartbeat and leaves the host its way in", async () => {
    const running = await start();
    expect(JSON.parse(readFileSync(path.join(folder, "qemu.json"), "utf8"))).toEqual({
      words: [
        "-M",
        "nitro-enclave,vsock=vsock,id=caladrius",
        "-chardev",
        `socket,id=vsock,path=${folder}/vhost,,user`,
        "-kernel",
        `${folder}/a.eif`,
        ..."-m 640M -smp 2 -cpu max -accel kvm -accel tcg -nodefaults -display none -monitor none -serial stdio -no-reboot".split(" "),
      ],
      environment: [],
    });
    expect(met).toHaveLength(1);
    await expect.poll(() => lines).toEqual(["[    0.000000] Linux version 6.12\u001b[31m\u202e", "caladrius init: heartbeat: answered"]);
    const socket = await connectVsock(uds, 5000);
    socket.write("sealed");
    expect(String(await new Promise((resolve) => socket.once("data", resolve)))).toBe("sealed");
    socket.destroy();
    await expect(connectVsock(uds, 5001)).rejects.toThrow(expect.objectContaining({ code: "vsock-refused" }));
    await running.stop();
    expect(await running.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(existsSync(`${uds}_9000`)).toBe(false);
  });

  it("tells when the enclave ends, and with which code QEMU did", async () => {
    const running = await start({ exit: { when: "after a connection", code: 0 } });
    await expect.poll(() => existsSync(uds)).toBe(true);
    (await connectVsock(uds, 5000)).destroy();
    expect(await running.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(`${uds}_9000`)).toBe(false);
  });

  it("tells what QEMU said last when it ends before the heartbeat", async () => {
    const error = await start({ exit: { when: "at once", code: 3 } }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "qemu-exited", message: expect.stringMatching(/exit code 3.*cannot read \/cmd/) as string });
    device.close();
    for (const socket of met) socket.destroy();
    await expect(start({}, { vsock: path.join(folder, "nobody") })).rejects.toThrow(/exit code 1.*Failed to connect: ENOENT/);
    expect(existsSync(`${uds}_9000`)).toBe(false);
  });

  it.each<[string, FakeQemu, RegExp]>([
    ["none", { heartbeat: null }, /no heartbeat within 3 s; the last line was "\[/],
    ["another byte", { heartbeat: "b6" }, /no heartbeat within 3 s; the byte 0xb6 came instead/],
  ])("gives up on a heartbeat that is %s, and ends QEMU", async (_, fake, sentence) => {
    await expect(start(fake, { timeoutMs: 3000 })).rejects.toThrow(sentence);
    await expect.poll(() => met.every((socket) => socket.readableEnded)).toBe(true);
    expect(existsSync(`${uds}_9000`)).toBe(false);
  });

  it("ends QEMU when it is asked to before the heartbeat", async () => {
    const stop = new AbortController();
    const starting = start({ heartbeat: null }, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("Ctrl-C")), 100);
    await expect(starting).rejects.toThrow("Ctrl-C");
    await expect(start({}, { signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow("too late");
    expect(existsSync(`${uds}_9000`)).toBe(false);
  });

  it("does not start beside another one on the same socket", async () => {
    await writeFile(`${uds}_9000`, "");
    await expect(start()).rejects.toThrow(expect.objectContaining({ code: "socket-listen" }));
  });
});

describe("memory", () => {
  it("is three times the ramdisks and room for kernel and program", () => {
    const eif = writeEif({
      architecture: "x86_64",
      kernel: new Uint8Array(1 << 20),
      cmdline: new Uint8Array(1),
      metadata: encodeMetadata({
        imageName: "a",
        imageVersion: "1",
        buildTime: FIXED_BUILD_TIME,
        buildTool: "t",
        buildToolVersion: "1",
        operatingSystem: "Linux",
        kernelVersion: "6",
      }),
      ramdisks: [new Uint8Array(1 << 20), new Uint8Array(3 << 20)],
    });
    expect(memoryNeededMiB(eif)).toBe(142);
    expect(() => demandMemory(141, 142)).toThrow(expect.objectContaining({ code: "qemu-memory" }));
    demandMemory(142, 142);
  });
});

/** Set CALADRIUS_QEMU, CALADRIUS_QEMU_EIF, CALADRIUS_QEMU_VSOCK and CALADRIUS_QEMU_UDS to boot an image for real. */
const real = ["QEMU", "QEMU_EIF", "QEMU_VSOCK", "QEMU_UDS"].map((name) => process.env[`CALADRIUS_${name}`]);
describe.skipIf(real.includes(undefined))("a real QEMU (needs CALADRIUS_QEMU, _QEMU_EIF, _QEMU_VSOCK and _QEMU_UDS)", () => {
  it("boots the image in the memory it needs, to a program that takes connections", async () => {
    const [file = "", eif = "", realVsock = "", realUds = ""] = real;
    const qemu = await findQemu(file);
    const memoryMiB = memoryNeededMiB(readFileSync(eif));
    const running = await runQemu({ qemu, eif, vsock: realVsock, uds: realUds, memoryMiB, onLine: (line) => lines.push(line) });
    await expect.poll(() => lines.at(-1), { timeout: 60_000 }).toBe("caladrius-enclave: ready");
    const said = lines.filter((line) => line.startsWith("caladrius init: "));
    expect(said).toEqual([
      "caladrius init: heartbeat: answered",
      "caladrius init: entropy: bytes from the NSM: 256",
      "caladrius init: program: starts as user 1000",
    ]);
    (await connectVsock(realUds, 5000)).destroy();
    await expect(connectVsock(realUds, 5001)).rejects.toThrow(expect.objectContaining({ code: "vsock-refused" }));
    await running.stop();
    expect(await running.exited).toEqual({ code: null, signal: "SIGKILL" });
  }, 180_000);
});
