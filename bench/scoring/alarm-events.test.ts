import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alarmEvents, type AlarmEvent } from "./alarm-events.ts";
import { readAnnotations, type Annotation } from "./annotations.ts";
import { DS1_FOLDER, recordNames } from "./records.ts";

/** Beats of one type at seconds, at 100 samples per second. */
const at = (type: number, ...seconds: number[]): Annotation[] =>
  seconds.map((second) => ({ at: Math.round(100 * second), type, subtype: 0, channel: 0, num: 0, aux: "" }));
const every = (interval: number, from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i * interval);
const events = (...annotations: Annotation[][]): [string, number, number][] =>
  alarmEvents(annotations.flat(), 100).map(({ kind, from, to }) => [kind, from, to]);

describe("true events", () => {
  it("follow the definitions to the beat", () => {
    expect(events(at(1, 1, 2, 6, 7))).toEqual([["asystole", 200, 600]]);
    expect(events(at(1, 1, 2, 5.99, 7))).toEqual([]);
    expect(events(at(1, ...every(1.51, 0, 5)))).toEqual([["extreme-bradycardia", 0, 604]]);
    expect(events(at(1, ...every(1.51, 0, 4)))).toEqual([]);
    expect(events(at(1, ...every(1.5, 0, 9)))).toEqual([]);
    expect(events(at(1, ...every(0.42, 0, 17)))).toEqual([["extreme-tachycardia", 0, 672]]);
    expect(events(at(1, ...every(0.42, 0, 16)))).toEqual([]);
    expect(events(at(1, 0), at(5, ...every(0.59, 1, 5)), at(1, 5))).toEqual([["ventricular-tachycardia", 100, 336]]);
    expect(events(at(5, ...every(0.59, 1, 4)), at(1, 4), at(5, 5))).toEqual([]);
    expect(events(at(5, ...every(0.6, 1, 9)))).toEqual([]);
    expect(events(at(1, 9), at(32, 10), at(31, 10.5, 11), at(33, 14), at(1, 15))).toEqual([["ventricular-fibrillation", 1000, 1400]]);
    expect(events(at(32, 10), at(33, 13.9))).toEqual([]);
  });
  it("say where their definition is met", () => {
    const met = (...annotations: Annotation[][]): number[] => alarmEvents(annotations.flat(), 100).map((event) => event.met);
    expect(met(at(1, 1, 7, 8))).toEqual([500]);
    expect(met(at(1, ...every(1.6, 0, 9)))).toEqual([640]);
    expect(met(at(1, ...every(0.4, 0, 30)))).toEqual([640]);
    expect(met(at(1, 0), at(5, ...every(0.5, 1, 9)))).toEqual([300]);
    expect(met(at(32, 10), at(33, 20))).toEqual([1400]);
  });
  it("are those of the published list for DS1", { skip: !existsSync(join(DS1_FOLDER, "events.json")) }, () => {
    const { records } = JSON.parse(readFileSync(join(DS1_FOLDER, "events.json"), "utf8")) as {
      records: Record<string, { type: string; start: number; end: number }[]>;
    };
    for (const name of recordNames(DS1_FOLDER)) {
      const listed = (records[name] ?? []).filter(({ type }) => /^(extreme|VT\(|VF\/)/.test(type));
      const derived = alarmEvents(readAnnotations(readFileSync(join(DS1_FOLDER, `${name}.atr`))), 360);
      expect(derived.length, name).toBe(listed.length);
      derived.forEach((event: AlarmEvent, i) => expect(Math.abs(event.from - (listed[i]?.start ?? 0)), name).toBeLessThanOrEqual(180));
    }
  });
});
