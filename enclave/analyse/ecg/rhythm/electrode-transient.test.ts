import { describe, expect, it } from "vitest";
import type { Analysis } from "@caladrius/wire";
import { analyse } from "../../index.ts";
import { recordingOf, START_MS } from "../../recordings.fixture.ts";
import { every, lead, RATE, samplesOf, sinus, streamed } from "./waves.fixture.ts";

const PAUSE_FROM_MS = 29_300;

/** Sinus rhythm with QRS complexes of 1.2 mV, and none from 29.3 s to a time. */
const pausedTo = (toMs: number): Int16Array =>
  samplesOf(
    [...every(800, 500, 30_000), ...every(800, toMs, 59_000)].flatMap((at) => sinus(at)),
    60,
  );

/** A jump of the baseline, in half a second, that creeps back as behind a high-pass filter. */
function jump(samples: Int16Array, atMs: number, millivolts: number, timeConstant: number): Int16Array {
  const from = Math.round((atMs * RATE) / 1000);
  const rise = RATE / 2;
  let left = 0;
  for (let i = from; i < samples.length; i++) {
    left += (i < from + rise ? (millivolts * 200) / rise : 0) - left / (timeConstant * RATE);
    samples[i]! += Math.round(left);
  }
  return samples;
}

const run = (...leads: Int16Array[]): Analysis =>
  analyse(recordingOf(leads.map((samples, i) => lead(samples, `mdc:${131_330 + i}`))), { detectors: ["ecg-rhythm"] });
const told = (...leads: Int16Array[]): string[] => run(...leads).findings.map(({ code }) => code);

/** Seconds from the last beat to the alarm of a live stream. */
function delayOf(samples: Int16Array): number {
  const raised: number[] = [];
  const [alarms, delays] = streamed([samples], RATE, [5], () => 25);
  const of = alarms.filter(({ code }) => code === "asystole");
  expect(of.length).toBeGreaterThan(0);
  of.forEach(({ from }, i) => raised.push(from / RATE + (delays[i] ?? Number.NaN)));
  return (raised[0] ?? Number.NaN) - PAUSE_FROM_MS / 1000;
}

describe("an electrode transient at the last beat", () => {
  const transient = (): Int16Array => jump(pausedTo(36_000), 29_400, 4, 1.5);
  it("is not assessed in place of an asystole while the lead recovers", () => {
    const { findings, coverage } = run(transient());
    expect(findings.map(({ code, priority, technical }) => [code, priority, technical])).toEqual([
      ["ecg-electrode-transient", "medium", true],
    ]);
    const span = coverage.unassessed.find(({ reason }) => reason === "electrode-transient");
    expect(Math.abs((span?.fromMs ?? 0) - START_MS - PAUSE_FROM_MS)).toBeLessThan(100);
    expect((span?.toMs ?? 0) - (span?.fromMs ?? 0)).toBeLessThanOrEqual(4220);
  });
  it("is told alike however the lead is cut", () => {
    const whole = run(transient()).findings.map(({ onsetMs, evidence }) => [onsetMs, evidence]);
    for (const cut of [() => 1, () => 97, (i: number) => 1 + ((i * 7919) % 1500)]) {
      const [alarms] = streamed([transient()], RATE, [5], cut);
      expect(alarms.map(({ from, evidence }) => [START_MS + (1000 * from) / RATE, evidence])).toEqual(whole);
    }
  });
  it.each([
    ["creeps back", 1.5],
    ["creeps back very slowly", 6],
    ["stays", 1000],
  ])("does not keep an asystole that follows from being told within 10 s: the baseline %s", (_, timeConstant) => {
    const samples = jump(pausedTo(50_000), 29_400, 4, timeConstant);
    expect(told(samples)).toContain("asystole");
    expect(delayOf(samples)).toBeLessThanOrEqual(10);
  });
  it("does not delay it again and again", () => {
    const samples = pausedTo(50_000);
    for (let at = 29_400; at < 50_000; at += 2500) jump(samples, at, at % 5000 === 4400 ? 4 : -4, 1);
    expect(delayOf(samples)).toBeLessThanOrEqual(10);
  });
});

describe("an asystole without one", () => {
  it.each([0, 1, 3])("is told whatever is left of the signal: noise of %i steps", (noise) => {
    const samples = pausedTo(36_000);
    for (let i = (PAUSE_FROM_MS / 1000) * RATE + 100; i < 35.8 * RATE; i++) samples[i] = noise === 0 ? i & 1 : samples[i]! % (noise + 1);
    expect(told(samples)).toEqual(["asystole"]);
    expect(delayOf(samples)).toBeLessThanOrEqual(6);
  });
  it("is told with P waves, and with a baseline that wanders or jumps by less than 1.5 mV", () => {
    const beats = [...every(800, 500, 30_000), ...every(800, 36_000, 59_000)];
    const waves = [...beats.map((at) => at - 170), ...every(800, 30_000, 35_500)].map((atMs) => ({ atMs, widthMs: 100, height: 24 }));
    const pWaves = samplesOf([...beats.flatMap((at) => sinus(at)), ...waves], 60);
    expect(told(pWaves)).toEqual(["asystole"]);
    const wander = pausedTo(36_000).map((value, i) => value + Math.round(100 * Math.sin(i / 180)));
    expect(told(wander)).toEqual(["asystole"]);
    expect(told(jump(pausedTo(36_000), 29_400, 1, 1.5))).toEqual(["asystole"]);
  });
  it("is told when the jump is on one of two leads only", () => {
    expect(told(jump(pausedTo(36_000), 29_400, 4, 1.5), pausedTo(36_000))).toEqual(["asystole"]);
  });
});
