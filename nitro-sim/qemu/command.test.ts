import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeMetadata, FIXED_BUILD_TIME, writeEif } from "@caladrius/image";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFakeQemu, type FakeQemu } from "../test-support/fake-qemu.ts";
import { connectVsock } from "../vsock/index.ts";

/** The command as a user starts it, since signals and exit codes are what is tested. */
const CALADRIUS = path.join(import.meta.dirname, "../../cli/caladrius.mjs");

interface Run {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  /** exit code, null after a signal that nobody handled */
  code: Promise<number | null>;
}

let folder: string;
let device: Server;
let met: Socket[];
let runs: Run[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "cal-run-"));
  [met, runs] = [[], []];
  device = createServer((socket) => met.push(socket.resume()));
  await new Promise<void>((resolve) => device.listen(at("vhost"), resolve));
  await writeFile(at("a.eif"), image());
});
afterEach(async () => {
  for (const { child, code } of runs) {
    child.kill("SIGKILL");
    await code;
  }
  for (const socket of met) socket.destroy();
  device.close();
  await rm(folder, { recursive: true });
});

describe("caladrius image run", () => {
  it("has a help that names what it needs", async () => {
    const { stdout, code } = caladrius("image", "run", "--help");
    expect(await code).toBe(0);
    for (const word of ["--qemu PATH", "--eif F.eif", "--vsock SOCKET", "--uds SOCKET", "--memory MB", "9.2", "docs/BOOT.md"])
      expect(stdout()).toContain(word);
  });

  it("boots, shows the console escaped, gives the host its way in, and ends with 0 on Ctrl-C", async () => {
    const { child, stdout, stderr, code } = await run({});
    await expect.poll(stdout, { timeout: 20_000 }).toContain("Ctrl-C ends it");
    expect(stdout()).toContain(`enclave    ${at("uds")}  (heartbeat answered)`);
    expect(stdout()).toMatch(/no signature: every verifier refuses them/);
    expect(stdout()).toContain(`npx caladrius host --enclave ${at("uds")} --kms-listen ${at("uds")}_8000`);
    await expect.poll(stderr).toContain("console  caladrius init: heartbeat: answered");
    expect(stderr()).toContain("QEMU 10.0.2, 512 MiB");
    expect(stderr()).toContain("console  [    0.000000] Linux version 6.12");
    expect(stderr().replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const { words, environment } = JSON.parse(readFileSync(at("qemu.json"), "utf8")) as { words: string[]; environment: string[] };
    expect(words.slice(words.indexOf("-kernel"))).toEqual(expect.arrayContaining([at("a.eif"), "512M", "-no-reboot"]));
    expect(environment).toEqual([]);

    const socket = await connectVsock(at("uds"), 5000);
    socket.write("sealed");
    expect(String(await new Promise((resolve) => socket.once("data", resolve)))).toBe("sealed");
    socket.destroy();

    child.kill("SIGINT");
    expect(await code).toBe(0);
    expect(stdout()).toMatch(/stopped\n$/);
    expect(existsSync(`${at("uds")}_9000`)).toBe(false);
    await expect.poll(() => met.every((one) => one.readableEnded || one.destroyed)).toBe(true);
  });

  it("prints one line with --json, and ends with 3 when the enclave does", async () => {
    const { stdout, stderr, code } = await run({ exit: { when: "after a connection", code: 0 } }, "--json", "--memory", "700");
    await expect.poll(stdout, { timeout: 20_000 }).not.toBe("");
    expect(JSON.parse(stdout())).toEqual({ enclave: at("uds"), pid: expect.any(Number) as number, memoryMiB: 700 });
    await expect.poll(() => existsSync(at("uds"))).toBe(true);
    (await connectVsock(at("uds"), 5000)).destroy();
    expect(await code).toBe(3);
    const [, failure] = stdout().trim().split("\n");
    expect(JSON.parse(failure ?? "")).toMatchObject({ code: "qemu-exited" });
    expect(stderr()).toMatch(/the enclave ended \(QEMU: exit code 0\); its console says why \(qemu-exited\)/);
  });

  it("ends with 3 and the last line of the console when the enclave ends before its heartbeat", async () => {
    const { stdout, stderr, code } = await run({ exit: { when: "at once", code: 1 } });
    expect(await code).toBe(3);
    expect(stdout()).toBe("");
    expect(stderr()).toMatch(/QEMU ended before the heartbeat \(exit code 1\).*cannot read \/cmd.* \(qemu-exited\)/);
  });

  it("ends QEMU on Ctrl-C while it waits for the heartbeat", async () => {
    const { child, stderr, code } = await run({ heartbeat: null });
    await expect.poll(stderr, { timeout: 20_000 }).toContain("Linux version");
    child.kill("SIGINT");
    expect(await code).toBe(2);
    expect(stderr()).toContain("stopped by SIGINT before the heartbeat");
    expect(existsSync(`${at("uds")}_9000`)).toBe(false);
    await expect.poll(() => met.every((one) => one.readableEnded || one.destroyed)).toBe(true);
  });

  it.each<[string, FakeQemu, string[], number, RegExp]>([
    ["a QEMU that is too old", { version: "9.1.3" }, [], 2, /version 9\.1\.3, needed is 9\.2 or newer \(qemu-version\)/],
    ["a QEMU without the machine", { machines: "microvm  microvm (i386)\n" }, [], 2, /built with libcbor and gnutls \(qemu-machine\)/],
    ["too little memory", {}, ["--memory", "131"], 2, /the image needs 142 MiB, not 131 \(qemu-memory\)/],
    ["a memory that is no number", {}, ["--memory", "1G"], 2, /--memory/],
  ])("refuses %s before anything starts", async (_, fake, words, exit, sentence) => {
    const { stdout, stderr, code } = await run(fake, ...words);
    expect(await code).toBe(exit);
    expect(stderr()).toMatch(sentence);
    expect(stdout()).toBe("");
    expect(existsSync(at("qemu.json"))).toBe(false);
  });

  it("refuses what is no image, and says which option is missing", async () => {
    await writeFile(at("a.eif"), "not an image");
    const broken = await run({});
    expect(await broken.code).toBe(30);
    expect(broken.stderr()).toMatch(new RegExp(`${at("a.eif")}: .*\\(eif-`));
    const short = caladrius("image", "run", "--qemu", at("qemu"), "--eif", at("a.eif"));
    expect(await short.code).toBe(2);
    expect(short.stderr()).toContain("--vsock");
  });
});

function at(name: string): string {
  return path.join(folder, name);
}

async function run(fake: FakeQemu, ...words: readonly string[]): Promise<Run> {
  await writeFakeQemu(at("qemu"), at("uds"), fake);
  const given = ["--qemu", at("qemu"), "--eif", at("a.eif"), "--vsock", at("vhost"), "--uds", at("uds")];
  return caladrius("image", "run", ...given, ...words);
}

function caladrius(...words: readonly string[]): Run {
  const child = spawn(process.execPath, [CALADRIUS, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => (said[name] += text));
  const code = once(child, "close").then(([exit]: unknown[]) => exit as number | null);
  const started = { child, stdout: () => said.stdout, stderr: () => said.stderr, code };
  runs.push(started);
  return started;
}

/** 4 MiB of ramdisks. */
function image(): Uint8Array {
  return writeEif({
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
}
