import { createHmac, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { DependencyError, equalBytes, InvariantError } from "@caladrius/wire";
import {
  JOB_STATES,
  type ClaimedJob,
  type JobQueue,
  type JobState,
  type JobView,
  type NewJob,
  type Outcome,
  type Submission,
} from "../queue.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { GroupCommit } from "./commit.ts";
import { SqliteNoticeBox } from "./notice-box.ts";
import { openDatabase } from "./open.ts";
import { OpenJobs, type OpenJob } from "./open-jobs.ts";
import { FILE_FROM_BYTES, PayloadFiles } from "./payload-files.ts";
import { JobRows, type JobRow, type StoredPayload } from "./rows.ts";
import { SEALED_PART, STATUS_PART } from "./schema.ts";

/** What a store needs: its folder, the time, its bounds. */
export interface SqliteQueueOptions {
  dataDir: string;
  clock: { nowMs(): number };
  limits: { openJobsPerClient: number; storedBytes: number; retentionMs: number; notices?: number };
  /** called after each commit with its duration and the number of changes in it */
  onCommit?: (durationMs: number, batch: number) => void;
}

/**
 * Opens the job store of one machine.
 * @throws ConfigurationError store-locked, store-version, store-unreadable
 */
export async function openSqliteQueue(options: SqliteQueueOptions): Promise<JobQueue> {
  const db = openDatabase(options.dataDir);
  const rows = new JobRows(db);
  const files = new PayloadFiles(options.dataDir);
  await files.sweep((name) => rows.namesFile(name));
  return new SqliteQueue(db, rows, files, options);
}

/** `JobQueue` over node:sqlite. What is open also stands in memory; that it is running stands only there. */
class SqliteQueue implements JobQueue {
  readonly notices: SqliteNoticeBox;
  readonly #db: DatabaseSync;
  readonly #rows: JobRows;
  readonly #files: PayloadFiles;
  readonly #options: SqliteQueueOptions;
  readonly #commit: GroupCommit;
  readonly #secret: KeyObject;
  readonly #open = new OpenJobs();
  readonly #ended: Map<string, number>;
  readonly #delays = new Set<NodeJS.Timeout>();
  readonly #stateListeners = new Set<(id: string, state: JobState) => void>();
  readonly #readyListeners = new Set<() => void>();
  #storedBytes: number;

  constructor(db: DatabaseSync, rows: JobRows, files: PayloadFiles, options: SqliteQueueOptions) {
    this.#db = db;
    this.#rows = rows;
    this.#files = files;
    this.#options = options;
    this.#commit = new GroupCommit(db, options.onCommit ?? (() => {}));
    this.notices = new SqliteNoticeBox(db, this.#commit, options.limits.notices ?? DEFAULT_LIMITS.notices);
    this.#secret = createSecretKey(rows.secret(() => randomBytes(32)));
    this.#storedBytes = rows.storedBytes();
    this.#ended = rows.countsByState();
    for (const { id, client, digest, notAfter, acceptedAtMs } of rows.openJobs()) {
      this.#open.reserve(client, Infinity);
      this.#open.add({ id, client, digest, notAfter, acceptedAtMs, running: false });
    }
  }

  async submit(newJob: NewJob): Promise<Submission> {
    const job = { ...newJob, client: this.#pseudonym(newJob.client) };
    if (this.#open.get(job.id) !== undefined) return this.#known(job);
    const { openJobsPerClient, storedBytes } = this.#options.limits;
    if (this.#storedBytes + job.sealed.length > storedBytes) return this.#known(job, { kind: "full" });
    if (!this.#open.reserve(job.client, job.mostOpen ?? openJobsPerClient)) return this.#known(job, { kind: "quota" });
    this.#storedBytes += job.sealed.length;
    const undo = async (written: StoredPayload[]): Promise<void> => {
      this.#open.cancel(job.client);
      this.#storedBytes -= job.sealed.length;
      await this.#discard(written);
    };
    const written: StoredPayload[] = [];
    try {
      const payload = await this.#store(job.sealed);
      written.push(payload);
      const acceptedAtMs = this.#options.clock.nowMs();
      const known = await this.#commit.run(() => (this.#rows.insert(job, acceptedAtMs, payload) ? null : this.#known(job)));
      if (known !== null) {
        await undo(written);
        return known;
      }
      const { id, client, digest, notAfter } = job;
      this.#open.add({ id, client, digest, notAfter, acceptedAtMs, running: false });
      this.#tell(id, "accepted");
      this.#ready();
      const view: JobView = { id, state: "accepted", bytes: payload.size, acceptedAtMs, finishedAtMs: null, notAfter, replies: 0 };
      return { kind: "accepted", job: view, deleteToken: this.#token(id, job.digest) };
    } catch (error) {
      await undo(written);
      throw error;
    }
  }

  async find(id: string): Promise<JobView | null> {
    const row = this.#rows.find(id);
    return row === null ? null : this.#view(row);
  }

  async isOf(id: string, client: string, digest: Uint8Array | null): Promise<boolean> {
    const row = this.#rows.find(id);
    return row !== null && (row.client === this.#pseudonym(client) || (digest !== null && equalBytes(row.digest, digest)));
  }

  async readStatus(id: string): Promise<Uint8Array | null> {
    return this.#load(this.#rows.payload(id, STATUS_PART));
  }

  async readReply(id: string, recipient: number): Promise<Uint8Array | null> {
    return this.#load(this.#rows.payload(id, recipient));
  }

  async claim(): Promise<ClaimedJob | null> {
    for (let job = this.#open.next(); job !== null; job = this.#open.next()) {
      const { id, digest } = job;
      const sealed = await this.#loadSealed(id);
      if (sealed === null || this.#open.get(id) !== job) continue; // removed while its file was read
      this.#tell(id, "running");
      return { id, digest, sealed };
    }
    return null;
  }

  async finish(id: string, outcome: Outcome): Promise<boolean> {
    const status = "status" in outcome && outcome.status !== null ? [await this.#store(outcome.status)] : [];
    const replies = outcome.state === "answered" ? await Promise.all(outcome.replies.map((reply) => this.#store(reply))) : [];
    const written = [...status, ...replies];
    const finishedAtMs = this.#options.clock.nowMs();
    const dropped = await this.#commit.run(() => {
      if ("notices" in outcome) this.notices.add(outcome.notices ?? []);
      return this.#rows.finish(id, outcome.state, finishedAtMs, status[0] ?? null, replies);
    });
    if (dropped === null) {
      await this.#discard(written);
      return false;
    }
    for (const { size } of written) this.#storedBytes += size;
    this.#open.drop(id);
    this.#count(outcome.state, 1);
    this.#tell(id, outcome.state);
    await this.#forget(dropped);
    return true;
  }

  release(id: string, delayMs: number): void {
    const job = this.#open.get(id);
    if (job === undefined || !job.running) return;
    job.running = false;
    this.#tell(id, "accepted");
    const timer = setTimeout(() => {
      this.#delays.delete(timer);
      if (this.#open.offer(id)) this.#ready();
    }, delayMs);
    this.#delays.add(timer);
  }

  hurry(ids: Iterable<string>): void {
    let any = false;
    for (const id of ids) any = (this.#open.get(id)?.running === false && this.#open.offer(id)) || any;
    if (any) this.#ready();
  }

  async remove(id: string, deleteToken: string): Promise<"removed" | "unknown" | "wrong-token"> {
    const row = this.#rows.find(id);
    if (row === null) return "unknown";
    const expected = Buffer.from(this.#token(id, row.digest));
    const given = Buffer.from(deleteToken);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return "wrong-token";
    await this.#removeAll([id]);
    return "removed";
  }

  async sweep(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const oldestMs = nowMs - this.#options.limits.retentionMs;
    const late = (job: OpenJob): boolean => job.notAfter * 1000 < nowMs || job.acceptedAtMs < oldestMs;
    const expired = this.#open.all().filter((job) => !job.running && late(job)); // a running one may still be answered
    await Promise.all(expired.map(({ id }) => this.finish(id, { state: "expired" })));
    for (let old = SWEEP_BATCH; old === SWEEP_BATCH;) {
      const ids = this.#rows.finishedBefore(oldestMs, SWEEP_BATCH);
      await this.#removeAll(ids);
      old = ids.length;
    }
    this.#commit.flush();
    if (this.#db.isOpen) this.#db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  }

  counts(): Record<JobState, number> {
    const ended = Object.fromEntries(JOB_STATES.map((state) => [state, this.#ended.get(state) ?? 0])) as Record<JobState, number>;
    return { ...ended, ...this.#open.counts() };
  }

  watch(listener: (id: string, state: JobState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => void this.#stateListeners.delete(listener);
  }

  onReady(listener: () => void): () => void {
    this.#readyListeners.add(listener);
    return () => void this.#readyListeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const timer of this.#delays) clearTimeout(timer);
    this.#stateListeners.clear();
    this.#readyListeners.clear();
    this.#commit.close();
    if (this.#db.isOpen) this.#db.close();
  }

  /** What a submission is when its id is known; `otherwise` when it is not. */
  #known(job: NewJob, otherwise?: Submission): Submission {
    const row = this.#rows.find(job.id);
    if (row === null && otherwise !== undefined) return otherwise;
    if (row === null) throw new InvariantError("internal", "a job that is open and not stored");
    if (!equalBytes(row.digest, job.digest)) return { kind: "conflict" };
    return { kind: "known", job: this.#view(row), deleteToken: this.#token(job.id, row.digest) };
  }

  #view(row: JobRow): JobView {
    const { id, bytes, acceptedAtMs, finishedAtMs, notAfter, replies } = row;
    const state = this.#open.get(id)?.running === true ? "running" : row.state;
    return { id, state, bytes, acceptedAtMs, finishedAtMs, notAfter, replies };
  }

  /** Derived, so it need not be stored and a repeated submission gives the same. */
  #token(id: string, digest: Uint8Array): string {
    return createHmac("sha256", this.#secret).update(`delete ${id} `).update(digest).digest("hex");
  }

  /** The quota needs to tell clients apart, not to know their addresses. */
  #pseudonym(client: string): string {
    return createHmac("sha256", this.#secret).update(`client ${client}`).digest("hex").slice(0, 16);
  }

  async #removeAll(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const removed = await this.#commit.run(() => ids.map((id) => ({ id, gone: this.#rows.remove(id) })));
    for (const { id, gone } of removed) {
      if (gone === null) continue;
      this.#open.drop(id);
      if (gone.state !== "accepted") this.#count(gone.state, -1);
      await this.#forget(gone.payloads);
    }
  }

  /** Puts a payload where it will lie: small ones into the row, large ones into a file that is on disk now. */
  async #store(bytes: Uint8Array): Promise<StoredPayload> {
    if (bytes.length < FILE_FROM_BYTES) return { size: bytes.length, bytes, file: null };
    return { size: bytes.length, bytes: null, file: await this.#files.write(bytes) };
  }

  async #load(payload: StoredPayload | null): Promise<Uint8Array | null> {
    if (payload === null) return null;
    return payload.file === null ? payload.bytes : this.#files.read(payload.file);
  }

  async #loadSealed(id: string): Promise<Uint8Array | null> {
    try {
      const sealed = await this.#load(this.#rows.payload(id, SEALED_PART));
      if (sealed === null && this.#rows.find(id)?.state === "accepted")
        throw new InvariantError("internal", "an open job without its bytes");
      return sealed;
    } catch (error) {
      if (!this.#open.get(id)) return null;
      this.release(id, UNREADABLE_RETRY_MS);
      if (error instanceof InvariantError) throw error;
      throw new DependencyError("store-unavailable", "a sealed job cannot be read", UNREADABLE_RETRY_MS);
    }
  }

  async #forget(payloads: readonly StoredPayload[]): Promise<void> {
    for (const { size } of payloads) this.#storedBytes -= size;
    await this.#discard(payloads);
  }

  async #discard(payloads: readonly StoredPayload[]): Promise<void> {
    const names = payloads.flatMap(({ file }) => (file === null ? [] : [file]));
    if (names.length > 0) await this.#files.remove(names);
  }

  #count(state: JobState, by: number): void {
    this.#ended.set(state, (this.#ended.get(state) ?? 0) + by);
  }

  #tell(id: string, state: JobState): void {
    for (const listener of this.#stateListeners) listener(id, state);
  }

  #ready(): void {
    for (const listener of this.#readyListeners) listener();
  }
}

const SWEEP_BATCH = 256;
const VACUUM_PAGES = 512; // 8 MiB a time: a sweep must not stop the event loop
const UNREADABLE_RETRY_MS = 30_000;
