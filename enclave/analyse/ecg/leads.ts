import type { Channel } from "@caladrius/wire";
import { clockOf, type Clock } from "../timing.ts";

/** A lead with its place in time. */
export interface TimedLead {
  channel: Channel;
  clock: Clock;
}

/** Leads that were recorded together: the first is read, the others stand in when it cannot be. */
export interface LeadGroup {
  leads: TimedLead[];
  fromMs: number;
  toMs: number;
}

/**
 * Groups leads by time: each belongs to the group of the earliest lead that it overlaps. Strips that follow each other
 * become one group each. Within a group the order is that of the recording.
 */
export function groupLeads(channels: readonly Channel[]): LeadGroup[] {
  const timed = channels.map((channel, index) => ({ channel, clock: clockOf(channel), index }));
  timed.sort((a, b) => a.clock.startMs - b.clock.startMs || a.index - b.index);
  const groups: LeadGroup[] = [];
  let leaderEndMs = -1;
  for (const { channel, clock } of timed) {
    if (clock.length === 0) continue;
    const group = groups.at(-1);
    if (group === undefined || clock.startMs >= leaderEndMs) {
      groups.push({ leads: [{ channel, clock }], fromMs: clock.startMs, toMs: clock.endMs });
      leaderEndMs = clock.endMs;
    } else {
      group.leads.push({ channel, clock });
      group.toMs = Math.max(group.toMs, clock.endMs);
    }
  }
  return groups;
}
