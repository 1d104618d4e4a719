import type { AlarmEvent, EventKind } from "./alarm-events.ts";

/** An alarm as a stream gave it, in samples. */
export interface RaisedAlarm {
  code: string;
  /** where the condition began */
  from: number;
  /** how far the recording had come when the alarm was raised */
  now: number;
}

/** An alarm as the whole analysis gives it, in samples. */
export interface FoundAlarm {
  code: string;
  from: number;
  to: number;
}

/** What became of one true event. */
export interface EventScore {
  event: AlarmEvent;
  /** seconds from its onset to the first alarm of a fitting kind; null for none before 10 s after its end */
  delay: number | null;
  /** seconds from where the definition was met; below 0 where the alarm came before */
  late: number | null;
}

/** Finds for each event the first alarm that fits it. Of the lethal rhythms one may stand for the other: 200/min is VT, flutter and tachycardia. */
export function scoreEvents(events: readonly AlarmEvent[], raised: readonly RaisedAlarm[], rate: number): EventScore[] {
  return events.map((event) => {
    const fitting = raised.filter(
      ({ code, from, now }) =>
        FITTING[event.kind].includes(code) && from <= event.to && now >= event.from && now <= event.to + SLACK_SECONDS * rate,
    );
    const first = Math.min(...fitting.map(({ now }) => now));
    if (fitting.length === 0) return { event, delay: null, late: null };
    return { event, delay: (first - event.from) / rate, late: (first - event.met) / rate };
  });
}

/** Events that an alarm of a fitting kind overlaps. */
export function foundEvents(events: readonly AlarmEvent[], found: readonly FoundAlarm[]): AlarmEvent[] {
  return events.filter(({ kind, from, to }) =>
    found.some((alarm) => FITTING[kind].includes(alarm.code) && alarm.from <= to && alarm.to >= from),
  );
}

/** High alarms that no event of any kind comes within 10 s of. */
export function falseAlarms(events: readonly AlarmEvent[], found: readonly FoundAlarm[], rate: number): FoundAlarm[] {
  const slack = SLACK_SECONDS * rate;
  return found.filter((alarm) => !events.some(({ from, to }) => alarm.from <= to + slack && alarm.to >= from - slack));
}

/** High alarms that do not overlap an event of a fitting kind: the strict count. */
export function strayAlarms(events: readonly AlarmEvent[], found: readonly FoundAlarm[]): FoundAlarm[] {
  return found.filter(
    (alarm) => !events.some(({ kind, from, to }) => FITTING[kind].includes(alarm.code) && alarm.from <= to && alarm.to >= from),
  );
}

/** The challenge's slack between an event and its alarm. */
const SLACK_SECONDS = 10;
const FITTING: Readonly<Record<EventKind, readonly string[]>> = {
  asystole: ["asystole", "ventricular-fibrillation"],
  "extreme-bradycardia": ["extreme-bradycardia", "asystole"],
  "extreme-tachycardia": ["extreme-tachycardia", "ventricular-tachycardia", "ventricular-fibrillation"],
  "ventricular-tachycardia": ["ventricular-tachycardia", "ventricular-fibrillation"],
  "ventricular-fibrillation": ["ventricular-fibrillation", "ventricular-tachycardia", "extreme-tachycardia"],
};
