import type { Channel } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyse } from "../../index.ts";
import { even, recordingOf, START_MS } from "../../recordings.fixture.ts";
import { EctopyCount, type VentricularRunFound } from "./ectopy-count.ts";
import { Recent } from "./intervals.ts";
import { LEAVES, SPLITS } from "./model-table.ts";
import { VentricularModel } from "./model.ts";
import { FEATURES } from "./features.ts";

/** One heart beat: when, and whether it comes from the ventricles. */
interface Beat {
  ms: number;
  ventricular: boolean;
}

/** Two leads of 5 uV steps: P wave, narrow QRS and T wave, or a wide QRS of another shape with the T wave against it. */
function leadsOf(beats: readonly Beat[], seconds: number, rate = 250): Channel[] {
  return [1, 0.6].map((size, lead) => {
    const samples = new Int16Array(seconds * rate);
    let noise = 1 + lead;
    for (let i = 0; i < samples.length; i++) {
      noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
      samples[i] = (noise >> 16) % 4;
    }
    const wave = (atMs: number, widthMs: number, height: number): void => {
      const half = (widthMs * rate) / 2000;
      const centre = (atMs * rate) / 1000;
      for (let i = Math.max(0, Math.ceil(centre - half)); i < Math.min(samples.length, centre + half); i++) {
        const far = (i - centre) / half;
        samples[i]! += Math.round(size * height * (1 - far * far) * (1 - far * far));
      }
    };
    for (const { ms, ventricular } of beats) {
      if (ventricular) {
        wave(ms, 200, 330);
        wave(ms + 110, 120, -120);
        wave(ms + 320, 260, -120);
      } else {
        wave(ms - 170, 100, 25);
        wave(ms - 35, 30, -30);
        wave(ms, 90, 230);
        wave(ms + 40, 40, -50);
        wave(ms + 290, 190, 60);
      }
    }
    const scale = { numerator: 1, offset: 0, denominator: 200 };
    return even(lead === 0 ? "mdc:131330" : "mdc:131329", "mV", [], {
      samples,
      scale,
      timing: { kind: "rate", numerator: rate, denominator: 1 },
    });
  });
}

/** A rhythm from a pattern: N is a beat at its time, V one that is early and has a pause behind it. */
function beatsOf(pattern: string, normalMs = 800): Beat[] {
  let ms = 400;
  return Array.from(pattern, (kind, i) => {
    const ventricular = kind === "V";
    const isAfter = pattern[i - 1] === "V";
    ms += ventricular ? 0.6 * normalMs : isAfter ? 1.35 * normalMs : normalMs;
    return { ms, ventricular };
  });
}

const N = (count: number): string => "N".repeat(count);
const codes = (pattern: string): string[] => run(pattern).findings.map(({ code }) => code);

function run(pattern: string, rate = 250): ReturnType<typeof analyse> {
  const beats = beatsOf(pattern);
  const seconds = Math.ceil(((beats.at(-1)?.ms ?? 0) + 1000) / 1000);
  return analyse(recordingOf(leadsOf(beats, seconds, rate)), { detectors: ["ecg-beats", "ecg-ectopy"] });
}

function labelsOf({ series }: ReturnType<typeof analyse>): string {
  const values = series.find(({ name }) => name === "ventricular")?.values ?? new Int32Array();
  return Array.from(values, (value) => (value === 1 ? "V" : "N")).join("");
}

