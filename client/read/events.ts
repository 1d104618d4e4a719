import type { RecordingEvent } from "@caladrius/wire";
import { ReadError } from "./problems.ts";

/**
 * Puts states in order of time and keeps those that change something: a recording's event holds until the next of its
 * kind. Where one moment has several, the one that weighs more in NEWS2 stands: oxygen on, the lower consciousness,
 * SpO2 scale 1.
 */
export function eventsFrom(collected: readonly RecordingEvent[], problem: (error: ReadError) => void): RecordingEvent[] {
  const sorted = collected.toSorted((a, b) => a.atMs - b.atMs || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || weight(b) - weight(a));
  const state = new Map<RecordingEvent["kind"], RecordingEvent>();
  const events: RecordingEvent[] = [];
  for (const event of sorted) {
    const before = state.get(event.kind);
    if (before?.atMs === event.atMs) continue;
    state.set(event.kind, event);
    if (before?.value !== event.value) events.push(event);
  }
  if (events.length > MAX_EVENTS) {
    problem(new ReadError("recording-limit", "events", `at most ${MAX_EVENTS}`, `${events.length}: the first ${MAX_EVENTS} are kept`));
    events.length = MAX_EVENTS;
  }
  return events;
}

function weight(event: RecordingEvent): number {
  return WEIGHTS.indexOf(event.value);
}

const KINDS: readonly RecordingEvent["kind"][] = ["oxygen", "consciousness", "spo2-scale"];
const WEIGHTS: readonly string[] = ["2", "1", "off", "on", "A", "C", "V", "P", "U"];
const MAX_EVENTS = 4096;
