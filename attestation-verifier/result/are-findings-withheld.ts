import type { Disclosed } from "./open-disclosures.ts";

/**
 * Whether a result without findings may have had some: silence about them is not their absence where the level gives none,
 * or where level or alarm summary were taken out too, or the summary tells of an alarm.
 */
export function areFindingsWithheld({
  level,
  finding,
  "alarm-summary": alarms,
}: Pick<Disclosed, "level" | "finding" | "alarm-summary">): boolean {
  if (finding.length > 0) return false;
  return level === null || level === "alarm" || alarms === null || alarms.anyAlarm;
}
