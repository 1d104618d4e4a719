import type { Analysis, CborValue, Channel } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "../index.ts";
import { charted, even, recordingOf, START_MS } from "../recordings.fixture.ts";

const MISSING = -32_768;

function judged(channel: Channel, parameters: [string, CborValue][] = []): Analysis {
  return analyse(recordingOf([channel]), { detectors: ["trend"], parameters: new Map([["trend", new Map(parameters)]]) });
}

/** Heart rate once a minute: seconds-long wander and what is added by minute. */
function minutes(length: number, added: (minute: number) => number): Channel {
  const samples = Array.from({ length }, (_, i) => (added(i) === MISSING ? MISSING : 80 + ((i * 7) % 5) - 2 + added(i)));
  return even("loinc:8867-4", "/min", samples, { timing: { kind: "rate", numerator: 1, denominator: 60 } });
}

function brief({ findings }: Analysis): [string, string, number, number][] {
  return findings.map(({ code, priority, onsetMs, endMs }) => [code, priority, (onsetMs - START_MS) / 60_000, (endMs - START_MS) / 60_000]);
}

describe("trend", () => {
  it("stays quiet without a shift: what it learned from is assessed by having been learned from", () => {
    const { findings, coverage } = judged(minutes(600, () => 0));
    expect(findings).toEqual([]);
    expect(coverage.unassessed).toEqual([]);
  });
  it("finds a shift up, when it began and when it was over", () => {
    const analysis = judged(minutes(600, (i) => (i >= 200 && i < 300 ? 25 : 0)));
    expect(brief(analysis)).toEqual([["trend-up", "low", 200, expect.any(Number)]]);
    const [, , , end] = brief(analysis)[0] ?? [];
    expect(end).toBeGreaterThanOrEqual(300);
    expect(end).toBeLessThanOrEqual(315);
    const evidence = Object.fromEntries(analysis.findings[0]?.evidence.map(({ name, value }) => [name, value]) ?? []);
    expect(evidence).toMatchObject({ baseline: 799, spread: 50 });
    expect(evidence["current"]).toBeGreaterThanOrEqual(1045);
    expect(evidence["cusum"]).toBeGreaterThan(80);
  });
  it("finds a shift down, of medium priority from twice the shift on", () => {
    expect(brief(judged(minutes(400, (i) => (i >= 200 ? -39 : 0))))).toEqual([["trend-down", "low", 200, 400]]);
    expect(brief(judged(minutes(400, (i) => (i >= 200 ? -42 : 0))))).toEqual([["trend-down", "medium", 200, 400]]);
  });
  it("needs its minimum duration", () => {
    expect(brief(judged(minutes(400, (i) => (i >= 200 && i < 208 ? 40 : 0))))).toEqual([]);
    expect(
      brief(
        judged(
          minutes(400, (i) => (i >= 200 && i < 208 ? 40 : 0)),
          [["minimum-minutes", 3]],
        ),
      ),
    ).toEqual([["trend-up", "low", 200, 216]]);
  });
  it("counts artefacts and keeps them from the trend", () => {
    const spiked = judged(minutes(400, (i) => (i % 10 === 0 ? 100 : 0)));
    expect(brief(spiked)).toEqual([["trend-artefacts", "none", 0, 390]]);
    expect(spiked.findings[0]).toMatchObject({
      technical: true,
      evidence: [{ name: "values", value: 40 }, { name: "furthest-from-median" }],
    });
    expect(spiked.alarmSummary.anyAlarm).toBe(false);
  });
  it("ends at a gap, says so, and keeps the baseline", () => {
    const { findings, coverage } = judged(minutes(600, (i) => (i >= 300 && i < 400 ? MISSING : i >= 200 ? 25 : 0)));
    expect(findings.map(({ code, onsetMs, endMs }) => [code, (onsetMs - START_MS) / 60_000, (endMs - START_MS) / 60_000])).toEqual([
      ["trend-up", 200, 299],
      ["trend-up", 400, 600],
    ]);
    expect(
      coverage.unassessed.map(({ reason, fromMs, toMs }) => [reason, (fromMs - START_MS) / 60_000, (toMs - START_MS) / 60_000]),
    ).toEqual([["no-value", 299, 400]]);
  });
  it("reads charted values too, and of fast channels a value every few seconds", () => {
    const values = Array.from({ length: 60 }, (_, i): [number, number] => [1800 * i, i < 40 ? 37 : 40]);
    expect(brief(judged(charted("loinc:8310-5", "Cel", values)))).toEqual([["trend-up", "medium", 1200, 1770]]);
    const fast = Array.from({ length: 8 * 3600 }, (_, i) => (i < 8 * 2400 ? 80 : 110));
    const timing = { kind: "rate" as const, numerator: 8, denominator: 1 };
    expect(brief(judged(even("loinc:8867-4", "/min", fast, { timing })))).toEqual([["trend-up", "low", 40, 60]]);
  });
  it("says that it learned nothing where there are too few values", () => {
    const { coverage } = judged(minutes(600, (i) => (i < 10 ? 0 : MISSING)));
    expect(coverage.unassessed.map(({ reason }) => reason)).toEqual(["learning-baseline", "no-value"]);
  });
  it("does not apply to short recordings", () => {
    const ids = analyse(recordingOf([minutes(30, () => 0)]), { detectors: [] }).detectors.map(({ id }) => id);
    expect(ids).not.toContain("trend");
  });
  it("reads the next value where the one that is due is absent", () => {
    const every = (present: (second: number) => boolean): Channel =>
      even(
        "loinc:8867-4",
        "/min",
        Array.from({ length: 3600 }, (_, i) => (present(i) ? (i < 2400 ? 80 : 110) : MISSING)),
      );
    const found = brief(judged(every((second) => second % 5 === 3)));
    expect(found).toMatchObject([["trend-up", "low", expect.closeTo(40, 1), 60]]);
    expect(judged(every(() => true)).findings).toHaveLength(1);
  });
});
