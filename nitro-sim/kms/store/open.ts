import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "@caladrius/wire";
import type { MasterKey } from "./master-key.ts";

/**
 * Opens the database of a data folder, makes it where there is none, and keeps every other process out until it is closed.
 * @throws ConfigurationError kms-locked, kms-data, kms-version, kms-master-key when the folder was written under another master key
 */
export function openDatabase(dataDir: string, master: MasterKey): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, "kms.sqlite");
    closeSync(openSync(path, "a", 0o600)); // SQLite would let others read it
    db = new DatabaseSync(path);
    db.exec(SETTINGS);
    db.exec("BEGIN IMMEDIATE; COMMIT"); // takes the exclusive lock now
    migrate(db);
    demandSameMasterKey(db, master);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof ConfigurationError) throw error;
    const locked = error instanceof Error && "errcode" in error && Number(error.errcode) % 256 === SQLITE_BUSY;
    throw locked
      ? new ConfigurationError("kms-locked", `another simulated KMS runs on ${dataDir}: stop it, or choose another folder`)
      : new ConfigurationError("kms-data", `${dataDir} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function migrate(db: DatabaseSync): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > VERSION) throw new ConfigurationError("kms-version", `the folder's version is ${version}, this build knows ${VERSION}`);
  if (version < VERSION) db.exec(`BEGIN IMMEDIATE; ${SCHEMA}; PRAGMA user_version = ${VERSION}; COMMIT`);
}

function demandSameMasterKey(db: DatabaseSync, master: MasterKey): void {
  const row = db.prepare("SELECT sealed FROM master_check").get();
  if (row === undefined) db.prepare("INSERT INTO master_check (sealed) VALUES (?)").run(master.seal("check", "kms", new Uint8Array(0)));
  else if (master.open("check", "kms", row["sealed"] as Uint8Array) === null)
    throw new ConfigurationError("kms-master-key", "the keys in this folder were written under another master key file");
}

// exclusive + WAL: one process, the lock held until close. FULL: a commit is on disk before it returns.
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;
`;

const SCHEMA = `
  CREATE TABLE master_check (sealed BLOB NOT NULL) STRICT;
  CREATE TABLE keys (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, spec TEXT NOT NULL, usage TEXT NOT NULL, description TEXT NOT NULL,
    policy TEXT NOT NULL, enabled INTEGER NOT NULL, created_ms INTEGER NOT NULL, delete_at_ms INTEGER,
    rotation_days INTEGER, next_rotation_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX keys_account ON keys (account, id);
  CREATE INDEX keys_deletion ON keys (delete_at_ms) WHERE delete_at_ms IS NOT NULL;
  CREATE INDEX keys_rotation ON keys (next_rotation_ms) WHERE next_rotation_ms IS NOT NULL;
  CREATE TABLE material (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE, version INTEGER NOT NULL, created_ms INTEGER NOT NULL,
    rotation TEXT, sealed BLOB NOT NULL, PRIMARY KEY (key_id, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE aliases (
    account TEXT NOT NULL, name TEXT NOT NULL, key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, PRIMARY KEY (account, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX aliases_key ON aliases (key_id);
  CREATE TABLE tags (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key_id, name)
  ) STRICT, WITHOUT ROWID;
`;
const VERSION = 1;
const SQLITE_BUSY = 5;
