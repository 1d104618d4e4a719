import { describe, expect, it } from "vitest";
import type { AlarmListener, LabelledBeat, RhythmAlarm } from "./alarm.ts";
import { Pause } from "./pause.ts";
import { RateRun } from "./rate-run.ts";
import { CINC_2015_LIMITS } from "./rhythm-stream.ts";
import { VentricularRun } from "./ventricular-run.ts";

/*
 * PhysioNet/CinC challenge 2015: asystole, no QRS for at least 4 s; extreme bradycardia, below 40/min for 5 consecutive
 * beats; extreme tachycardia, above 140/min for 17; ventricular tachycardia, 5 or more ventricular beats above 100/min.
 * Each side of each edge is one sample away from it. (Fibrillation for 4 s is a property of a waveform: ecg-rhythm.test.ts.)
 */
const RATE = 1000;

function alarmsOf(
  run: (listener: AlarmListener) => { beats: (beats: readonly LabelledBeat[]) => void; end: () => void },
  intervals: readonly number[],
): RhythmAlarm[] {
  const told: RhythmAlarm[] = [];
  const { beats, end } = run({ rise: () => undefined, tell: (alarm) => told.push(alarm) });
  let at = 5000;
  const list = [at, ...intervals.map((interval) => (at += interval))];
  beats(list.map((place) => ({ at: place, votes: 3, ventricularPermille: 900, distance: null, widthRatio: null })));
  end();
  return told;
}

const rate = (below: boolean, perMinute: number, least: number) => (listener: AlarmListener) => {
  const run = new RateRun(RATE, { below, perMinute, beats: least }, listener);
  return { beats: (beats: readonly LabelledBeat[]): void => beats.forEach((beat) => run.beat(beat)), end: (): void => run.end() };
};
const { bradycardiaPerMinute, bradycardiaBeats, tachycardiaPerMinute, tachycardiaBeats } = CINC_2015_LIMITS;
const slow = rate(true, bradycardiaPerMinute, bradycardiaBeats);
const fast = rate(false, tachycardiaPerMinute, tachycardiaBeats);
const ventricular = (listener: AlarmListener): ReturnType<typeof slow> => {
  const limits = { beats: CINC_2015_LIMITS.ventricularBeats, perMinute: CINC_2015_LIMITS.ventricularPerMinute };
  const run = new VentricularRun(RATE, limits, listener);
  return { beats: (beats) => beats.forEach((beat) => run.beat(beat)), end: () => run.end() };
};
const pause = (listener: AlarmListener): ReturnType<typeof slow> => {
  const run = new Pause(
    RATE,
    CINC_2015_LIMITS.asystoleMs,
    () => -1,
    (beat) => beat,
    listener,
  );
  return {
    beats: (beats) => {
      run.begin(beats[0]?.at ?? 0);
      for (const beat of beats) run.beat(beat);
    },
    end: () => undefined,
  };
};
const times = (count: number, interval: number): number[] => Array.from({ length: count }, () => interval);

describe("definitions of the PhysioNet/CinC challenge 2015, on both sides of every edge", () => {
  it.each([
    ["4 s without a beat", pause, [1000, 4000, 1000], ["asystole"]],
    ["1 ms less", pause, [1000, 3999, 1000], []],
    ["5 beats at 39.97/min", slow, [...times(4, 1501), 900], ["extreme-bradycardia"]],
    ["5 beats at 40/min", slow, [...times(4, 1500), 900], []],
    ["4 beats at 30/min", slow, [...times(3, 2000), 900], []],
    ["5 beats, one of them at 40/min", slow, [1600, 1600, 1500, 1600, 1600, 900], []],
    ["17 beats at 140.2/min", fast, [...times(16, 428), 900], ["extreme-tachycardia"]],
    ["17 beats at 139.9/min", fast, [...times(16, 429), 900], []],
    ["16 beats at 150/min", fast, [...times(15, 400), 900], []],
    ["17 beats, one of them at 139.9/min", fast, [...times(8, 400), 429, ...times(7, 400), 900], []],
    ["5 ventricular beats at 100.2/min", ventricular, [...times(4, 599)], ["ventricular-tachycardia"]],
    ["5 ventricular beats at 100/min", ventricular, [...times(4, 600)], []],
    ["4 ventricular beats at 150/min", ventricular, [...times(3, 400)], []],
  ] as const)("%s", (_name, run, intervals, codes) => {
    expect(alarmsOf(run, intervals).map(({ code }) => code)).toEqual(codes);
  });

  it("begin with the first beat that counts and end with the last", () => {
    const [bradycardia] = alarmsOf(slow, [900, ...times(5, 1600), 900]);
    expect(bradycardia).toMatchObject({ from: 5900, to: 13_900 });
    const [asystole] = alarmsOf(pause, [900, 4500, 900]);
    expect(asystole).toMatchObject({ from: 5900, to: 10_400, evidence: [{ name: "pause", value: 4500 }] });
  });
});
