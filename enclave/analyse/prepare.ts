import type { Channel, Recording } from "@caladrius/wire";
import { ECG_UNITS, meaningOf } from "./channels.ts";
import type { Configuration, Prepared, Report } from "./detector.ts";
import { columnOf, countOnly, type Column } from "./plausibility.ts";
import { rejectCrossedPressures } from "./pressures.ts";
import { findRuns, MAX_RUNS } from "./runs.ts";
import { clockOf, MAX_TIME_MS, sampleMs } from "./timing.ts";

/**
 * Sorts the channels of a recording by what they mean and reads the numeric ones. A channel that cannot be read (unknown
 * code or unit, times behind the year 9999) is counted and reported as not assessed, never guessed.
 */
export function prepare(recording: Recording, identities: Configuration["identities"], report: Report): Prepared {
  const columns: Column[] = [];
  const leads: Channel[] = [];
  const unknown: Channel[] = [];
  const pulses: Channel[] = [];
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = 0;
  recording.channels.forEach((channel, index) => {
    if (channel.samples.length === 0) return;
    const clock = clockOf(channel);
    const endMs = Math.min(clock.endMs, MAX_TIME_MS);
    fromMs = Math.min(fromMs, clock.startMs);
    toMs = Math.max(toMs, endMs);
    const unread = (reason: string): void => {
      countOnly(channel, report.tally);
      report.spans.add({
        detector: "analyse",
        channel: channel.code,
        fromMs: clock.startMs,
        toMs: endMs,
        reason,
      });
    };
    if (clock.endMs > MAX_TIME_MS) return unread("time-out-of-range");
    const meaning = meaningOf(channel.code);
    if (meaning === undefined) {
      unknown.push(channel);
      return unread("unknown-code");
    }
    if (meaning.kind === "ecg") {
      if (!ECG_UNITS.has(channel.unit)) return unread("unknown-unit");
      leads.push(channel);
      return;
    }
    if (meaning.kind === "pulse") {
      pulses.push(channel);
      countOnly(channel, report.tally);
      return;
    }
    const unit = meaning.vital.units.get(channel.unit);
    if (unit === undefined) return unread("unknown-unit");
    columns.push(columnOf(channel, index, meaning.vital, meaning.preference, unit));
  });
  rejectCrossedPressures(columns, report.tally);
  let room = MAX_RUNS;
  for (const column of columns) {
    const read = findRuns(column, identities.get(column.vital.id) ?? new Uint16Array(), room, report.tally);
    room -= column.runs.count;
    if (read < column.clock.length) cutOff(column, read, report);
  }
  return { fromMs: Math.min(fromMs, toMs), toMs, columns, leads, pulses, unknown, events: recording.events };
}

/** A column whose remainder changes too often to be kept: it ends earlier, and the rest is not assessed. */
function cutOff(column: Column, read: number, report: Report): void {
  const { clock } = column;
  const fromMs = sampleMs(clock, read);
  report.spans.add({ detector: "analyse", channel: column.code, fromMs, toMs: clock.endMs, reason: "too-many-changes" });
  column.clock = { ...clock, length: read, endMs: fromMs };
}
