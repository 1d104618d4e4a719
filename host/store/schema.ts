/**
 * One script for each version of the store, in order; `PRAGMA user_version` says how many have run. Scripts are only ever added.
 * A payload's part is -2 for the sealed job, -1 for the status statement, n for the reply of recipient n. Large payloads
 * are files named by `file`; `size` is the length of either.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    key_id BLOB NOT NULL,
    not_after INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    client TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'answered', 'cannot-open', 'reseal', 'expired')),
    finished_at INTEGER,
    replies INTEGER NOT NULL DEFAULT 0,
    CHECK ((state = 'accepted') = (finished_at IS NULL))
  ) STRICT;
  CREATE INDEX jobs_open ON jobs (seq) WHERE finished_at IS NULL;
  CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
  CREATE TABLE payloads (
    job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    size INTEGER NOT NULL,
    bytes BLOB,
    file TEXT,
    PRIMARY KEY (job, part),
    CHECK ((bytes IS NULL) <> (file IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX payloads_file ON payloads (file) WHERE file IS NOT NULL;
  `,
  `
  CREATE TABLE notices (number INTEGER PRIMARY KEY AUTOINCREMENT, auditor INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE boots (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, attestation BLOB NOT NULL) STRICT;
  `,
];

/** Parts that are not replies. */
export const SEALED_PART = -2;
export const STATUS_PART = -1;
