import type { DatabaseSync } from "node:sqlite";
import { DependencyError } from "@caladrius/wire";

interface Waiting {
  work: () => void;
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * Runs database work in transactions shared by all that arrives until the next one may begin, so that one fsync makes many
 * jobs durable. When idle that is at once; under load commits take at most about half of the time. Work is all or nothing per transaction: if any of it throws, everyone in it is refused.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #onCommit: (durationMs: number, batch: number) => void;
  #waiting: Waiting[] = [];
  #closed = false;
  #restUntilMs = 0;

  constructor(db: DatabaseSync, onCommit: (durationMs: number, batch: number) => void) {
    this.#db = db;
    this.#onCommit = onCommit;
  }

  /**
   * Runs `work` inside a transaction and returns what it returned, once that is on disk.
   * @throws DependencyError store-unavailable when the transaction fails (disk full, I/O error)
   */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) return reject(unavailable("the store is closed"));
      const held: { value?: T } = {};
      const entry: Waiting = {
        work: () => void (held.value = work()),
        resolve: () => resolve(held.value as T),
        reject,
      };
      if (this.#waiting.push(entry) > 1) return;
      const restMs = Math.min(this.#restUntilMs - performance.now(), MOST_REST_MS);
      if (restMs > 0) setTimeout(() => this.flush(), restMs);
      else setImmediate(() => this.flush());
    });
  }

  /** Commits what waits, now. */
  flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const begunMs = performance.now();
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const { work } of batch) work();
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      for (const { reject } of batch) reject(unavailable(error instanceof Error ? error.message : "unknown"));
      return;
    }
    const endedMs = performance.now();
    this.#restUntilMs = endedMs + (endedMs - begunMs);
    this.#onCommit(endedMs - begunMs, batch.length);
    for (const { resolve } of batch) resolve();
  }

  /** Commits what waits and refuses everything after. */
  close(): void {
    this.flush();
    this.#closed = true;
  }
}

function unavailable(reason: string): DependencyError {
  return new DependencyError("store-unavailable", `the job store cannot write: ${reason}`, 1000);
}

const MOST_REST_MS = 5;
