import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const run = promisify(execFile);
const WRAPPED = ["socket", "connect", "bind", "mount", "ioctl", "syscall", "statfs", "reboot"].map((name) => `--wrap=${name}`).join(",");
const FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-static", "-O2"];

let tools: string;
let root: string;
let servers: Server[];
let init: ChildProcess | null;
let sockets: Socket[];

beforeAll(async () => {
  tools = await mkdtemp(path.join(tmpdir(), "init-boot-tools-"));
});
afterAll(() => rm(tools, { recursive: true, force: true }));

describe.skipIf(!canBoot())("init.c as process 1 (needs cc, root and namespaces)", () => {
  beforeAll(async () => {
    const options = { cwd: import.meta.dirname };
    await run("cc", [...FLAGS, `-Wl,${WRAPPED}`, "-o", path.join(tools, "init"), "init.boot.test.c"], options);
    await run("cc", [...FLAGS, "-o", path.join(tools, "program"), "program.boot.test.c"], options);
  }, 60_000);
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "ib-"));
    [servers, sockets, init] = [[], [], null];
    for (const name of ["dev", "vsock", "rootfs/app", "rootfs/dev", "rootfs/proc", "rootfs/run", "rootfs/tmp"])
      await mkdir(path.join(root, name), { recursive: true });
    cpSync(path.join(tools, "program"), path.join(root, "rootfs/app/program"));
    await writeFile(path.join(root, "cmd"), "/app/program\n--flag=a b\n");
    await writeFile(path.join(root, "env"), "TZ=UTC\nEMPTY=\n");
    await listen("9000", (socket) => socket.once("data", (byte: Buffer) => socket.end(byte)));
    await listen("8000", (socket) => socket.on("end", () => socket.end("from kms")).resume());
  });
  afterEach(async () => {
    if (init !== null && init.exitCode === null && init.signalCode === null) {
      init.kill("SIGKILL"); // the namespace's process 1 dies with it
      await once(init, "exit");
    }
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
    await rm(root, { recursive: true, force: true });
  });

  it("starts the program unprivileged over a read-only root, relays three ways, reaps, and reboots when it ends", async () => {
    await writeFile(path.join(root, "nsm.ko"), "MODULE");
    await boot();
    const said = lines();
    expect(said.slice(0, 4)).toEqual([
      "caladrius init: nsm.ko: loaded",
      "caladrius init: heartbeat: answered",
      "caladrius init: entropy: bytes from the NSM: 32",
      "caladrius init: program: starts as user 1000",
    ]);
    expect(said.slice(4)).toEqual([
      "argument /app/program",
      "argument --flag=a b",
      "ids 1000 1000 1000 1000 groups 0 session 1",
      "CapEff:\t0000000000000000",
      "CapPrm:\t0000000000000000",
      "CapAmb:\t0000000000000000",
      "NoNewPrivs:\t1",
      "SigBlk:\t0000000000000000",
      "SigIgn:\t0000000000000000",
      "write /new EROFS",
      "write /app/new EROFS",
      "write /proc/new ENOENT",
      "write /run/new EACCES",
      "write /tmp/new yes",
      "write /run/caladrius/new yes",
      "see /cmd no",
      "see /env no",
      "see /init no",
      "see /rootfs no",
      "see /dev/nsm no",
      "see /proc/1/status no",
      "env TZ=UTC",
      "env EMPTY=",
      "nsm 57",
      "kms from kms",
      "listening",
    ]);
    expect(await end("exit")).toBe(REBOOTED);
    expect(lines().slice(-2)).toEqual(["caladrius init: program: it ended with exit code 7", "caladrius init: program: the enclave ends"]);
  });

  it("carries 48 connections at a time and closes the next, until one of them ends", async () => {
    await boot();
    const many = await Promise.all(Array.from({ length: 48 }, () => echo("hello")));
    expect(many.map(({ heard }) => heard)).toEqual(many.map(() => "hello"));
    expect((await echo("one too many")).heard).toBe("");
    expect((await echo("another")).heard).toBe("");
    many[0]?.socket.destroy();
    await expect.poll(async () => (await echo("again")).heard, { interval: 20 }).toBe("again");
    expect(lines().filter((line) => line.includes("every place is taken")).length).toBeGreaterThanOrEqual(1);
    expect(lines()).toContain("caladrius init: serve relay: every place is taken, further connections are closed");
    expect(await end("kill", many[1]?.socket)).toBe(REBOOTED);
    expect(lines()).toContain("caladrius init: program: it was ended by signal 11");
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      "ramdisks that were cut off",
      () => writeFile(path.join(root, "full"), ""),
      "ramdisks: they were not unpacked whole: the memory is too small: No space left on device (28)",
    ],
    [
      "no application ramdisk",
      () => rm(path.join(root, "rootfs"), { recursive: true }),
      "mounts: no /rootfs: was the application ramdisk lost?: ",
    ],
    [
      "no /cmd",
      () => rm(path.join(root, "cmd")),
      "command: cannot read /cmd: was the application ramdisk lost?: No such file or directory (2)",
    ],
    ["an empty /cmd", () => writeFile(path.join(root, "cmd"), ""), "command: /cmd is empty: Invalid argument (22)"],
    [
      "an unfinished /env",
      () => writeFile(path.join(root, "env"), "A=1"),
      "command: cannot read /env: was the application ramdisk lost?: Bad message (74)",
    ],
    [
      "a module that is none",
      () => writeFile(path.join(root, "nsm.ko"), "DAMAGED"),
      "nsm.ko: the kernel does not load it: Exec format error (8)",
    ],
    [
      "nobody for the heartbeat",
      () => rm(path.join(root, "vsock/9000")),
      "heartbeat: no connection to vsock CID 3 port 9000: No such file or directory (2)",
    ],
    ["another byte as heartbeat", () => answerWrongly(), "heartbeat: the byte 0xB7 did not come back: Protocol error (71)"],
    [
      "no folder for /tmp",
      () => rm(path.join(root, "rootfs/tmp"), { recursive: true }),
      "mounts: cannot mount tmp: No such file or directory (2)",
    ],
  ])("says what and where with %s, and reboots", async (_, damage, sentence) => {
    await damage();
    expect(await start()).toBe(REBOOTED);
    const said = lines();
    expect(said.at(-2)).toContain(`caladrius init: ${sentence}`);
    expect(said.at(-1)).toMatch(/^caladrius init: [a-z.]+: the enclave ends$/);
    expect(said.join("\n")).not.toContain("starts as user");
  });

  it("says when the program cannot be executed, and reboots", async () => {
    await writeFile(path.join(root, "cmd"), "/app/absent\n");
    expect(await start()).toBe(REBOOTED);
    expect(lines()).toContain("caladrius init: program: cannot execute it: No such file or directory (2)");
    expect(lines()).toContain("caladrius init: program: it ended with exit code 1");
  });

  it("says when the parent forwards nothing to KMS, and goes on", async () => {
    await rm(path.join(root, "vsock/8000"));
    await boot();
    await expect.poll(lines).toContain("caladrius init: kms relay: no connection to vsock CID 3 port 8000: No such file or directory (2)");
    expect((await echo("still here")).heard).toBe("still here");
  });
});

