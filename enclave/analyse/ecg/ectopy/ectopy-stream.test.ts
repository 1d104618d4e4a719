import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEcgGroups } from "../../beats.ts";
import { even, recordingOf } from "../../recordings.fixture.ts";
import { EctopyStream } from "./ectopy-stream.ts";
import { RecentSamples } from "./recent-samples.ts";
import { ventricularLikelihoods } from "./ventricular.ts";

const RATE = 250;
/** microvolts of a raw step */
const STEP = 5;
const MISSING = -32_768;

/** A lead with a narrow beat every 0.8 s and now and then an early wide one. */
function leadOf(seconds: number, size: number): Int16Array {
  const samples = new Int16Array(seconds * RATE);
  const wave = (at: number, half: number, height: number): void => {
    for (let i = Math.max(0, Math.round(at) - half); i < Math.min(samples.length, at + half); i++) {
      const far = (i - at) / half;
      samples[i] = (samples[i] ?? 0) + Math.round(size * height * (1 - far * far) * (1 - far * far));
    }
  };
  for (let i = 0, at = 0.4 * RATE; at < samples.length; i++) {
    const isVentricular = i % 7 === 5;
    if (isVentricular) wave(at, 26, 330);
    else wave(at, 11, 230);
    wave(at + 0.3 * RATE, 25, isVentricular ? -90 : 50);
    at += RATE * (i % 7 === 4 ? 0.5 : isVentricular ? 1.1 : 0.8);
  }
  return samples;
}

type Told = [number, number][];

interface Pushed {
  first: Int16Array;
  second: Int16Array | null;
  /** where the leads are pushed as null, [from, to) */
  gaps?: { first?: [number, number]; second?: [number, number] };
}

function streamed({ first, second, gaps }: Pushed, cuts: readonly number[]): Told {
  const told: Told = [];
  const stream = new EctopyStream(RATE, second === null ? [STEP] : [STEP, STEP], (at, permille) => told.push([at, permille]));
  const edges = [...(gaps?.first ?? []), ...(gaps?.second ?? [])];
  const ends = [...cuts, ...edges, first.length].toSorted((a, b) => a - b);
  const isIn = (at: number, gap: [number, number] | undefined): boolean => gap !== undefined && at >= gap[0] && at < gap[1];
  let from = 0;
  for (const end of ends) {
    stream.push(isIn(from, gaps?.first) ? null : first, isIn(from, gaps?.second) ? null : second, from, end);
    from = Math.max(from, end);
  }
  stream.end();
  return told;
}

/** What the detector says of the whole; gaps are missing samples. */
function whole({ first, second, gaps }: Pushed): Told {
  const channels = [first, second].flatMap((samples, lead) => {
    if (samples === null) return [];
    const gap = lead === 0 ? gaps?.first : gaps?.second;
    return even(lead === 0 ? "mdc:131330" : "mdc:131329", "uV", [], {
      samples: gap === undefined ? samples : samples.map((value, at) => (at >= gap[0] && at < gap[1] ? MISSING : value)),
      scale: { numerator: STEP, offset: 0, denominator: 1 },
      timing: { kind: "rate", numerator: RATE, denominator: 1 },
    });
  });
  const group = readEcgGroups(recordingOf(channels))[0];
  if (group === undefined) return [];
  expect(group.uncertain).toEqual([]);
  const likelihoods = ventricularLikelihoods(group);
  return Array.from(group.beats, (at, i): [number, number] => [at, likelihoods[i] ?? 0]);
}

const first = leadOf(70, 1);
const second = leadOf(70, 0.6);

describe("EctopyStream", () => {
  it.each<[string, Pushed]>([
    ["one lead", { first, second: null }],
    ["two leads", { first, second }],
    ["a second lead that cannot be judged for a while", { first, second, gaps: { second: [9000, 12_000] } }],
    ["two stretches", { first, second, gaps: { first: [10_000, 10_500] } }],
  ])("says of %s what the detector says of the whole", (_, pushed) => {
    const told = streamed(pushed, []);
    expect(told).toEqual(whole(pushed));
    expect(told.length).toBeGreaterThan(70);
    expect(told.filter(([, permille]) => permille >= 500).length).toBeGreaterThan(7);
  });
  it("says the same however pushes are cut", () => {
    const pushed: Pushed = { first, second, gaps: { first: [10_000, 10_500], second: [4000, 7000] } };
    const expected = streamed(pushed, []);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: first.length }), { maxLength: 40 }), (cuts) => {
        expect(streamed(pushed, cuts)).toEqual(expected);
      }),
      { numRuns: 8 },
    );
  });
  it("tells a beat with the next one", () => {
    let pushed = 0;
    const waits: number[] = [];
    const stream = new EctopyStream(RATE, [STEP], (at) => waits.push((pushed - at) / RATE));
    for (let from = 0; from < first.length; from += 25) {
      pushed = from + 25;
      stream.push(first, null, from, pushed);
    }
    expect(waits.length).toBeGreaterThan(60);
    expect(Math.max(...waits.slice(40))).toBeLessThan(5);
  });
});

describe("RecentSamples", () => {
  it("keeps the last ones in order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }), (lengths) => {
        const recent = new RecentSamples(9);
        let pushed = 0;
        for (const length of lengths) {
          recent.push(
            Int16Array.from({ length }, (_, i) => pushed + i),
            0,
            length,
          );
          pushed += length;
          for (let at = Math.max(0, pushed - 9); at < pushed; at++) expect(recent.samples[at - recent.first]).toBe(at);
        }
      }),
    );
  });
});
