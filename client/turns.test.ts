import { setImmediate as soon } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

describe("turns", () => {
  it("run one piece of work at a time, in order, also behind one that failed", async () => {
    const turns = new Turns();
    const told: string[] = [];
    let running = 0;
    const work = (name: string, fails: boolean) => async (): Promise<string> => {
      expect(++running).toBe(1);
      told.push(name);
      await soon();
      await soon();
      running--;
      if (fails) throw new Error(name);
      return name;
    };
    const ends = await Promise.allSettled([turns.take(work("a", false)), turns.take(work("b", true)), turns.take(work("c", false))]);
    expect(told).toEqual(["a", "b", "c"]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(ends[0]).toMatchObject({ value: "a" });
  });
});
