import { describe, expect, it } from "vitest";
import type { AlarmEvent, EventKind } from "./alarm-events.ts";
import { falseAlarms, foundEvents, scoreEvents, strayAlarms } from "./alarm-scores.ts";

const RATE = 100;
const event = (kind: EventKind, from: number, to: number): AlarmEvent => ({
  kind,
  from: from * RATE,
  met: from * RATE + 400,
  to: to * RATE,
});
const alarm = (code: string, from: number, to: number): { code: string; from: number; to: number } => ({
  code,
  from: from * RATE,
  to: to * RATE,
});

describe("alarms against events", () => {
  const pause = event("asystole", 100, 106);
  it("finds an event by an alarm of a fitting kind that overlaps it", () => {
    expect(foundEvents([pause], [alarm("asystole", 105, 110)])).toEqual([pause]);
    expect(foundEvents([pause], [alarm("asystole", 107, 110)])).toEqual([]);
    expect(foundEvents([pause], [alarm("extreme-tachycardia", 100, 106)])).toEqual([]);
  });
  it("calls false what lies 10 s from every event, and stray what overlaps none of its kind", () => {
    const alarms = [alarm("asystole", 115, 120), alarm("asystole", 117, 120), alarm("extreme-tachycardia", 100, 106)];
    expect(falseAlarms([pause], alarms, RATE)).toEqual([alarms[1]]);
    expect(strayAlarms([pause], alarms)).toEqual(alarms);
  });
  it("counts the delay of a live alarm from onset and from where the definition was met", () => {
    const raised = (now: number): number | null =>
      scoreEvents([pause], [{ code: "asystole", from: 100 * RATE, now: now * RATE }], RATE)[0]?.delay ?? null;
    expect(raised(105)).toBe(5);
    expect(raised(116)).toBe(16);
    expect(raised(117)).toBe(null);
    expect(scoreEvents([pause], [{ code: "asystole", from: 100 * RATE, now: 105 * RATE }], RATE)[0]?.late).toBe(1);
  });
});
