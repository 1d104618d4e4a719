import type { Annotation } from "./annotations.ts";

/** Alarm conditions by the definitions of the PhysioNet/CinC challenge 2015. */
export type EventKind = "asystole" | "extreme-bradycardia" | "extreme-tachycardia" | "ventricular-tachycardia" | "ventricular-fibrillation";

/** One true event, in samples. */
export interface AlarmEvent {
  kind: EventKind;
  from: number;
  /** where the definition is met, at the earliest */
  met: number;
  to: number;
}

/**
 * Derives the events from reference annotations: no QRS for 4 s; below 40/min for 5 beats; above 140/min for 17; 5 or more
 * ventricular beats at more than 100/min; flutter or fibrillation for 4 s.
 */
export function alarmEvents(annotations: readonly Annotation[], rate: number): AlarmEvent[] {
  const beats = annotations.filter(({ type }) => BEATS.has(type));
  const marks = annotations.filter(({ type }) => BEATS.has(type) || WAVES.has(type));
  return [
    ...pauses(marks, rate),
    ...rateRuns(marks, rate, "extreme-bradycardia"),
    ...rateRuns(marks, rate, "extreme-tachycardia"),
    ...ventricularRuns(beats, rate),
    ...fibrillations(annotations, rate),
  ].toSorted((a, b) => a.from - b.from);
}

function pauses(marks: readonly Annotation[], rate: number): AlarmEvent[] {
  return pairs(marks).flatMap(([before, after]) =>
    !WAVES.has(before.type) && !WAVES.has(after.type) && after.at - before.at >= 4 * rate
      ? [{ kind: "asystole" as const, from: before.at, met: before.at + 4 * rate, to: after.at }]
      : [],
  );
}

function rateRuns(marks: readonly Annotation[], rate: number, kind: "extreme-bradycardia" | "extreme-tachycardia"): AlarmEvent[] {
  const [perMinute, least] = kind === "extreme-bradycardia" ? [40, 5] : [140, 17];
  const isBeyond = ([before, after]: readonly [Annotation, Annotation]): boolean => {
    if (WAVES.has(before.type) || WAVES.has(after.type)) return false;
    const interval = (after.at - before.at) * perMinute;
    return kind === "extreme-bradycardia" ? interval > 60 * rate : interval < 60 * rate;
  };
  return runsOf(pairs(marks), isBeyond).flatMap((run) => {
    const [first, met, last] = [run[0]?.[0], run[least - 2]?.[1], run.at(-1)?.[1]];
    return first === undefined || met === undefined || last === undefined ? [] : [{ kind, from: first.at, met: met.at, to: last.at }];
  });
}

function ventricularRuns(beats: readonly Annotation[], rate: number): AlarmEvent[] {
  return runsOf(beats, ({ type }) => type === PVC).flatMap((run) => {
    const [first, fifth, last] = [run[0], run[4], run.at(-1)];
    if (first === undefined || fifth === undefined || last === undefined) return [];
    const perMinute = (60 * rate * (run.length - 1)) / (last.at - first.at);
    return perMinute > 100 ? [{ kind: "ventricular-tachycardia" as const, from: first.at, met: fifth.at, to: last.at }] : [];
  });
}

/** From VFON to VFOFF. */
function fibrillations(annotations: readonly Annotation[], rate: number): AlarmEvent[] {
  const events: AlarmEvent[] = [];
  let on: number | null = null;
  for (const { at, type } of annotations) {
    if (type === VFON) on = at;
    else if (type === VFOFF && on !== null) {
      if (at - on >= 4 * rate) events.push({ kind: "ventricular-fibrillation", from: on, met: on + 4 * rate, to: at });
      on = null;
    }
  }
  return events;
}

function pairs(marks: readonly Annotation[]): [Annotation, Annotation][] {
  return marks.slice(1).map((after, i) => [marks[i] as Annotation, after]);
}

/** Stretches of consecutive items that fit. */
function runsOf<T>(items: readonly T[], fits: (item: T) => boolean): T[][] {
  const runs: T[][] = [];
  let open: T[] | null = null;
  for (const item of items) {
    if (!fits(item)) open = null;
    else if (open === null) runs.push((open = [item]));
    else open.push(item);
  }
  return runs;
}

const PVC = 5;
const VFON = 32;
const VFOFF = 33;
/** Codes that stand for a QRS complex (ecgmap.h, isqrs), and flutter waves. */
const BEATS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41]);
const WAVES: ReadonlySet<number> = new Set([31, VFON, VFOFF]);
