import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GroupCommit } from "./commit.ts";

describe("commits in groups", () => {
  let db: DatabaseSync;
  let batches: number[];
  let commit: GroupCommit;
  beforeEach(() => {
    db = new DatabaseSync(":memory:");
    db.exec("CREATE TABLE t (n INTEGER) STRICT");
    batches = [];
    commit = new GroupCommit(db, (_, batch) => batches.push(batch));
  });
  afterEach(() => db.close());
  const insert = (n: number) => () => Number(db.prepare("INSERT INTO t VALUES (?)").run(n).lastInsertRowid);
  const count = (): unknown => db.prepare("SELECT count(*) AS n FROM t").get()?.["n"];

  it("shares one transaction among what comes together, and gives each its value", async () => {
    expect(await Promise.all([1, 2, 3].map((n) => commit.run(insert(n))))).toEqual([1, 2, 3]);
    expect(await commit.run(insert(4))).toBe(4);
    expect(batches).toEqual([3, 1]);
  });

  it("refuses all of a transaction that fails, and goes on", async () => {
    const together = [
      commit.run(insert(1)),
      commit.run(() => {
        throw new Error("disk is full");
      }),
    ];
    for (const outcome of await Promise.allSettled(together)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { name: "DependencyError", code: "store-unavailable" } });
    }
    expect(count()).toBe(0);
    await commit.run(insert(2));
    expect(count()).toBe(1);
  });

  it("says so when the database can hold no more", async () => {
    db.exec("PRAGMA max_page_count = 3");
    const large = commit.run(() => db.exec("CREATE TABLE big (b BLOB); INSERT INTO big VALUES (zeroblob(100000))"));
    await expect(large).rejects.toMatchObject({ code: "store-unavailable", retryAfterMs: 1000 });
    await commit.run(insert(1));
    expect(count()).toBe(1);
  });

  it("commits what waits when it is closed, and nothing after", async () => {
    const last = commit.run(insert(1));
    commit.close();
    expect(await last).toBe(1);
    await expect(commit.run(insert(2))).rejects.toMatchObject({ code: "store-unavailable" });
  });
});
