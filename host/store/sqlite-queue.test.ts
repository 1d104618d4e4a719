import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JobQueue, JobState, NewJob } from "../queue.ts";
import { makeOpaqueJob } from "../test-support/sealed-job.ts";
import { openSqliteQueue } from "./sqlite-queue.ts";

describe("the job store of one machine", () => {
  let dir: string;
  let nowMs: number;
  let queue: JobQueue;
  const open = (limits = {}): Promise<JobQueue> =>
    openSqliteQueue({
      dataDir: dir,
      clock: { nowMs: () => nowMs },
      limits: { openJobsPerClient: 3, storedBytes: 3_000_000, retentionMs: 1000_000, ...limits },
    });
  const reopen = async (limits = {}): Promise<void> => {
    await queue.close();
    queue = await open(limits);
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "caladrius-store-"));
    nowMs = 1_700_000_000_000;
    queue = await open();
  });
  afterEach(async () => {
    await queue.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("hands out jobs in order, once, and keeps how they ended", async () => {
    const states: [string, JobState][] = [];
    queue.watch((id, state) => states.push([id, state]));
    const [a, b] = [job(), job()];
    await Promise.all([queue.submit(a), queue.submit(b)]);
    const first = await queue.claim();
    expect(first).toMatchObject({ id: a.id });
    expect(Buffer.from(first!.sealed)).toEqual(Buffer.from(a.sealed));
    expect((await queue.find(a.id))?.state).toBe("running");
    expect((await queue.claim())?.id).toBe(b.id);
    expect(await queue.claim()).toBeNull();
    const reply = Buffer.alloc(500_000, 7);
    expect(await queue.finish(a.id, { state: "answered", status: Buffer.from("s"), replies: [Buffer.from("r0"), reply] })).toBe(true);
    expect(await queue.finish(a.id, { state: "reseal" })).toBe(false);
    expect(await queue.finish(b.id, { state: "cannot-open", status: null })).toBe(true);
    await reopen();
    expect(await queue.find(a.id)).toMatchObject({ state: "answered", replies: 2, finishedAtMs: nowMs });
    expect(Buffer.from((await queue.readReply(a.id, 1))!)).toEqual(reply);
    expect(await queue.readReply(a.id, 2)).toBeNull();
    expect(Buffer.from((await queue.readStatus(a.id))!).toString()).toBe("s");
    expect(await queue.readStatus(b.id)).toBeNull();
    expect(await queue.claim()).toBeNull();
    expect(queue.counts()).toEqual({ accepted: 0, running: 0, answered: 1, "cannot-open": 1, reseal: 0, expired: 0 });
    expect(states.filter(([id]) => id === a.id).map(([, state]) => state)).toEqual(["accepted", "running", "answered"]);
  });

  it("keeps the newest sealed notices, whatever became of their job, and who sealed them", async () => {
    await reopen({ notices: 4 });
    const end = async (names: string[]): Promise<boolean> => {
      const one = job();
      await queue.submit(one);
      await queue.claim();
      if (names.length === 0) return queue.finish(one.id, { state: "reseal" });
      const notices = names.map((name) => Buffer.from(name));
      return queue.finish(one.id, { state: "answered", status: Buffer.from("s"), replies: [Buffer.from("r")], notices });
    };
    expect(await end(["a0", "a1"])).toBe(true);
    expect(await end([])).toBe(true);
    expect(await end(["b0", "b1"])).toBe(true);
    expect(
      await queue.finish("00".repeat(16), { state: "cannot-open", status: null, notices: [Buffer.from("c0"), Buffer.from("c1")] }),
    ).toBe(false);
    for (const [id, attestation] of ["first", "first again", "second"].entries())
      await queue.notices.keepBoot(Uint8Array.of(Math.max(0, id - 1)), Buffer.from(attestation));
    await reopen({ notices: 4 });
    const read = async (...asked: [number, number | null, number]): Promise<(string | number)[][]> =>
      (await queue.notices.read(...asked)).map(({ number, auditor, sealed }) => [number, auditor, Buffer.from(sealed).toString()]);
    expect(await read(0, null, 9)).toEqual([
      [3, 0, "b0"],
      [4, 1, "b1"],
      [5, 0, "c0"],
      [6, 1, "c1"],
    ]);
    expect(await read(3, 1, 1)).toEqual([[4, 1, "b1"]]);
    expect(await read(6, null, 9)).toEqual([]);
    expect((await queue.notices.boots()).map((one) => Buffer.from(one).toString())).toEqual(["first", "second"]);
  });

  it("hands a job out again after a restart or a release", async () => {
    const a = job();
    await queue.submit(a);
    await queue.claim();
    await reopen();
    expect((await queue.find(a.id))?.state).toBe("accepted");
    expect((await queue.claim())?.id).toBe(a.id);
    const ready = new Promise<void>((resolve) => queue.onReady(resolve));
    queue.release(a.id, 5);
    expect(await queue.claim()).toBeNull();
    await ready;
    expect((await queue.claim())?.id).toBe(a.id);
  });

  it("takes a job once, however often and at the same time it is submitted", async () => {
    const a = job();
    const kinds = (await Promise.all([queue.submit(a), queue.submit(a), queue.submit(a)])).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(["accepted", "known", "known"]);
    expect((await queue.submit({ ...job(), id: a.id })).kind).toBe("conflict");
    const large = job(300_000);
    await Promise.all([queue.submit(large), queue.submit(large)]);
    expect(readdirSync(join(dir, "payloads"))).toHaveLength(1);
    expect(queue.counts().accepted).toBe(2);
  });

  it("counts open jobs by client, and stored bytes", async () => {
    for (let i = 0; i < 3; i++) expect((await queue.submit(job())).kind).toBe("accepted");
    expect((await queue.submit(job())).kind).toBe("quota");
    expect((await queue.submit({ ...job(), client: "another" })).kind).toBe("accepted");
    await queue.finish((await queue.claim())!.id, { state: "reseal" });
    expect((await queue.submit(job())).kind).toBe("accepted");
    await reopen();
    expect((await queue.submit(job())).kind).toBe("quota");
    expect((await queue.submit({ ...job(4_000_000), client: "another" })).kind).toBe("full");
    expect((await queue.submit({ ...job(), client: "another" })).kind).toBe("accepted");
  });

  it("deletes with the right token alone, files too", async () => {
    const a = job(300_000);
    const submission = await queue.submit(a);
    if (submission.kind !== "accepted") throw new Error(submission.kind);
    expect(await queue.remove(a.id, "0".repeat(64))).toBe("wrong-token");
    expect(await queue.remove(job().id, submission.deleteToken)).toBe("unknown");
    expect(await queue.remove(a.id, submission.deleteToken)).toBe("removed");
    expect(await queue.find(a.id)).toBeNull();
    expect(readdirSync(join(dir, "payloads"))).toEqual([]);
    expect(queue.counts().accepted).toBe(0);
    expect(await queue.claim()).toBeNull();
  });

  it("drops the answer of a job that was deleted while it ran", async () => {
    const a = job();
    const submission = await queue.submit(a);
    if (submission.kind !== "accepted") throw new Error(submission.kind);
    await queue.claim();
    expect(await queue.remove(a.id, submission.deleteToken)).toBe("removed");
    expect(await queue.finish(a.id, { state: "answered", status: Buffer.from("s"), replies: [Buffer.alloc(200_000)] })).toBe(false);
    expect(readdirSync(join(dir, "payloads"))).toEqual([]);
  });

  it("expires what is late and forgets what is old", async () => {
    const a = job();
    const b = { ...job(), notAfter: nowMs / 1000 + 10 };
    await Promise.all([queue.submit(a), queue.submit(b)]);
    nowMs += 11_000;
    await queue.sweep();
    expect((await queue.find(b.id))?.state).toBe("expired");
    expect((await queue.find(a.id))?.state).toBe("accepted");
    nowMs += 995_000;
    await queue.sweep();
    expect((await queue.find(a.id))?.state).toBe("expired"); // open longer than the retention
    expect((await queue.find(b.id))?.state).toBe("expired");
    nowMs += 10_000;
    await queue.sweep();
    expect(await queue.find(b.id)).toBeNull();
    expect(queue.counts().expired).toBe(1);
  });

  it("keeps a second host out until the first has closed", async () => {
    await expect(open()).rejects.toMatchObject({ name: "ConfigurationError", code: "store-locked", message: expect.stringContaining(dir) });
    await queue.close();
    queue = await open();
  });

  it("refuses a folder of a newer version, and one that is no folder", async () => {
    await queue.close();
    const db = new DatabaseSync(join(dir, "jobs.sqlite"));
    db.exec("PRAGMA user_version = 99");
    db.close();
    await expect(open()).rejects.toMatchObject({ code: "store-version" });
    writeFileSync(join(dir, "jobs.sqlite"), "this is not a database, and long enough to be taken for one");
    await expect(open()).rejects.toMatchObject({ code: "store-unreadable" });
    dir = join(dir, "jobs.sqlite");
    await expect(open()).rejects.toMatchObject({ code: "store-unreadable" });
    dir = join(dir, "..");
  });

  it("removes files that no row names", async () => {
    writeFileSync(join(dir, "payloads", "orphan"), "left by a kill between file and row");
    const kept = job(300_000);
    await queue.submit(kept);
    await reopen();
    expect(readdirSync(join(dir, "payloads"))).toHaveLength(1);
    expect(Buffer.from((await queue.claim())!.sealed)).toEqual(Buffer.from(kept.sealed));
  });

  it("refuses what comes after it was closed", async () => {
    await queue.close();
    await expect(queue.submit(job())).rejects.toThrow();
  });
});

function job(bytes = 4096): NewJob {
  const { id, sealed, digest } = makeOpaqueJob({ bytes });
  return { id, sealed, digest, keyId: new Uint8Array(32), notAfter: 4_000_000_000, client: "one" };
}
