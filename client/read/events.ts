import type { RecordingEvent } from "@caladrius/wire";
import { ReadError } from "./problems.ts";

/**
 * Puts states in order of time and keeps those that change or renew something: a recording's event holds until the next of
 * its kind, but a detector believes it for so long alone, so that "alert" every hour is told every hour. A state that was
 * charted again within a minute says nothing new; where there are more than a recording holds, renewals are kept ten
 * minutes apart, else an hour, else none. Where one moment has several states, the one that weighs more in NEWS2 stands:
 * oxygen on, the lower consciousness, SpO2 scale 1.
 */
export function eventsFrom(collected: readonly RecordingEvent[], problem: (error: ReadError) => void): RecordingEvent[] {
  const sorted = collected.toSorted((a, b) => a.atMs - b.atMs || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || weight(b) - weight(a));
  let events: RecordingEvent[] = [];
  for (const leastMs of RENEWAL_MS) {
    events = thinned(sorted, leastMs);
    if (events.length <= MAX_EVENTS) return events;
  }
  problem(new ReadError("recording-limit", "events", `at most ${MAX_EVENTS}`, `${events.length}: the first ${MAX_EVENTS} are kept`));
  return events.slice(0, MAX_EVENTS);
}

/** Changes, and repeats at least so long after what was kept of their kind. */
function thinned(sorted: readonly RecordingEvent[], leastMs: number): RecordingEvent[] {
  const last = new Map<RecordingEvent["kind"], { atMs: number; kept: RecordingEvent }>();
  const events: RecordingEvent[] = [];
  for (const event of sorted) {
    const before = last.get(event.kind);
    if (before?.atMs === event.atMs) continue;
    const isNew = before?.kept.value !== event.value || event.atMs - before.kept.atMs >= leastMs;
    if (isNew) events.push(event);
    last.set(event.kind, { atMs: event.atMs, kept: isNew ? event : before.kept });
  }
  return events;
}

function weight(event: RecordingEvent): number {
  return WEIGHTS.indexOf(event.value);
}

const KINDS: readonly RecordingEvent["kind"][] = ["oxygen", "consciousness", "spo2-scale"];
const WEIGHTS: readonly string[] = ["2", "1", "off", "on", "A", "C", "V", "P", "U"];
const MAX_EVENTS = 4096;
const RENEWAL_MS: readonly number[] = [60_000, 600_000, 3_600_000, Number.POSITIVE_INFINITY];
