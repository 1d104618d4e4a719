import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Analysis, CborValue, Channel } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "../index.ts";
import { charted, even, recordingOf, START_MS } from "../recordings.fixture.ts";

function judged(channel: Channel, parameters: [string, CborValue][] = []): Analysis {
  return analyse(recordingOf([channel]), { detectors: ["glucose"], parameters: new Map([["glucose", new Map(parameters)]]) });
}

/** [code, onset, end] in minutes from the start. */
function brief({ findings }: Analysis): [string, number, number][] {
  return findings.map(({ code, onsetMs, endMs }) => [code, (onsetMs - START_MS) / 60_000, (endMs - START_MS) / 60_000]);
}

/** A sensor of one value in five minutes. */
function sensor(values: readonly number[]): Channel {
  return even("loinc:99504-3", "mg/dL", values, { timing: { kind: "rate", numerator: 1, denominator: 300 } });
}

describe("glucose bands, every edge and its neighbours", () => {
  const alone = (raw: number, unit: string, tenths = false): string[] =>
    judged(charted("loinc:2339-0", unit, [[0, raw]], { scale: { numerator: 1, offset: 0, denominator: tenths ? 10 : 1 } })).findings.map(
      ({ code, priority }) => `${code} ${priority}`,
    );
  const LOW_2 = "glucose-low-level-2 high";
  const LOW_1 = "glucose-low-level-1 medium";
  const HIGH_1 = "glucose-high-level-1 low";
  const HIGH_2 = "glucose-high-level-2 medium";
  it.each([
    [10, [LOW_2, LOW_1]],
    [53, [LOW_2, LOW_1]],
    [54, [LOW_1]],
    [55, [LOW_1]],
    [69, [LOW_1]],
    [70, []],
    [71, []],
    [179, []],
    [180, []],
    [181, [HIGH_1]],
    [249, [HIGH_1]],
    [250, [HIGH_1]],
    [251, [HIGH_2, HIGH_1]],
    [1500, [HIGH_2, HIGH_1]],
  ])("%i mg/dL: %j", (value, expected) => expect(alone(value, "mg/dL")).toEqual(expected));
  it.each([
    [29, [LOW_2, LOW_1]], // 52.25
    [30, [LOW_1]], // 54.05
    [38, [LOW_1]], // 68.47
    [39, []], // 70.27
    [100, []], // 180.18, rounded to 180 first
    [101, [HIGH_1]], // 181.98
    [138, [HIGH_1]], // 248.65
    [139, [HIGH_1]], // 250.45, rounded to 250 first
    [140, [HIGH_2, HIGH_1]], // 252.25
  ])("%i tenths of a mmol/L: %j", (value, expected) => expect(alone(value, "mmol/L", true)).toEqual(expected));
});

