import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { VebRows } from "./veb-rows.ts";
import { ratesOfVeb, scoreVeb } from "./veb-scores.ts";

const TABLE = new URL("../../enclave/analyse/ecg/ectopy/model-table.ts", import.meta.url);

describe("the table of the ventricular model", () => {
  it("is the one that the recipe gave", () => {
    const { sha256 } = JSON.parse(readFileSync(new URL("veb.json", import.meta.url), "utf8")) as { sha256: string };
    expect(createHash("sha256").update(readFileSync(TABLE)).digest("hex")).toBe(sha256);
  });
  it("is small", () => {
    expect(statSync(TABLE).size).toBeLessThan(60_000);
  });
});

describe("scoreVeb", () => {
  it("counts as by hand: fusion and unknown beats called ventricular are no false positives", () => {
    const classes: VebRows["classes"] = ["other", "ventricular", "ventricular", "fusion", "unknown", "extra", "other"];
    const rows: VebRows = { record: "1", leads: "two leads", rows: [], classes, missed: 2, missedOthers: 3 };
    const called = [false, true, false, true, true, true, true];
    const score = scoreVeb(rows, (beat) => called[beat] === true);
    expect(score).toEqual({ record: "1", found: 1, missed: 3, extra: 2, others: 5 });
    const { sensitivity, precision, falsePositiveRate } = ratesOfVeb([score]);
    expect([sensitivity, precision, falsePositiveRate]).toEqual([25, 100 / 3, 40]);
  });
});
