import { existsSync, readFileSync } from "node:fs";
import type { Analysis, Channel } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "../index.ts";
import { even, recordingOf, START_MS } from "../recordings.fixture.ts";
import { readLeads, readReference, scoreBeats } from "./mitdb.ts";

/** A lead in units of 5 uV with one triangular QRS complex and a T wave at each time (ms), and a little deterministic noise. */
function lead(beatsMs: readonly number[], seconds: number, rate = 250, over: Partial<Channel> = {}): Channel {
  const samples = new Int16Array(seconds * rate);
  let noise = 1;
  for (let i = 0; i < samples.length; i++) {
    noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
    samples[i] = (noise >> 16) % 4;
  }
  const wave = (atMs: number, widthMs: number, height: number): void => {
    const half = (widthMs * rate) / 2000;
    const centre = (atMs * rate) / 1000;
    for (let i = Math.max(0, Math.ceil(centre - half)); i < Math.min(samples.length, centre + half); i++)
      samples[i]! += Math.round(height * (1 - Math.abs(i - centre) / half));
  };
  for (const atMs of beatsMs) {
    wave(atMs, 80, 240);
    wave(atMs + 280, 160, 60);
  }
  const scale = { numerator: 1, offset: 0, denominator: 200 };
  return even("mdc:131330", "mV", [], { samples, scale, timing: { kind: "rate", numerator: rate, denominator: 1 }, ...over });
}

const every = (intervalMs: number, fromMs: number, toMs: number): number[] =>
  Array.from({ length: Math.ceil((toMs - fromMs) / intervalMs) }, (_, i) => fromMs + i * intervalMs);
const run = (...channels: Channel[]): Analysis => analyse(recordingOf(channels), { detectors: ["ecg-beats", "ecg-rhythm"] });
const beatsOf = (analysis: Analysis): number[] => Array.from(analysis.series[0]?.values ?? []);
const codes = (analysis: Analysis): string[] => analysis.findings.map(({ code }) => code);