describe("ecg-ectopy", () => {
  const single = `${N(20)}V${N(15)}V${N(22)}V${N(10)}`;
  it.each([100, 250, 360, 500, 1000])("labels early wide beats at %i samples per second, aligned with the beats", (rate) => {
    const analysis = run(single, rate);
    expect(labelsOf(analysis)).toBe(single);
    const beats = analysis.series.find(({ name }) => name === "beats")?.values;
    expect(analysis.series.find(({ name }) => name === "ventricular")?.values).toHaveLength(beats?.length ?? -1);
  });
  it("says how many there are, and how many an hour", () => {
    const found = run(single).findings.find(({ code }) => code === "ventricular-ectopy");
    expect(found).toMatchObject({ detector: "ecg-ectopy", priority: "low", technical: false });
    expect(found?.onsetMs).toBeGreaterThan(START_MS + 15_000);
    expect(found?.evidence.find(({ name }) => name === "ventricular-beats")?.value).toBe(3);
    expect(found?.evidence.find(({ name }) => name === "ventricular-beats-per-hour")?.value).toBeGreaterThan(150);
    expect(found?.confidencePermille).toBeGreaterThan(500);
  });
  it("finds nothing where all beats are of one shape", () => {
    expect(codes(N(60))).toEqual([]);
    expect(labelsOf(run(N(60)))).toBe(N(60));
  });
  it("labels bigeminy and trigeminy", () => {
    const pattern = `${N(12)}${"NV".repeat(12)}${N(12)}${"NNV".repeat(8)}${N(8)}`;
    expect(labelsOf(run(pattern))).toBe(pattern);
    expect(codes(pattern)).toEqual(["ventricular-ectopy"]);
  });
  it("tells couplets apart from runs", () => {
    const analysis = run(`${N(24)}VV${N(20)}VVVV${N(20)}`);
    const burden = analysis.findings.find(({ code }) => code === "ventricular-ectopy");
    expect(burden?.evidence.filter(({ name }) => name === "couplets" || name === "runs").map(({ value }) => value)).toEqual([1, 1]);
    const found = analysis.findings.find(({ code }) => code === "ventricular-run");
    expect(found?.priority).toBe("medium");
    expect(found?.evidence.map(({ value }) => value)).toEqual([4, expect.closeTo(1250, -2)]);
  });
  it("says the same however often it is asked", () => {
    expect(run(single)).toEqual(run(single));
  });
  it("does not judge too few beats", () => {
    const analysis = run(N(12));
    expect(analysis.coverage.unassessed.filter(({ detector }) => detector === "ecg-ectopy").map(({ reason }) => reason)).toEqual([
      "too-few-beats",
    ]);
  });
  it("takes any samples", () => {
    const samples = fc.int16Array({ minLength: 0, maxLength: 3000, min: -2000, max: 2000 });
    fc.assert(
      fc.property(samples, fc.integer({ min: 100, max: 1000 }), (values, numerator) => {
        const lead = even("mdc:131330", "uV", [], { samples: values, timing: { kind: "rate", numerator, denominator: 1 } });
        const { findings, series } = analyse(recordingOf([lead]), { detectors: ["ecg-beats", "ecg-ectopy", "ecg-af"] });
        for (const { evidence, confidencePermille } of findings) {
          for (const { value } of evidence) expect(Number.isSafeInteger(value)).toBe(true);
          expect(confidencePermille === null || (confidencePermille >= 0 && confidencePermille <= 1000)).toBe(true);
        }
        const lengths = series.filter(({ name }) => name === "beats" || name === "ventricular").map(({ values: { length } }) => length);
        expect(new Set(lengths).size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
  });
});

describe("VentricularModel", () => {
  it("is a likelihood for any row", () => {
    const model = new VentricularModel();
    const row = fc.int32Array({ minLength: FEATURES.length, maxLength: FEATURES.length });
    fc.assert(
      fc.property(row, (values) => {
        const permille = model.permille(values);
        expect(Number.isInteger(permille) && permille >= 0 && permille <= 1000).toBe(true);
      }),
    );
  });
  it("has whole numbers and known columns alone in its table", () => {
    for (const value of [...SPLITS, ...LEAVES]) expect(Number.isSafeInteger(value)).toBe(true);
    SPLITS.forEach((value, i) => {
      if (i % 2 === 0) expect(value).toBeLessThan(FEATURES.length);
    });
  });
});

describe("EctopyCount", () => {
  it("counts beats, couplets and runs as by hand", () => {
    const runs: VentricularRunFound[] = [];
    const count = new EctopyCount(3, (one) => runs.push(one));
    Array.from("NVNNVVNVVVNVVVVV").forEach((kind, i) => count.beat(10 * i, kind === "V" ? 700 + i : -1));
    count.pause();
    expect(count.burden).toMatchObject({ from: 10, to: 150, beats: 11, couplets: 1, runs: 2 });
    expect(runs).toEqual([
      { from: 70, to: 90, beats: 3, permille: 708 },
      { from: 110, to: 150, beats: 5, permille: 713 },
    ]);
  });
});

describe("Recent", () => {
  it("has the median and mean of the last 32", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 100 }), (times) => {
        const recent = new Recent();
        for (const time of times) recent.push(time);
        const last = times.slice(-32);
        expect(recent.median).toBe(last.toSorted((a, b) => a - b)[last.length >> 1]);
        expect(recent.mean).toBeCloseTo(last.reduce((sum, time) => sum + time, 0) / last.length, 6);
      }),
    );
  });
});
