import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { KeptNotice, NoticeBox } from "../queue.ts";
import type { GroupCommit } from "./commit.ts";

/** The newest sealed notices and who the enclaves were that sealed them. The host can open none and tells none from another. */
export class SqliteNoticeBox implements NoticeBox {
  readonly #commit: GroupCommit;
  readonly #insert: StatementSync;
  readonly #prune: StatementSync;
  readonly #read: StatementSync;
  readonly #insertBoot: StatementSync;
  readonly #pruneBoots: StatementSync;
  readonly #boots: StatementSync;
  readonly #most: number;

  /** @param most notices that are kept */
  constructor(db: DatabaseSync, commit: GroupCommit, most: number) {
    this.#commit = commit;
    this.#most = most;
    this.#insert = db.prepare("INSERT INTO notices (auditor, sealed) VALUES (?, ?)");
    this.#prune = db.prepare("DELETE FROM notices WHERE number <= ?");
    this.#read = db.prepare(
      "SELECT number, auditor, sealed FROM notices WHERE number > ? AND auditor = coalesce(?, auditor) ORDER BY number LIMIT ?",
    );
    this.#insertBoot = db.prepare("INSERT INTO boots (id, attestation) VALUES (?, ?) ON CONFLICT (id) DO NOTHING");
    this.#pruneBoots = db.prepare(`DELETE FROM boots WHERE seq NOT IN (SELECT seq FROM boots ORDER BY seq DESC LIMIT ${MOST_BOOTS})`);
    this.#boots = db.prepare("SELECT attestation FROM boots ORDER BY seq");
  }

  /** Adds what came with one answer, one notice for each auditor. To be called inside a transaction. */
  add(notices: readonly Uint8Array[]): void {
    let newest = 0;
    for (const [auditor, sealed] of notices.entries()) newest = Number(this.#insert.run(auditor, sealed).lastInsertRowid);
    if (newest > this.#most) this.#prune.run(newest - this.#most);
  }

  async read(after: number, auditor: number | null, most: number): Promise<KeptNotice[]> {
    return this.#read.all(after, auditor, most) as unknown as KeptNotice[];
  }

  async keepBoot(bootId: Uint8Array, attestation: Uint8Array): Promise<void> {
    await this.#commit.run(() => {
      this.#insertBoot.run(bootId, attestation);
      this.#pruneBoots.run();
    });
  }

  async boots(): Promise<Uint8Array[]> {
    return this.#boots.all().map((row) => row["attestation"] as Uint8Array);
  }
}

const MOST_BOOTS = 64;