describe("ecg-beats on generated leads", () => {
  it.each([100, 125, 128, 200, 250, 257, 360, 500, 512, 1000])("finds every beat at %i samples per second", (rate) => {
    const truth = every(800, 500, 59_500);
    const found = beatsOf(run(lead(truth, 60, rate)));
    expect(found).toHaveLength(truth.length);
    found.forEach((ms, i) => expect(Math.abs(ms - truth[i]!)).toBeLessThanOrEqual(25));
  });
  it("takes microvolts and an offset", () => {
    const truth = every(800, 500, 29_500);
    const shifted = lead(truth, 30);
    const inMicrovolts = lead(truth, 30, 250, { unit: "uV", scale: { numerator: 5, offset: -5000, denominator: 1 } });
    inMicrovolts.samples = shifted.samples.map((value: number) => value + 1000) as Int16Array;
    expect(beatsOf(run(inMicrovolts))).toEqual(beatsOf(run(shifted)));
  });
  it("reports an asystole from the last beat to the next", () => {
    const analysis = run(lead([...every(800, 500, 20_000), ...every(800, 26_000, 40_000)], 40));
    expect(codes(analysis)).toEqual(["asystole"]);
    const [asystole] = analysis.findings;
    expect(asystole).toMatchObject({ priority: "high", technical: false, channel: "mdc:131330", detector: "ecg-rhythm" });
    expect(asystole?.onsetMs).toBeGreaterThan(START_MS + 19_600);
    expect(asystole?.evidence[0]?.value).toBeGreaterThan(5900);
    expect(codes(run(lead([...every(800, 500, 20_000), ...every(800, 23_500, 40_000)], 40)))).toEqual([]);
  });
  it("reports an asystole that reaches the end", () => {
    const analysis = run(lead(every(800, 500, 20_000), 40));
    expect(analysis.findings.map(({ code, endMs }) => [code, endMs])).toEqual([["asystole", START_MS + 40_000]]);
  });
  it("reports extreme bradycardia from 5 beats on", () => {
    const slow = (beats: number): string[] => {
      const tail = 10_000 + (beats - 1) * 1600;
      return codes(run(lead([...every(800, 400, 10_000), ...every(1600, 10_000, tail), ...every(800, tail, 40_000)], 40)));
    };
    expect(slow(5)).toEqual(["extreme-bradycardia"]);
    expect(slow(4)).toEqual([]);
  });
  it("reports extreme tachycardia from 17 beats on", () => {
    const fast = (beats: number): string[] => {
      const tail = 10_000 + (beats - 1) * 400;
      return codes(run(lead([...every(800, 400, 10_000), ...every(400, 10_000, tail), ...every(800, tail, 40_000)], 40)));
    };
    expect(fast(17)).toEqual(["extreme-tachycardia"]);
    expect(fast(16)).toEqual([]);
  });
  it("does not judge flat lines, saturation and gaps", () => {
    const beats = every(800, 500, 60_000);
    const broken = lead(beats, 60);
    broken.samples.fill(17, 10 * 250, 20 * 250);
    broken.samples.fill(1023, 30 * 250, 31 * 250);
    broken.samples.fill(-32_768, 40 * 250, 45 * 250);
    const analysis = run(broken);
    expect(codes(analysis)).toEqual(["ecg-flat-line", "ecg-saturated"]);
    expect(analysis.findings.every(({ technical }) => technical)).toBe(true);
    expect(analysis.coverage.unassessed.map(({ reason, fromMs, toMs }) => [reason, fromMs - START_MS, toMs - START_MS])).toEqual([
      ["flat-line", 10_000, 20_000],
      ["saturated", 30_000, 31_000],
      ["gap", 40_000, 45_000],
    ]);
    expect(analysis.coverage).toMatchObject({ gaps: 1, samplesReceived: 55 * 250, notAssessedMs: 16_000 });
  });
  it("reads the first lead, and the second only where the first is flat", () => {
    const beats = every(800, 500, 30_000);
    const second = lead(beats, 30, 250, { code: "mdc:131389" });
    expect(run(lead(beats, 30), second).series.map(({ channel }) => channel)).toEqual(["mdc:131330"]);
    const dead = lead([], 30);
    dead.samples.fill(3);
    const analysis = run(dead, second);
    expect(analysis.series.map(({ channel }) => channel)).toEqual(["mdc:131389"]);
    expect(codes(analysis)).toEqual([]);
    expect(codes(run(dead))).toEqual(["ecg-flat-line"]);
  });
  it.each([131_328, 131_329, 131_389, 131_390, 131_391, 131_392, 131_583])("reads the lead mdc:%i", (code) => {
    const analysis = run(lead(every(800, 500, 30_000), 30, 250, { code: `mdc:${code}` }));
    expect(analysis.series).toMatchObject([{ channel: `mdc:${code}` }]);
    expect(analysis.coverage.unassessed).toEqual([]);
  });
  it("takes a code beside the block of leads for none", () => {
    for (const code of ["mdc:131327", "mdc:131584"])
      expect(run(lead(every(800, 500, 30_000), 30, 250, { code })).coverage.unassessed).toContainEqual(
        expect.objectContaining({ reason: "unknown-code", channel: code }),
      );
  });
  it("joins strips that follow each other into one series", () => {
    const strips = [0, 10, 20].map((second) => lead(every(800, 500, 9500), 10, 250, { startMs: START_MS + 1000 * second }));
    const analysis = run(...strips.toReversed());
    expect(analysis.series).toHaveLength(1);
    expect(beatsOf(analysis)).toHaveLength(36);
    expect(beatsOf(analysis)).toEqual(beatsOf(analysis).toSorted((a, b) => a - b));
  });
  it("says which timing it cannot read", () => {
    const reason = (rate: number): string | undefined => run(lead(every(800, 500, 9500), 10, rate)).coverage.unassessed[0]?.reason;
    expect([reason(99), reason(100), reason(1000), reason(1001)]).toEqual([
      "timing-not-supported",
      undefined,
      undefined,
      "timing-not-supported",
    ]);
  });
  const noisy = (one: Channel, fromSecond: number, toSecond: number): Channel => {
    let state = 7;
    for (let i = fromSecond * 250; i < toSecond * 250; i++) {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      if (i % 37 < 9) one.samples[i]! += ((state >> 16) % 500) - 250;
    }
    return one;
  };
  it("claims no beats in noise, and says so", () => {
    const truth = every(800, 500, 179_500);
    const analysis = run(noisy(lead(truth, 180), 60, 120));
    const [span, ...others] = analysis.coverage.unassessed;
    expect(others).toEqual([]);
    expect(span).toMatchObject({ detector: "ecg-beats", channel: "mdc:131330", reason: "signal-quality-insufficient" });
    expect(Math.abs(span!.fromMs - START_MS - 60_000)).toBeLessThanOrEqual(12_500);
    expect(Math.abs(span!.toMs - START_MS - 120_000)).toBeLessThanOrEqual(12_500);
    const [fromMs, toMs] = [span!.fromMs - START_MS, span!.toMs - START_MS];
    expect(beatsOf(analysis).filter((ms) => ms >= fromMs && ms < toMs)).toEqual([]);
    const isClear = (ms: number): boolean => ms < 59_000 || ms > 121_000;
    expect(beatsOf(analysis).filter(isClear).length).toBe(truth.filter((ms) => isClear(ms) && (ms < fromMs || ms >= toMs)).length);
  });
  it("takes the beats of another lead meanwhile", () => {
    const truth = every(800, 500, 179_500);
    const analysis = run(noisy(lead(truth, 180), 60, 120), lead(truth, 180, 250, { code: "mdc:131331" }));
    expect(analysis.coverage.unassessed).toEqual([]);
    const found = beatsOf(analysis).filter((ms) => ms > 75_000 && ms < 105_000);
    const expected = truth.filter((ms) => ms > 75_000 && ms < 105_000);
    expect(found).toHaveLength(expected.length);
    found.forEach((ms, i) => expect(Math.abs(ms - expected[i]!)).toBeLessThanOrEqual(25));
  });
  it("tells where detectors are not of one mind, and where a beat may be missing", () => {
    const disputedOf = (...channels: Channel[]): number[] =>
      Array.from(run(...channels).series.find(({ name }) => name === "disputed")?.values ?? []);
    expect(disputedOf(lead(every(800, 500, 59_500), 60))).toEqual([]);
    const pause = disputedOf(lead([...every(800, 500, 30_000), ...every(800, 35_300, 59_500)], 60));
    expect(pause.length).toBeGreaterThanOrEqual(2);
    for (const ms of pause) expect(ms > 29_700 && ms < 35_300).toBe(true);
    for (let ms = 30_000; ms < 35_000; ms += 100) expect(pause.some((one) => Math.abs(one - ms) <= 1000)).toBe(true);
  });
  it("is not blinded by one artefact", () => {
    const truth = every(800, 500, 39_500);
    const struck = lead(truth, 40);
    for (let i = 0; i < 20; i++) struck.samples[20 * 250 + i] = i % 2 === 0 ? 30_000 : -30_000;
    const found = beatsOf(run(struck)).filter((ms) => ms > 21_000);
    expect(found.length).toBeGreaterThanOrEqual(truth.filter((ms) => ms > 21_000).length - 1);
    expect(codes(run(struck))).toEqual([]);
  });
});

const DATABASE = new URL("../../../../shared/vitals/mitdb-ds1/", import.meta.url);

describe("ecg-beats on MIT-BIH records (150 ms matching)", () => {
  it.each([
    ["101", 99.9, 99.7],
    ["201", 99.7, 99.9],
    ["208", 99.7, 99.8],
    ["203", 99.4, 99],
  ])("record %s", { skip: !existsSync(new URL("101.dat", DATABASE)) }, (record, leastSensitivity, leastPrecision) => {
    const analysis = run(...readLeads(readFileSync(new URL(`${record}.dat`, DATABASE))));
    const beats = beatsOf(analysis).map((ms) => Math.round(ms * 0.36));
    const { found, missed, extra } = scoreBeats(readReference(readFileSync(new URL(`${record}.atr`, DATABASE))), beats, 54);
    expect((100 * found) / (found + missed)).toBeGreaterThanOrEqual(leastSensitivity);
    expect((100 * found) / (found + extra)).toBeGreaterThanOrEqual(leastPrecision);
    if (record === "201") expect(codes(analysis)).toEqual(["extreme-bradycardia", "extreme-bradycardia"]);
  });
});
