import { encodeRecording, MAX_CHANNEL_SAMPLES, type Channel, type Recording } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitRecording } from "./split.ts";

const START = Date.UTC(2026, 0, 1, 8);

function wave(seconds: number, numerator: number, denominator = 1, startMs = START): Channel {
  const samples = new Int16Array(Math.floor((seconds * numerator) / denominator)).map((_, i) => i % 1000);
  const timing = { kind: "rate" as const, numerator, denominator };
  return {
    code: "mdc:131330",
    unit: "mV",
    startMs,
    timing,
    samples,
    scale: { numerator: 1, offset: 0, denominator: 200 },
    missing: -32768,
  };
}

const recordingOf = (channels: Channel[], events: Recording["events"] = []): Recording => ({ subject: "s", device: "d", channels, events });

/** Every sample of a channel with its time, so that what is cut can be compared with what was whole. */
function samplesOf({ timing, startMs, samples }: Channel): [number, number][] {
  return Array.from(samples, (sample, i) => [
    startMs + (timing.kind === "rate" ? (i * 1000 * timing.denominator) / timing.numerator : (timing.offsetsMs[i] ?? 0)),
    sample,
  ]);
}

describe("splitting", () => {
  it("leaves a recording that fits as it is", () => {
    const recording = recordingOf([wave(60, 360)]);
    expect(splitRecording(recording)).toEqual([{ recording, part: null }]);
    expect(splitRecording(recording)[0]?.recording).toBe(recording);
  });

  it("cuts 24 hours of two leads at 360 Hz into four windows at whole minutes, without copying a sample", () => {
    const frames = 24 * 3600 * 360;
    const lead: Channel = { ...wave(1, 360), samples: new Int16Array(frames) };
    const parts = splitRecording(recordingOf([lead, { ...lead, code: "mdc:131331" }]));
    expect(parts.map(({ part }) => part?.of)).toEqual([4, 4, 4, 4]);
    let expected = START;
    for (const { recording, part } of parts) {
      expect(part?.startMs).toBe(expected);
      expect(((part?.startMs ?? 1) - START) % 60_000).toBe(0);
      expect(recording.channels.map(({ startMs }) => startMs)).toEqual([expected, expected]);
      expect(recording.channels[0]?.samples.buffer).toBe(lead.samples.buffer);
      expect(encodeRecording(recording).length).toBeLessThan(32 * 1024 * 1024 - 400_000);
      expected = part?.endMs ?? 0;
    }
    expect(expected).toBe(START + 86_400_000);
    expect(parts.reduce((sum, { recording }) => sum + (recording.channels[0]?.samples.length ?? 0), 0)).toBe(frames);
  });

  it("cuts a channel of more samples than a recording holds, however few bytes they are", () => {
    const lead: Channel = { ...wave(1, 1000), samples: new Int16Array(MAX_CHANNEL_SAMPLES + 1) };
    const parts = splitRecording(recordingOf([lead]), 2 ** 40);
    expect(parts).toHaveLength(2);
    for (const { recording } of parts) encodeRecording(recording);
  });

  it("hands the state that holds at a cut to the next window", () => {
    const events: Recording["events"] = [
      { atMs: START, kind: "oxygen", value: "off" },
      { atMs: START + 1000, kind: "oxygen", value: "on" },
      { atMs: START + 130_000, kind: "consciousness", value: "V" },
    ];
    const parts = splitRecording(recordingOf([wave(180, 10)], events), 2000);
    expect(parts.map(({ part }) => part?.startMs)).toEqual([START, START + 60_000, START + 120_000]);
    expect(parts.map(({ recording }) => recording.events)).toEqual([events.slice(0, 2), events.slice(1, 2), events.slice(1)]);
  });

  it("leaves windows out in which nothing was recorded", () => {
    const late = wave(60, 10, 1, START + 86_400_000);
    const parts = splitRecording(recordingOf([wave(60, 10), late]), 2000);
    expect(parts.map(({ recording, part }) => [recording.channels.length, part?.number, part?.of])).toEqual([
      [1, 1, 2],
      [1, 2, 2],
    ]);
  });

  it("makes no window of events alone, which no recording can be", () => {
    const change = (atMs: number, i: number): Recording["events"][number] => ({ atMs, kind: "oxygen", value: i % 2 === 0 ? "on" : "off" });
    const events = [START, START, START + 1, START + 1, START + 2, START + 2].map(change);
    const charted = (startMs: number): Channel => ({
      ...wave(0, 1, 1, startMs),
      timing: { kind: "offsets", offsetsMs: Uint32Array.of(0) },
      samples: Int16Array.of(1),
    });
    const parts = splitRecording(recordingOf([charted(START), charted(START + 60_060_000)], events), 200);
    expect(parts.map(({ recording }) => recording.channels.length)).toEqual([1, 1]);
    expect(parts.map(({ part }) => [part?.number, part?.of])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(parts.at(-1)?.recording.events).toEqual(events.slice(3)); // first the state that holds
  });

  it("cuts channels whose rates have nothing in common", () => {
    const channels = Array.from({ length: 64 }, (_, i): Channel => ({
      ...wave(0, 999_983 - 2 * i, 999_979 - 4 * i),
      samples: new Int16Array(1000),
    }));
    const parts = splitRecording(recordingOf(channels), 50_000);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.reduce((sum, { recording }) => sum + recording.channels.reduce((all, { samples }) => all + samples.length, 0), 0)).toBe(
      64_000,
    );
  });

  it("loses no sample, doubles none and keeps each one's time, for any channels and limit", () => {
    const rate = fc.constantFrom<[number, number]>([1, 1], [1, 60], [360, 1], [125, 1], [62475, 1000], [999, 7]);
    const even = fc.tuple(rate, fc.nat(3000), fc.nat(90)).map(([[n, d], ms, seconds]): Channel => wave(seconds / 3 + 60, n, d, START + ms));
    const charted = fc.uniqueArray(fc.nat(200_000), { minLength: 1, maxLength: 40 }).map((offsets): Channel => {
      const offsetsMs = Uint32Array.from(offsets).toSorted();
      return { ...wave(0, 1), timing: { kind: "offsets", offsetsMs }, samples: Int16Array.from(offsetsMs, (_, i) => i) };
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(even, charted), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1500, max: 60_000 }),
        (channels, maxBytes) => {
          const parts = splitRecording(recordingOf(channels.map((channel, i) => ({ ...channel, code: `mdc:${131_328 + i}` }))), maxBytes);
          channels.forEach((channel, i) => {
            const joined = parts.flatMap(({ recording }) =>
              recording.channels.filter(({ code }) => code === `mdc:${131_328 + i}`).flatMap(samplesOf),
            );
            const whole = samplesOf(channel);
            expect(joined.map(([, sample]) => sample)).toEqual(whole.map(([, sample]) => sample));
            expect(Math.max(...joined.map(([atMs], j) => Math.abs(atMs - (whole[j]?.[0] ?? 0))))).toBeLessThanOrEqual(0.5);
          });
          const positions = parts.flatMap(({ part }) => part ?? []);
          positions.forEach((part, i) => expect(part.startMs).toBeGreaterThanOrEqual(positions[i - 1]?.endMs ?? 0));
        },
      ),
      { numRuns: 30 },
    );
  });
});
