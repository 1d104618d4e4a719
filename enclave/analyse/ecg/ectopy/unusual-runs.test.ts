import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COLUMN, FEATURES } from "./features.ts";
import { UnusualRuns } from "./unusual-runs.ts";

interface Beat {
  usual: boolean;
  before: number;
}

function rowOf({ usual, before }: Beat, place: number): Int32Array {
  const row = new Int32Array(FEATURES.length);
  row[COLUMN["is-usual"]] = usual ? 1 : 0;
  row[COLUMN["before-to-usual"]] = before;
  row[COLUMN["after-to-usual"]] = before + 1;
  row[COLUMN.before] = place;
  return row;
}

function completed(beats: readonly Beat[]): Int32Array[] {
  const told: Int32Array[] = [];
  const runs = new UnusualRuns((row) => told.push(row.slice()));
  beats.forEach((beat, place) => runs.push(rowOf(beat, place)));
  runs.end();
  return told;
}

describe("UnusualRuns", () => {
  it("gives each beat of a run what all of it has in common", () => {
    const told = completed([
      { usual: true, before: 990 },
      { usual: false, before: 700 },
      { usual: false, before: 800 },
      { usual: false, before: 3000 },
      { usual: true, before: 1400 },
    ]);
    expect(told.map((row) => row[COLUMN["run-before"]])).toEqual([1000, 1167, 1167, 1167, 1000]); // 3000 counts as 2000
    expect(told.map((row) => row[COLUMN["run-onset"]])).toEqual([1000, 700, 700, 700, 1000]);
    expect(told.map((row) => row[COLUMN["run-after"]])).toEqual([1000, 2000, 2000, 2000, 1000]);
  });
  it("looks at eight beats on either side, and tells every row once and in order", () => {
    const beat = fc.record({ usual: fc.boolean(), before: fc.integer({ min: 100, max: 1999 }) });
    const long = fc.array(fc.record({ usual: fc.constant(false), before: fc.integer({ min: 100, max: 1998 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.oneof(fc.array(beat, { maxLength: 60 }), long), (beats) => {
        const told = completed(beats);
        expect(told.map((row) => row[COLUMN.before])).toEqual(beats.map((_, place) => place));
        beats.forEach(({ usual }, place) => {
          if (usual) return;
          let [from, to] = [place, place];
          while (from > 0 && place - from < 8 && beats[from - 1]?.usual === false) from--;
          while (to + 1 < beats.length && to - place < 8 && beats[to + 1]?.usual === false) to++;
          const around = beats.slice(from, to + 1).map(({ before }) => before);
          const row = told[place];
          expect(row?.[COLUMN["run-onset"]]).toBe(around[0]);
          expect(row?.[COLUMN["run-after"]]).toBe(Math.min(2000, (around.at(-1) ?? 0) + 1));
          expect(row?.[COLUMN["run-before"]]).toBe(Math.round(around.reduce((sum, one) => sum + one, 0) / around.length));
        });
      }),
    );
  });
});
