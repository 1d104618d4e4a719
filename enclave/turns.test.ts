import { describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

describe("turns", () => {
  it("run so many at once, the others in order, and refuse when too many wait", async () => {
    const turns = new Turns(2, 2);
    const began: number[] = [];
    const finish: (() => void)[] = [];
    const step = (n: number): Promise<number> =>
      turns.take(async () => {
        began.push(n);
        await new Promise<void>((resolve) => finish.push(resolve));
        if (n === 1) throw new Error("failed");
        return n;
      });
    const results = Promise.allSettled([0, 1, 2, 3, 4].map(step));
    await settle();
    expect(began).toEqual([0, 1]);
    finish[1]?.();
    await settle();
    expect(began).toEqual([0, 1, 2]); // a step that fails gives its turn on as well
    for (let i = 0; i < 4; i++) {
      finish[i]?.();
      await settle();
    }
    expect(began).toEqual([0, 1, 2, 3]);
    expect((await results).map((one) => (one.status === "fulfilled" ? one.value : (one.reason as Error).message))).toEqual([
      0,
      "failed",
      2,
      3,
      "overloaded",
    ]);
    const later = turns.take(() => Promise.resolve("again"));
    expect(await later).toBe("again");
  });
});

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
