import type { RecordingEvent } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { eventsFrom } from "./events.ts";
import { ReadError } from "./problems.ts";

const MINUTE = 60_000;
const state = (atMs: number, value: string, kind: RecordingEvent["kind"] = "consciousness"): RecordingEvent => ({ atMs, kind, value });

function from(collected: RecordingEvent[]): [number, string][] {
  const events = eventsFrom(collected, (error) => {
    throw error;
  });
  return events.map(({ atMs, value }) => [atMs, value]);
}

/** One state, charted as often as said. */
const charted = (count: number, stepMs: number): RecordingEvent[] => Array.from({ length: count }, (_, i) => state(i * stepMs, "A"));

describe("states of a recording", () => {
  it("renew what was charted again, so that no detector takes it for old", () => {
    expect(from(charted(3, 60 * MINUTE))).toEqual([
      [0, "A"],
      [60 * MINUTE, "A"],
      [120 * MINUTE, "A"],
    ]);
    expect(from([state(0, "off", "oxygen"), state(0, "A"), state(MINUTE, "off", "oxygen")])).toEqual([
      [0, "off"],
      [0, "A"],
      [MINUTE, "off"],
    ]);
  });

  it("are told every minute at most, and at once where they change", () => {
    expect(from([state(0, "A"), state(59_999, "A"), state(MINUTE, "A"), state(MINUTE + 1, "C"), state(MINUTE + 2, "A")])).toEqual([
      [0, "A"],
      [MINUTE, "A"],
      [MINUTE + 1, "C"],
      [MINUTE + 2, "A"],
    ]);
  });

  it("are told less often where a recording would not hold them, never less than they change", () => {
    expect(from(charted(4096, MINUTE))).toHaveLength(4096);
    expect(from(charted(5000, MINUTE))).toHaveLength(500); // every ten minutes
    expect(from(charted(60_000, MINUTE))).toHaveLength(1000); // every hour
    expect(from(charted(5000, 60 * MINUTE))).toEqual([[0, "A"]]);
    const changing = Array.from({ length: 5000 }, (_, i) => state(i, i % 2 === 0 ? "A" : "C"));
    const problems: ReadError[] = [];
    expect(eventsFrom(changing, (error) => problems.push(error))).toEqual(changing.slice(0, 4096));
    expect(problems).toMatchObject([{ code: "recording-limit", actual: "5000: the first 4096 are kept" }]);
  });

  it("weigh more where one moment has several", () => {
    expect(from([state(0, "A"), state(0, "V"), state(0, "C")])).toEqual([[0, "V"]]);
    expect(from([state(0, "on", "oxygen"), state(0, "off", "oxygen")])).toEqual([[0, "on"]]);
    expect(from([state(0, "2", "spo2-scale"), state(0, "1", "spo2-scale")])).toEqual([[0, "1"]]);
  });
});
