import type { Channel } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { addNoise, makeNoise, qrsPeakToPeak, rmsOf, type NoiseKind } from "./noise.ts";

const RATE = 360;
const beats = Array.from({ length: 60 }, (_, i) => (i + 1) * RATE);
/** A minute of complexes of 200 steps up and 80 down. */
const lead = (): Channel => {
  const samples = new Int16Array(62 * RATE);
  for (const at of beats) samples.set([0, 100, 200, 100, -80, -20, 0], at - 2);
  return {
    code: "mdc:131330",
    unit: "mV",
    startMs: 0,
    timing: { kind: "rate", numerator: RATE, denominator: 1 },
    samples,
    scale: { numerator: 1, offset: 0, denominator: 200 },
    missing: -32_768,
  };
};
const KINDS: NoiseKind[] = ["electrode motion", "muscle"];

describe("addNoise", () => {
  it("measures complexes from peak to peak", () => {
    expect(qrsPeakToPeak(lead(), RATE, beats)).toBe(280);
  });
  it("leaves a twentieth out at either end", () => {
    const odd = lead();
    odd.samples[beats[0]!] = 5000;
    odd.samples[beats[1]!] = 5000;
    expect(qrsPeakToPeak(odd, RATE, beats)).toBe(280);
  });
  it.each(KINDS)("%s is as strong as nst(1) has it", (kind) => {
    for (const decibels of [0, 6, 20]) {
      const clean = lead();
      const noisy = addNoise(clean, RATE, beats, { kind, decibels, seed: 5 });
      const noise = Float64Array.from(noisy.samples, (value, i) => value - clean.samples[i]!);
      const wanted = 280 / (2 * Math.sqrt(2)) / 10 ** (decibels / 20);
      expect(Math.abs(rmsOf(noise, RATE) / wanted - 1)).toBeLessThan(0.01);
    }
  });
  it.each(KINDS)("%s is the same for a seed, and another for another", (kind) => {
    expect(makeNoise(kind, 1000, RATE, 1)).toEqual(makeNoise(kind, 1000, RATE, 1));
    expect(makeNoise(kind, 1000, RATE, 1)).not.toEqual(makeNoise(kind, 1000, RATE, 2));
  });
  it("leaves what is missing", () => {
    const gap = lead();
    gap.samples[7] = gap.missing;
    const noisy = addNoise(gap, RATE, beats, { kind: "muscle", decibels: 0, seed: 1 });
    expect(noisy.samples[7]).toBe(gap.missing);
    expect(gap.samples[8]).toBe(0);
  });
  it("has its energy where its kind has", () => {
    const slow = (values: Float64Array): number => {
      let [state, energy, all] = [0, 0, 0];
      for (const value of values) {
        state += 0.14 * (value - state); // about 8 Hz
        energy += state * state;
        all += value * value;
      }
      return energy / all;
    };
    expect(slow(makeNoise("muscle", 20_000, RATE, 3))).toBeLessThan(0.05);
    expect(slow(makeNoise("electrode motion", 20_000, RATE, 3))).toBeGreaterThan(0.5);
  });
});
