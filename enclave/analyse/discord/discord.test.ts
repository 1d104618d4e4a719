import type { Analysis, CborValue, Channel } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyse } from "../index.ts";
import { even, recordingOf, START_MS } from "../recordings.fixture.ts";
import { LeftProfile } from "./left-profile.ts";

/** The definition: z-normalise every pair of windows and correlate. Samples are numbers, NaN for missing. */
function profile(samples: readonly number[], window: number, history: number): number[] {
  const normalised = samples.map((_, end) => {
    const part = samples.slice(end - window + 1, end + 1);
    if (end < window - 1 || part.some((value) => Number.isNaN(value))) return null;
    const mean = part.reduce((sum, value) => sum + value, 0) / window;
    const spread = Math.sqrt(part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / window);
    return spread === 0 ? null : part.map((value) => (value - mean) / spread);
  });
  return normalised.map((one, end) => {
    let best = Number.NaN;
    if (one === null) return best;
    for (let other = Math.max(0, end - history); other <= end - window; other++) {
      const earlier = normalised[other] ?? null;
      if (earlier === null) continue;
      const correlation = one.reduce((sum, value, i) => sum + value * (earlier[i] ?? 0), 0) / window;
      if (!(correlation <= best)) best = correlation;
    }
    return best;
  });
}

/** A pulse wave: up steeply, down slowly, a notch; a beat in 80 samples, each a little different. */
function pulses(length: number, strange: readonly number[] = []): number[] {
  return Array.from({ length }, (_, i) => {
    const beat = Math.floor(i / 80);
    const phase = i % 80;
    const wave =
      phase < 12 ? phase * 80 : phase < 40 ? 960 - (phase - 12) * 22 : phase < 48 ? 344 + (phase - 40) * 15 : 464 - (phase - 48) * 14;
    if (strange.includes(beat)) return (phase % 16) * 40;
    return wave + ((beat * 37) % 23) + ((i * 7919) % 11);
  });
}

function judged(channel: Channel, parameters: [string, CborValue][] = []): Analysis {
  return analyse(recordingOf([channel]), { detectors: ["discord"], parameters: new Map([["discord", new Map(parameters)]]) });
}

const wave = (samples: readonly number[], over: Partial<Channel> = {}): Channel =>
  even("loinc:1-8", "mV", samples, { timing: { kind: "rate", numerator: 100, denominator: 1 }, ...over });

const SHORT: [string, CborValue][] = [
  ["window", 64],
  ["history", 800],
];

describe("left matrix profile", () => {
  it("is that of the definition, with gaps and flat stretches", () => {
    const sample = fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: -30, max: 30 }) },
      { weight: 1, arbitrary: fc.constant(Number.NaN) },
      { weight: 5, arbitrary: fc.constant(7) },
    );
    fc.assert(
      fc.property(
        fc.array(sample, { maxLength: 260 }),
        fc.integer({ min: 4, max: 12 }),
        fc.integer({ min: 16, max: 60 }),
        (samples, window, history) => {
          const stream = new LeftProfile(window, history);
          const expected = profile(samples, window, history);
          samples.forEach((value, i) => {
            const found = stream.push(value);
            if (Number.isNaN(expected[i])) expect(found).toBeNaN();
            else expect(found).toBeCloseTo(expected[i] ?? 0, 9);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
  it("does not drift: a repetition after large samples is exactly one", () => {
    const stream = new LeftProfile(16, 64);
    const correlations = Array.from({ length: 5000 }, (_, i) => stream.push(i < 4000 ? ((i * 7919) % 1_048_575) - 524_287 : i % 16));
    expect(correlations.slice(-900).every((one) => one > 1 - 1e-12)).toBe(true);
  });
});

describe("discord", () => {
  it("finds the beat that looks like none before, and only it", () => {
    const { findings, coverage } = judged(wave(pulses(8000, [60])), SHORT);
    expect(findings).toMatchObject([{ code: "discord", priority: "low", technical: false, channel: "loinc:1-8" }]);
    const at = findings.map(({ onsetMs, endMs }) => [(onsetMs - START_MS) / 10, (endMs - START_MS) / 10])[0] ?? [];
    expect(at[0]).toBeGreaterThan(60 * 80 - 64);
    expect(at[1]).toBeLessThan(61 * 80 + 64);
    expect(findings[0]?.confidencePermille).toBeGreaterThan(666);
    expect(coverage.unassessed).toMatchObject([{ detector: "analyse", channel: "loinc:1-8", reason: "unknown-code" }]);
    expect(coverage.samplesReceived).toBe(8000);
  });
  it("finds nothing where every beat is like another, or where all is noise", () => {
    expect(judged(wave(pulses(8000)), SHORT).findings).toEqual([]);
    let seed = 1;
    const noise = Array.from({ length: 4000 }, () => (seed = (seed * 48_271) % 2_147_483_647) % 1000);
    expect(judged(wave(noise), SHORT).findings).toEqual([]);
  });
  it("gives the same for any offset and power-of-two scale of the samples", () => {
    const plain = judged(wave(pulses(8000, [60])), SHORT).findings;
    const large = Int32Array.from(pulses(8000, [60]), (value) => value * 65_536 + 1_000_000);
    expect(judged(wave([], { samples: large, missing: -1 }), SHORT).findings).toEqual(plain);
  });
  it("keeps missing samples out of every window", () => {
    const samples = pulses(8000).map((value, i) => (i >= 4000 && i < 4040 ? -32_768 : value));
    expect(judged(wave(samples), SHORT).findings).toEqual([]);
  });
  it("runs by name only, on waves only, and no longer than it may", () => {
    const ids = analyse(recordingOf([wave(pulses(2000))]), { detectors: [] }).detectors.map(({ id }) => id);
    expect(ids).not.toContain("discord");
    expect(judged(even("loinc:1-8", "mV", pulses(2000))).coverage.unassessed.map(({ reason }) => reason)).toContain("no-channel");
    expect(judged(wave(pulses(8000, [60])), [...SHORT, ["most-samples", 4000]]).findings).toEqual([]);
    expect(judged(wave(pulses(700)), SHORT).findings).toEqual([]);
  });
});