describe("glucose over time", () => {
  it("gives onset, end by hysteresis and the extreme", () => {
    const analysis = judged(sensor([100, 90, 75, 69, 60, 68, 71, 72, 73, 80]));
    expect(brief(analysis)).toEqual([["glucose-low-level-1", 15, 40]]);
    expect(analysis.findings[0]?.evidence).toEqual([
      { name: "lowest", value: 60, decimals: 0, unit: "mg/dL" },
      { name: "limit", value: 70, decimals: 0, unit: "mg/dL" },
    ]);
  });
  it("tolerates missed values, and says when it does not", () => {
    const missing = -32_768;
    const kept = judged(sensor([65, missing, missing, 65]));
    expect(brief(kept)).toEqual([["glucose-low-level-1", 0, 20]]);
    expect(kept.coverage.unassessed).toEqual([]);
    const lost = judged(sensor([65, missing, missing, missing, 65]));
    expect(brief(lost)).toEqual([
      ["glucose-low-level-1", 0, 0],
      ["glucose-low-level-1", 20, 25],
    ]);
    expect(lost.coverage.unassessed).toMatchObject([
      { detector: "glucose", fromMs: START_MS, toMs: START_MS + 1_200_000, reason: "no-value" },
    ]);
    expect(judged(sensor([100, missing, missing, missing, missing])).coverage.unassessed).toMatchObject([{ toMs: START_MS + 1_500_000 }]);
  });
  it("sets a single impossible value aside", () => {
    const analysis = judged(sensor([100, 101, 40, 102, 100]));
    expect(brief(analysis)).toEqual([["glucose-rate-implausible", 5, 10]]);
    expect(analysis.findings[0]).toMatchObject({
      technical: true,
      priority: "low",
      evidence: [{ value: 101 }, { value: 40 }, { value: 4 }],
    });
    expect(analysis.coverage.unassessed).toMatchObject([
      { fromMs: START_MS + 600_000, toMs: START_MS + 900_000, reason: "rate-implausible" },
    ]);
  });
  it("takes an impossible step that the next value confirms, from its own time on", () => {
    const analysis = judged(sensor([100, 101, 40, 42, 45]));
    expect(brief(analysis)).toEqual([
      ["glucose-rate-implausible", 5, 10],
      ["glucose-low-level-2", 10, 25],
      ["glucose-low-level-1", 10, 25],
    ]);
    expect(analysis.coverage.unassessed).toEqual([]);
  });
  it("drops one impossible value after the other, and one at the end", () => {
    const analysis = judged(sensor([100, 300, 30]));
    expect(brief(analysis).map(([code]) => code)).toEqual(["glucose-rate-implausible", "glucose-rate-implausible"]);
    expect(analysis.coverage.notAssessedMs).toBe(600_000);
  });
  it("knows 4 mg/dL a minute from 5, over a minute at least", () => {
    const codes = (values: readonly [number, number][]): string[] =>
      brief(judged(charted("loinc:2339-0", "mg/dL", values))).map(([code]) => code);
    expect(
      codes([
        [0, 100],
        [300, 120],
      ]),
    ).toEqual([]);
    expect(
      codes([
        [0, 100],
        [300, 121],
      ]),
    ).toEqual(["glucose-rate-implausible"]);
    expect(
      codes([
        [0, 100],
        [1, 104],
      ]),
    ).toEqual([]);
    expect(
      codes([
        [0, 100],
        [1, 105],
      ]),
    ).toEqual(["glucose-rate-implausible"]);
    expect(
      codes([
        [0, 100],
        [20, 104],
        [40, 108],
      ]),
    ).toEqual(["glucose-rate-implausible"]); // many small steps are one
  });
  it("tells a low of a sensor that is lain on, beside the low", () => {
    const analysis = judged(sensor([100, 102, 101, 90, 72, 62, 60, 61, 60, 75, 92, 100, 101]));
    expect(brief(analysis)).toEqual([
      ["glucose-compression-low", 15, 50],
      ["glucose-low-level-1", 25, 45],
    ]);
    expect(analysis.findings[0]).toMatchObject({
      technical: true,
      priority: "low",
      evidence: [
        { name: "before", value: 101 },
        { name: "lowest", value: 60 },
        { name: "after", value: 92 },
      ],
    });
    expect(analysis.alarmSummary.highestPriority).toBe("medium");
  });
  it.each<[string, readonly number[], [string, CborValue][]]>([
    ["a slow fall", [100, 92, 84, 76, 68, 60, 62, 80, 100], []],
    ["a slow rise", [100, 85, 70, 60, 60, 68, 76, 84, 92, 100], []],
    ["a rise that stops halfway", [100, 85, 65, 60, 75, 85, 85, 85, 85, 85], []],
    ["a dip that is no low", [120, 105, 85, 75, 90, 110, 120], []],
    ["a shallow dip", [80, 69, 67, 66, 79, 80], []],
    ["one that lasts too long", [100, 85, 65, ...Array.from({ length: 12 }, () => 60), 80, 100], []],
    ["one that nothing follows", [100, 85, 65, 60], []],
    ["one across a gap", [100, 85, 65, -32_768, -32_768, -32_768, -32_768, 80, 100], []],
    ["any where the rule is off", [100, 85, 65, 60, 80, 100], [["compression-rate", null]]],
    [
      "any where no low is looked for",
      [100, 85, 65, 60, 80, 100],
      [
        ["low-level-1", null],
        ["low-level-2", null],
      ],
    ],
  ])("does not take for it %s", (_name, values, parameters) => {
    expect(brief(judged(sensor(values), parameters)).map(([code]) => code)).not.toContain("glucose-compression-low");
  });
  it("keeps to the limits of the rule, each to the digit", () => {
    const told = (values: readonly number[], parameters: [string, CborValue][] = []): boolean =>
      brief(judged(sensor(values), parameters)).some(([code]) => code === "glucose-compression-low");
    expect(told([90, 80, 65, 75, 85])).toBe(true); // 25 deep, 2 a minute
    expect(told([90, 80, 66, 76, 86])).toBe(false);
    expect(told([90, 81, 72, 63, 73, 85])).toBe(false);
    expect(told([90, 80, 65, 75, 83])).toBe(false); // 18 of 25 are less than three quarters
    expect(told([90, 80, 65, 75, 84])).toBe(true); // 19 of 25
    expect(told([90, 80, 65, 75, 85], [["compression-minutes", 19]])).toBe(false);
    expect(told([90, 80, 65, 75, 85], [["compression-minutes", 20]])).toBe(true);
    expect(told([90, 75, 60, 50, 65, 85], [["low-level-1", null]])).toBe(true); // below what is left
  });
  it("is off where its limits are", () => {
    expect(judged(sensor([60, 60]), [["low-level-1", null]]).findings).toEqual([]);
  });
});

const CGM = new URL("../../../../shared/vitals/numerics/cgm-hall2018.csv.gz", import.meta.url);

describe.skipIf(!existsSync(CGM))("glucose of nineteen people's sensors", () => {
  it("counts values beyond each band as an independent count does", () => {
    const people = new Map<string, [number, number][]>();
    for (const row of gunzipSync(readFileSync(CGM)).toString().split("\n").slice(1)) {
      const [id = "", time = "", text = ""] = row.split(",");
      const value = Number(text);
      if (text === "" || !Number.isFinite(value)) continue;
      const list = people.get(id) ?? [];
      people.set(id, list);
      const second = Date.parse(`${time}Z`) / 1000;
      if (list.length === 0 || second > (list.at(-1)?.[0] ?? 0)) list.push([second, Math.round(value)]);
    }
    expect(people.size).toBe(19);
    for (const list of people.values()) {
      const first = list[0]?.[0] ?? 0;
      const channel = charted(
        "loinc:99504-3",
        "mg/dL",
        list.map(([second, value]) => [second - first, value]),
      );
      const { findings } = judged(channel, [
        ["hysteresis", 0],
        ["rate", 1500],
      ]);
      for (const [code, beyond] of [
        ["glucose-low-level-1", (value: number) => value < 70],
        ["glucose-high-level-1", (value: number) => value > 180],
      ] as const) {
        const runs = list.filter(([second, value], i) => {
          const [before = 0, last = 100] = list[i - 1] ?? [];
          return beyond(value) && !(i > 0 && beyond(last) && second - before <= 14_400);
        });
        expect(findings.filter((finding) => finding.code === code).length).toBe(runs.length);
      }
    }
  });
});
