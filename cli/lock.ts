import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigurationError } from "@caladrius/wire";
import { UnreachableError } from "./exit.ts";
import { makeFolder } from "./files.ts";

/**
 * Keeps a folder for one process, before anything in it is changed. The lock is SQLite's on a file of its own, as the host's
 * is: the system drops it with the process, so that a kill leaves nothing stale.
 * @returns what gives the folder free
 * @throws ConfigurationError store-locked; errors of the system
 */
export async function lockFolder(folder: string): Promise<() => void> {
  await makeFolder(folder, 0o700);
  const db = new DatabaseSync(join(folder, "simulator.lock"));
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
  } catch {
    db.close();
    throw new ConfigurationError(
      "store-locked",
      `another simulator runs on the data folder ${folder}. Stop it, or give this one another --data folder.`,
    );
  }
  return () => db.close();
}

/**
 * Waits for a lock of the same kind on a file of its own, which stays behind: whoever removed it could hold it beside
 * another who waited.
 * @returns what gives it free
 * @throws UnreachableError when somebody keeps it for ten seconds, or it cannot be made
 */
export async function waitForLock(path: string): Promise<() => void> {
  await makeFolder(dirname(path));
  for (const endMs = performance.now() + LOCK_MS; ;) {
    const db = openLock(path);
    try {
      db.exec("BEGIN EXCLUSIVE");
      return () => db.close();
    } catch (error) {
      db.close();
      if (!isBusy(error)) throw new UnreachableError(`${path} is no lock: remove it`);
      if (performance.now() > endMs) throw new UnreachableError(`another program keeps ${path}: end it, or wait for it`);
    }
    await sleep(POLL_MS);
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch {
    throw new UnreachableError(`${path} cannot be written: choose another place, or allow this user to write there`);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

const SQLITE_BUSY = 5;
const LOCK_MS = 10_000;
const POLL_MS = 20;
