import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import { createSubmitterKey, submit } from "@caladrius/client";
import { makeSampleRecordings } from "@caladrius/client/samples";
import { DETECTORS } from "@caladrius/enclave/analyse";
import { startHost, type RunningHost } from "@caladrius/host";
import { readCpio, unpackEntries } from "@caladrius/image";
import { bootPcrs, createNsm, instanceIdOf, makeModuleId, openSimulatedPki, serveHybridVsock, serveNsm } from "@caladrius/nitro-sim";
import { openDevelopmentDeployment, type DevelopmentDeployment } from "@caladrius/nitro-sim/development";
import { CLOCK, ready, testImage, trustFile } from "@caladrius/test/support";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const BOOT = path.join(import.meta.dirname, "../../image/boot");
const WRAPPED = ["socket", "connect", "bind", "mount", "ioctl", "syscall", "statfs", "reboot"].map((name) => `--wrap=${name}`).join(",");
const REBOOTED = 42;

describe.skipIf(!canBoot())("the image's own ramdisk under init.c (needs cc, root and namespaces)", () => {
  let root: string;
  let undo: (() => Promise<unknown>)[];
  let init: ChildProcess;
  let exited: Promise<unknown[]>;
  let host: RunningHost;
  let trust: string;
  let deployment: DevelopmentDeployment;

  beforeEach(async () => {
    undo = [];
    root = await mkdtemp(path.join(tmpdir(), "ii-"));
    undo.push(() => rm(root, { recursive: true, force: true }));
    await chmod(root, 0o755); // relays are another user
    const image = await testImage();
    await unpackEntries(readCpio(image.applicationRamdisk), root);
    for (const name of ["dev", "vsock"]) await mkdir(path.join(root, name));

    const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-static", "-O2", `-Wl,${WRAPPED}`];
    await promisify(execFile)("cc", [...flags, "-o", path.join(root, "init-boot"), "init.boot.test.c"], { cwd: BOOT });

    const pki = await openSimulatedPki(path.join(root, "pki"), CLOCK);
    const moduleId = makeModuleId(CLOCK, randomBytes);
    const pcrs = bootPcrs(image.measurements, instanceIdOf(moduleId), null);
    const nsm = await serveNsm(createNsm({ pki, moduleId, pcrs, clock: CLOCK, randomBytes }), path.join(root, "vsock/nsm"));
    undo.push(() => nsm.close());
    await chmod(path.join(root, "vsock/nsm"), 0o777);
    const heartbeat = await answerHeartbeat(path.join(root, "vsock/9000"));
    undo.push(() => new Promise((resolve) => heartbeat.close(resolve)));
    const vsock = await serveHybridVsock({
      path: path.join(root, "hybrid"),
      guestSocket: (port) => (port === 5000 ? path.join(root, "vsock/guest-5000") : null),
    });
    undo.push(() => vsock.close());
    const detectors = DETECTORS.map((detector) => detector.id);
    deployment = openDevelopmentDeployment(path.join(root, "deployment"), CLOCK, detectors);
    trust = trustFile({ pcrs, rootPem: pki.rootPem }, deployment);

    init = spawn(path.join(root, "init-boot"), [root], { stdio: "ignore" });
    exited = once(init, "exit");
    undo.push(async () => {
      init.kill("SIGKILL"); // the namespace's process 1 dies with it
      await exited;
    });
  });
  afterEach(async () => {
    for (const step of undo.toReversed()) await step();
  });

  it("boots by a host, attests with the NSM behind the driver's ioctl, analyses, and ends the enclave with its program", async () => {
    await boot();
    expect(lines().slice(0, 3)).toEqual([
      "caladrius init: heartbeat: answered",
      "caladrius init: entropy: bytes from the NSM: 256",
      "caladrius init: program: starts as user 1000",
    ]);
    const [recording] = makeSampleRecordings();
    if (recording === undefined) throw new Error("no sample");
    const key = await createSubmitterKey();
    const [outcome] = await submit([{ recording }], { hostUrl: host.url, trust: parseTrustFile(trust), key, level: "findings" });
    expect(outcome).toMatchObject({ status: "verified" });

    const [first = 0] = childrenOf(init.pid ?? 0);
    const [program = 0] = childrenOf(first);
    expect(readFileSync(`/proc/${program}/status`, "utf8")).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    expect(readFileSync(`/proc/${program}/cmdline`, "utf8").split("\0")).toContain("/app/enclave.mjs");
    process.kill(program, "SIGKILL");
    expect(await exited).toEqual([REBOOTED, null]);
    expect(lines().slice(-2)).toEqual(["caladrius init: program: it was ended by signal 9", "caladrius init: program: the enclave ends"]);
  });

  it("ends the enclave when what it is handed does not verify", async () => {
    await boot({ bundleApprovals: [] });
    expect(await exited).toEqual([REBOOTED, null]);
    expect(lines().join("\n")).toMatch(
      /boot-refused[^]*caladrius init: program: it ended with exit code \d+\ncaladrius init: program: the enclave ends$/,
    );
  });

  function lines(): string[] {
    return readFileSync(path.join(root, "console"), "utf8").split("\n").slice(0, -1);
  }

  async function boot(change: { bundleApprovals?: readonly Uint8Array[] } = {}): Promise<void> {
    host = await startHost({
      enclaveSocket: path.join(root, "hybrid"),
      constitution: deployment.constitution,
      bundle: deployment.bundle.statement,
      bundleApprovals: deployment.bundle.approvals,
      statusList: deployment.newStatusList(),
      dataDir: path.join(root, "host"),
      port: 0,
      listenHost: "127.0.0.1",
      logger: null,
      clock: CLOCK,
      ...change,
    });
    undo.push(() => host.close());
    if (change.bundleApprovals === undefined) await ready(host.url);
  }
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

function childrenOf(parent: number): number[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/status`, "utf8").includes(`\nPPid:\t${parent}\n`);
    } catch {
      return false; // it has just ended
    }
  });
}

async function answerHeartbeat(socket: string): Promise<Server> {
  const server = createServer((peer) => peer.once("data", (byte: Buffer) => peer.end(byte)));
  server.listen(socket);
  await once(server, "listening");
  return server;
}
