import type { Channel, Recording } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { recordingFacts } from "./facts.ts";

const START = 1_800_000_000_000;
const channel = (code: string, samples: number, timing: Channel["timing"], startMs = START): Channel => ({
  code,
  unit: "/min",
  startMs,
  timing,
  samples: new Int16Array(samples),
  scale: { numerator: 1, offset: 0, denominator: 1 },
  missing: -32_768,
});
const rate = (numerator: number, denominator = 1): Channel["timing"] => ({ kind: "rate", numerator, denominator });
const facts = (channels: Channel[], events: Recording["events"] = []): ReturnType<typeof recordingFacts> =>
  recordingFacts({ subject: "s", device: "d", channels, events });

describe("what a decision knows of a recording", () => {
  it("is its device and each channel code once, in order", () => {
    expect(facts([channel("b:2", 1, rate(1)), channel("a:1", 1, rate(1)), channel("b:2", 1, rate(1))])).toMatchObject({
      device: "d",
      channels: ["a:1", "b:2"],
    });
  });

  it.each([
    ["one sample", channel("a:1", 1, rate(1)), 0],
    ["a second more for each", channel("a:1", 61, rate(1)), 60_000],
    ["a rate that gives no whole milliseconds, rounded up", channel("a:1", 2, rate(360)), 3],
    ["a rational rate", channel("a:1", 4, rate(1000, 999)), 2997],
    ["one sample a day, exactly", channel("a:1", 16_777_216, rate(1, 86_400)), 16_777_215 * 86_400_000],
    ["offsets", channel("a:1", 2, { kind: "offsets", offsetsMs: Uint32Array.of(7, 90) }), 90],
  ])("ends with the last sample: %s", (_, one, lengthMs) => {
    const fromMs = START + (one.timing.kind === "offsets" ? 7 : 0);
    expect(facts([one]).span).toEqual({ fromMs, toMs: START + lengthMs });
  });

  it("spans all channels that hold samples, and all events", () => {
    const early = channel("a:1", 2, rate(1), START - 9000);
    const none = channel("b:2", 0, rate(1), START - 99_000);
    expect(facts([early, none, channel("c:3", 11, rate(1))]).span).toEqual({ fromMs: START - 9000, toMs: START + 10_000 });
    const events = [-20_000, 30_000].map((offset) => ({ atMs: START + offset, kind: "oxygen", value: "on" }) as const);
    expect(facts([early], events).span).toEqual({ fromMs: START - 20_000, toMs: START + 30_000 });
    expect(facts([none]).span).toBeNull();
  });
});
