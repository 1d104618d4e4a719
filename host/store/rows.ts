import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JobState, NewJob } from "../queue.ts";
import { SEALED_PART, STATUS_PART } from "./schema.ts";

/** A state as it is stored: `running` is not. */
export type StoredState = Exclude<JobState, "running">;

/** A row of `jobs`. */
export interface JobRow {
  id: string;
  digest: Uint8Array;
  keyId: Uint8Array;
  notAfter: number;
  bytes: number;
  client: string;
  acceptedAtMs: number;
  state: StoredState;
  finishedAtMs: number | null;
  replies: number;
}

/** A payload: its bytes in the row, or the name of its file. */
export interface StoredPayload {
  size: number;
  bytes: Uint8Array | null;
  file: string | null;
}

/** The statements of the store, prepared once. Writing ones are to be called inside a transaction. */
export class JobRows {
  readonly #db: DatabaseSync;
  readonly #find: StatementSync;
  readonly #payload: StatementSync;
  readonly #payloads: StatementSync;
  readonly #insertJob: StatementSync;
  readonly #insertPayload: StatementSync;
  readonly #finish: StatementSync;
  readonly #removeSealed: StatementSync;
  readonly #removeJob: StatementSync;
  readonly #finishedBefore: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#find = db.prepare(`SELECT seq, ${COLUMNS} FROM jobs WHERE id = ?`);
    this.#payload = db.prepare("SELECT size, bytes, file FROM payloads WHERE job = (SELECT seq FROM jobs WHERE id = ?) AND part = ?");
    this.#payloads = db.prepare("SELECT size, NULL AS bytes, file FROM payloads WHERE job = ?");
    this.#insertJob = db.prepare(
      "INSERT INTO jobs (id, digest, key_id, not_after, bytes, client, accepted_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, 'accepted') ON CONFLICT (id) DO NOTHING",
    );
    this.#insertPayload = db.prepare("INSERT INTO payloads (job, part, size, bytes, file) VALUES (?, ?, ?, ?, ?)");
    this.#finish = db.prepare("UPDATE jobs SET state = ?, finished_at = ?, replies = ? WHERE id = ? AND finished_at IS NULL RETURNING seq");
    this.#removeSealed = db.prepare(`DELETE FROM payloads WHERE job = ? AND part = ${SEALED_PART} RETURNING size, NULL AS bytes, file`);
    this.#removeJob = db.prepare("DELETE FROM jobs WHERE seq = ?");
    this.#finishedBefore = db.prepare("SELECT id FROM jobs WHERE finished_at < ? ORDER BY finished_at LIMIT ?");
  }

  find(id: string): JobRow | null {
    const row = this.#find.get(id);
    return row === undefined ? null : (row as unknown as JobRow);
  }

  payload(id: string, part: number): StoredPayload | null {
    const row = this.#payload.get(id, part);
    return row === undefined ? null : (row as unknown as StoredPayload);
  }

  /** Adds an open job. False, and nothing changes, when its id is known. */
  insert(job: NewJob, acceptedAtMs: number, sealed: StoredPayload): boolean {
    const { id, digest, keyId, notAfter, client } = job;
    const { changes, lastInsertRowid } = this.#insertJob.run(id, digest, keyId, notAfter, sealed.size, client, acceptedAtMs);
    if (changes === 0) return false;
    this.#insertPayload.run(lastInsertRowid, SEALED_PART, sealed.size, sealed.bytes, sealed.file);
    return true;
  }

  /** Ends an open job: its sealed bytes go, status and replies come. Returns what went, null when it was not open. */
  finish(
    id: string,
    state: StoredState,
    finishedAtMs: number,
    status: StoredPayload | null,
    replies: readonly StoredPayload[],
  ): StoredPayload[] | null {
    const row = this.#finish.get(state, finishedAtMs, replies.length, id);
    if (row === undefined) return null;
    const seq = Number(row["seq"]);
    const dropped = this.#removeSealed.all(seq) as unknown as StoredPayload[];
    if (status !== null) this.#insertPayload.run(seq, STATUS_PART, status.size, status.bytes, status.file);
    for (const [part, reply] of replies.entries()) this.#insertPayload.run(seq, part, reply.size, reply.bytes, reply.file);
    return dropped;
  }

  /** Removes a job with its payloads and returns what it was, null when there is none. */
  remove(id: string): { state: StoredState; payloads: StoredPayload[] } | null {
    const row = this.#find.get(id);
    if (row === undefined) return null;
    const seq = Number(row["seq"]);
    const payloads = this.#payloads.all(seq) as unknown as StoredPayload[];
    this.#removeJob.run(seq);
    return { state: row["state"] as StoredState, payloads };
  }

  /** Ids of jobs that ended before a time, oldest first. */
  finishedBefore(timeMs: number, most: number): string[] {
    return this.#finishedBefore.all(timeMs, most).map((row) => String(row["id"]));
  }

  /** Every open job in the order of acceptance. */
  openJobs(): JobRow[] {
    return this.#db.prepare(`SELECT ${COLUMNS} FROM jobs WHERE finished_at IS NULL ORDER BY seq`).all() as unknown as JobRow[];
  }

  /** How many ended jobs there are in each state. */
  countsByState(): Map<string, number> {
    const rows = this.#db.prepare("SELECT state, count(*) AS n FROM jobs WHERE finished_at IS NOT NULL GROUP BY state").all();
    return new Map(rows.map((row) => [String(row["state"]), Number(row["n"])]));
  }

  storedBytes(): number {
    return Number(this.#db.prepare("SELECT coalesce(sum(size), 0) AS total FROM payloads").get()?.["total"]);
  }

  namesFile(name: string): boolean {
    return this.#db.prepare("SELECT 1 FROM payloads WHERE file = ?").get(name) !== undefined;
  }

  /** The store's own secret, made at first use: what keys are derived from that must outlive a restart. */
  secret(make: () => Uint8Array): Uint8Array {
    const row = this.#db.prepare("SELECT value FROM meta WHERE name = 'secret'").get();
    if (row !== undefined) return row["value"] as Uint8Array;
    const value = make();
    this.#db.prepare("INSERT INTO meta (name, value) VALUES ('secret', ?)").run(value);
    return value;
  }
}

const COLUMNS =
  "id, digest, key_id AS keyId, not_after AS notAfter, bytes, client, accepted_at AS acceptedAtMs, state, finished_at AS finishedAtMs, replies";