function canBoot(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    execFileSync("unshare", ["--mount", "--pid", "--fork", "true"], { stdio: "ignore" });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

/** Resolves with the exit code; 42 stands for a reboot. */
async function start(): Promise<number | null> {
  init = spawn(path.join(tools, "init"), [root], { stdio: "ignore" });
  const [code] = (await once(init, "exit")) as [number | null];
  return code;
}

async function boot(): Promise<void> {
  void start();
  await expect.poll(lines, { timeout: 20_000, interval: 20 }).toContain("listening");
}

function lines(): string[] {
  return readFileSync(path.join(root, "console"), "utf8").split("\n").slice(0, -1);
}

async function listen(port: string, accept: (socket: Socket) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => socket.destroy());
    accept(socket);
  });
  servers.push(server);
  server.listen(path.join(root, "vsock", port));
  await once(server, "listening");
}

async function answerWrongly(): Promise<void> {
  await rm(path.join(root, "vsock/9000"));
  await listen("9000", (socket) => socket.once("data", () => socket.end(Uint8Array.of(0xb6))));
}

/** A connection of the host to port 5000, and what came back: "" when it was closed. */
async function echo(text: string): Promise<{ socket: Socket; heard: string }> {
  const socket = connect(path.join(root, "vsock/guest-5000"));
  sockets.push(socket);
  socket.on("error", () => socket.destroy());
  socket.write(text);
  const heard = await new Promise<string>((resolve) => {
    socket.once("data", (bytes: Buffer) => resolve(String(bytes)));
    socket.once("close", () => resolve(""));
  });
  return { socket, heard };
}

/** Tells the program to end, and resolves with the exit code of init. */
async function end(how: "exit" | "kill", on?: Socket): Promise<number | null> {
  const gone = init === null ? Promise.resolve([null]) : once(init, "exit");
  const socket = on ?? (await echo("first")).socket;
  socket.write(how);
  const [code] = (await gone) as [number | null];
  return code;
}

const REBOOTED = 42;
