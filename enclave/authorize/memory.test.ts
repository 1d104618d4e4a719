import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { GrantUse, SignedByDevice } from "@caladrius/policies";
import { describe, expect, it } from "vitest";
import { AnsweredJobs } from "./memory.ts";

const NOW_MS = 1_800_000_000_000;
const JOB = new Uint8Array(32).fill(1);
const useOf = (use: number, { notAfter = NOW_MS / 1000 + 60, id = 0 } = {}): GrantUse => ({
  issuer: new Uint8Array(32),
  id: new Uint8Array(16).fill(id),
  use,
  notAfter,
});
const batchOf = (
  device: number,
  sequence: number,
  { name = null as string | null, flags = [] as SignedByDevice["flags"] } = {},
): SignedByDevice => ({
  thumbprint: new Uint8Array(32).fill(device),
  name,
  sequence,
  digest: new Uint8Array(32).fill(sequence),
  flags,
});

describe("uses of grants", () => {
  it("are spent with one job, each by issuer, id and number", () => {
    const memory = new AnsweredJobs();
    memory.answered(JOB, { grant: useOf(1), device: null });
    expect(memory.spentWith(useOf(1), NOW_MS)).toEqual(JOB);
    const others = [useOf(2), useOf(1, { id: 1 }), { ...useOf(1), issuer: new Uint8Array(32).fill(1) }];
    for (const other of others) expect(memory.spentWith(other, NOW_MS)).toBeNull();
  });

  it("that do not fit are denied, until grants end: these stay ended when time goes back", () => {
    const memory = new AnsweredJobs({ uses: 2 });
    const short = useOf(1, { id: 1, notAfter: NOW_MS / 1000 + 1 });
    memory.answered(JOB, { grant: useOf(1), device: null });
    memory.answered(JOB, { grant: short, device: null });
    expect(memory.spentWith(useOf(2, { id: 2 }), NOW_MS)).toBe("full");
    expect([memory.spentWith(useOf(1), NOW_MS), memory.spentWith(short, NOW_MS)]).toEqual([JOB, JOB]);
    expect(memory.spentWith(useOf(2, { id: 2 }), NOW_MS + 1000)).toBe("full"); // in its last moment it has not ended
    expect(memory.spentWith(useOf(2, { id: 2 }), NOW_MS + 1001)).toBeNull();
    expect(memory.spentWith(short, NOW_MS - 5000)).toBe("forgotten");
    expect(memory.spentWith(useOf(1), NOW_MS - 5000)).toEqual(JOB);
  });

  it("of one grant take a quarter of the room at most, so that its holder cannot have everybody else denied", () => {
    const memory = new AnsweredJobs({ uses: 8 });
    const rogue = (use: number): GrantUse => useOf(use, { id: 1, notAfter: NOW_MS / 1000 + 1 });
    for (const use of [1, 2]) {
      expect(memory.spentWith(rogue(use), NOW_MS)).toBeNull();
      memory.answered(JOB, { grant: rogue(use), device: null });
      memory.answered(JOB, { grant: rogue(use), device: null }); // the same job again takes no more
    }
    expect(memory.spentWith(rogue(3), NOW_MS)).toBe("full");
    expect(memory.spentWith(rogue(2), NOW_MS)).toEqual(JOB);
    expect(memory.spentWith(useOf(1), NOW_MS)).toBeNull();
    for (const id of [2, 3, 4]) for (const use of [1, 2]) memory.answered(JOB, { grant: useOf(use, { id }), device: null });
    expect(memory.spentWith(useOf(1), NOW_MS + 1000)).toBe("full");
    expect(memory.spentWith(useOf(1), NOW_MS + 1001)).toBeNull();
    expect(memory.spentWith(useOf(3, { id: 1 }), NOW_MS + 1001)).toBeNull(); // of the same id, and nothing is kept of it
  });

  it("take as much memory as is said", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    collect();
    const memory = new AnsweredJobs();
    const before = process.memoryUsage();
    for (let use = 1; use <= 65_536; use++) memory.answered(new Uint8Array(32).fill(use), { grant: useOf(use), device: null });
    expect(memory.spentWith(useOf(65_537), NOW_MS)).toBe("full");
    collect();
    const after = process.memoryUsage();
    expect((after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 2 ** 20).toBeLessThan(20);
  });
});

describe("devices", () => {
  it("are known by the newest statement, and a replay that was told is none", () => {
    const memory = new AnsweredJobs();
    const { thumbprint } = batchOf(1, 0);
    expect(memory.newestOf(thumbprint, true)).toBeNull();
    memory.answered(JOB, { grant: null, device: batchOf(1, 7, { name: "monitor" }) });
    memory.answered(JOB, { grant: null, device: batchOf(1, 3, { name: "monitor", flags: ["device-replay"] }) });
    expect(memory.newestOf(thumbprint, true)).toMatchObject({ sequence: 7 });
    memory.answered(JOB, { grant: null, device: batchOf(1, 9, { name: "monitor", flags: ["device-gap"] }) });
    expect(memory.newestOf(thumbprint, true)).toMatchObject({ sequence: 9 });
  });

  it("that are not registered have only so much room, and take none from those that are", () => {
    const memory = new AnsweredJobs({ unregistered: 1 });
    memory.answered(JOB, { grant: null, device: batchOf(1, 0) });
    expect(memory.newestOf(batchOf(2, 0).thumbprint, false)).toBe("full");
    expect(memory.newestOf(batchOf(1, 0).thumbprint, false)).toMatchObject({ sequence: 0 });
    expect(memory.newestOf(batchOf(2, 0).thumbprint, true)).toBeNull();
  });
});
