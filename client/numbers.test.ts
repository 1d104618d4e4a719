import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readNumbers, takeNumber } from "./numbers.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-numbers-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("gives each of many that ask at once a number of its own, and leaves none out", async () => {
  for (let round = 0; round < 20; round++) {
    const own = join(folder, `round-${round}`);
    const taken = await Promise.all(Array.from({ length: 12 }, () => takeNumber(own, 1, (number) => Uint8Array.of(number))));
    expect(taken.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect((await readNumbers(own)).map(({ content }) => content[0])).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  }
});

it("takes none that others took meanwhile, and whose file is removed already", async () => {
  const own = join(folder, "slow");
  const asked: number[] = [];
  const slow = await takeNumber(own, 0, (number) => {
    // Between this question and its answer others take 0 to 256, and the oldest file goes.
    if (asked.length === 0) for (let other = 1; other <= 256; other++) writeFileSync(join(own, `${other}`), "");
    asked.push(number);
    return Uint8Array.of(1);
  });
  expect([slow.number, asked]).toEqual([257, [0, 257]]);
});
