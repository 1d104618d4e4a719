import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeEnclave } from "./test-support/fake-enclave.ts";
import { stateOf, submit, until } from "./test-support/harness.ts";
import { makeOpaqueJob, type OpaqueJob } from "./test-support/sealed-job.ts";

const PROGRAM = fileURLToPath(new URL("test-support/host-process.ts", import.meta.url));

describe("a host that is killed", () => {
  let dir: string;
  let enclave: FakeEnclave;
  let child: ChildProcess;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "caladrius-kill-"));
    enclave = await new FakeEnclave(join(dir, "vsock")).listen();
  });
  afterEach(async () => {
    await stop("SIGKILL");
    await enclave.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  const start = async (): Promise<{ url: string }> => {
    child = spawn(process.execPath, [PROGRAM, dir, enclave.path], { stdio: ["ignore", "pipe", "inherit"] });
    const [url] = (await once(createInterface(child.stdout!), "line")) as [string];
    return { url };
  };
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, "exit");
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  };

  it("between accept and finish loses nothing and finishes once", async () => {
    let host = await start();
    const done = makeOpaqueJob({ keyId: enclave.keyId });
    expect((await submit(host, done.sealed)).status).toBe(202);
    await answered(host, done);
    enclave.behaviour = "hold";
    const jobs = [4096, 43_000, 400_000].map((bytes) => makeOpaqueJob({ keyId: enclave.keyId, bytes }));
    for (const { sealed } of jobs) expect((await submit(host, sealed)).status).toBe(202);
    await until(() => enclave.held === 3);
    await stop("SIGKILL");
    enclave.behaviour = "answer";
    host = await start(); // the killed host's lock is gone with it
    for (const job of jobs) await answered(host, job);
    expect(jobs.map(({ id }) => enclave.answers.get(id))).toEqual([1, 1, 1]);
    expect(enclave.arrivals.get(done.id)).toBe(1); // finished before: not computed again
    expect((await submit(host, jobs[0]!.sealed)).status).toBe(200);

    const second = spawn(process.execPath, [PROGRAM, dir, enclave.path], { stdio: ["ignore", "ignore", "pipe"] });
    let words = "";
    second.stderr.on("data", (text) => (words += String(text)));
    expect((await once(second, "exit"))[0]).not.toBe(0); // two hosts on one folder
    expect(words).toContain("another host runs on the data folder");
  });

  it("at any moment while jobs stream in keeps every job it accepted", async () => {
    const accepted: OpaqueJob[] = [];
    for (const enough of [3, 20]) {
      const host = await start();
      await until(async () => (await fetch(`${host.url}/readyz`)).ok);
      const flooding = { on: true };
      const flood = Array.from({ length: 4 }, async () => {
        while (flooding.on) {
          const job = makeOpaqueJob({ keyId: enclave.keyId, bytes: accepted.length % 5 === 0 ? 200_000 : 4096 });
          const response = await submit(host, job.sealed).catch(() => null);
          if (response?.status === 202) accepted.push(job);
        }
      });
      await until(() => accepted.length >= enough);
      await stop("SIGKILL");
      flooding.on = false;
      await Promise.all(flood);
    }
    const host = await start();
    for (const job of accepted) await answered(host, job);
  });

  it("ends on SIGTERM after running jobs, and keeps accepted ones", async () => {
    let host = await start();
    await until(async () => (await fetch(`${host.url}/readyz`)).ok);
    enclave.behaviour = "hold";
    const job = makeOpaqueJob({ keyId: enclave.keyId });
    await submit(host, job.sealed);
    await until(() => enclave.held === 1);
    const stopped = stop("SIGTERM");
    await until(async () => (await submit(host, makeOpaqueJob().sealed)).status === 503);
    enclave.letGo();
    expect(await stopped).toBe(0);
    host = await start();
    expect(await stateOf(host, job.id)).toBe("answered");
    expect(enclave.answers.get(job.id)).toBe(1);
  });
});

function answered(host: { url: string }, job: OpaqueJob): Promise<void> {
  return until(async () => (await stateOf(host, job.id)) === "answered");
}
