import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "@caladrius/wire";
import { escapeText } from "../text.ts";
import { MIGRATIONS } from "./schema.ts";

/**
 * Opens the job store of a data folder, makes it where there is none, and keeps every other host out until it is closed.
 * The lock is SQLite's own on the database file, which the system drops with the process: after a kill there is nothing stale.
 * @throws ConfigurationError store-locked, store-version, store-unreadable
 */
export function openDatabase(dataDir: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    db = new DatabaseSync(join(dataDir, "jobs.sqlite"));
    db.exec(SETTINGS);
    db.exec("BEGIN IMMEDIATE; COMMIT"); // takes the exclusive lock now, not at the first job
    migrate(db, dataDir);
    return db;
  } catch (error) {
    db?.close();
    throw refusal(error, dataDir);
  }
}

// exclusive + WAL: one process, the lock held until close. FULL: a commit is on disk before it returns.
const SETTINGS = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
`;

function migrate(db: DatabaseSync, dataDir: string): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > MIGRATIONS.length) {
    const detail = `${escapeText(dataDir)} holds a job store of version ${version}; this host knows versions up to ${MIGRATIONS.length}. Start the newer host, or another --data folder.`;
    throw new ConfigurationError("store-version", detail);
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index >= version) db.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

function refusal(error: unknown, dataDir: string): ConfigurationError {
  if (error instanceof ConfigurationError) return error;
  const folder = escapeText(dataDir);
  const code = sqliteCode(error);
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) {
    return new ConfigurationError(
      "store-locked",
      `another host runs on the data folder ${folder}. Stop it, or give this one another --data folder.`,
    );
  }
  const reason = error instanceof Error ? escapeText(error.message) : "unknown";
  return new ConfigurationError("store-unreadable", `the data folder ${folder} cannot be used: ${reason}`);
}

function sqliteCode(error: unknown): number | null {
  const code = error instanceof Error && "errcode" in error ? error.errcode : null;
  return typeof code === "number" ? code & 255 : null; // the low byte is the primary result code
}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
