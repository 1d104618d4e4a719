import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { lockFolder, waitForLock } from "./lock.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("keeps a second one out of a data folder until the first gives it free", async () => {
  const unlock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: "store-locked" });
  unlock();
  (await lockFolder(folder))();
});

it("waits for another program, and has the lock when that one is killed", async () => {
  const path = join(folder, "new", "file.lock");
  (await waitForLock(path))();
  const hold = `const { DatabaseSync } = require("node:sqlite");
    globalThis.db = new DatabaseSync(process.argv[1]);
    globalThis.db.exec("BEGIN EXCLUSIVE");
    process.stdout.write("held");
    process.stdin.resume();`;
  const other = spawn(process.execPath, ["-e", hold, path], { stdio: ["pipe", "pipe", "inherit"] });
  await once(other.stdout, "data");
  let taken = false;
  const waiting = waitForLock(path).then((unlock) => {
    taken = true;
    return unlock;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(taken).toBe(false);
  other.kill("SIGKILL");
  (await waiting)();
  await expect(waitForLock("/proc/none/file.lock")).rejects.toThrow(/cannot be written/);
  const text = join(folder, "text");
  writeFileSync(text, "no database, and longer than the head of one would have to be: ".repeat(20));
  await expect(waitForLock(text)).rejects.toThrow(/is no lock/);
});
