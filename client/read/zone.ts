/** Whether a word names a zone that `readInputs` takes: an IANA name, "UTC" or a fixed offset such as "+01:00". */
export function isZone(zone: string): boolean {
  return zoneOffsets(zone) !== null;
}

/**
 * The moments at which clocks of a zone show a local time: none where the clock skips it, two where it shows it twice.
 * @param zone IANA name ("Europe/Berlin"), "UTC" or a fixed offset ("+01:00")
 * @returns a function of the local time read as if it were UTC, in milliseconds; null when there is no such zone
 */
export function zoneOffsets(zone: string): ((localMs: number) => number[]) | null {
  const [, sign, hours = 0, minutes = 0] = /^([+-])(\d{2}):(\d{2})$/.exec(zone) ?? [];
  if (sign !== undefined) {
    if (Number(hours) > 14 || Number(minutes) > 59) return null;
    const offsetMs = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
    return (localMs) => [localMs - offsetMs];
  }
  const format = formatOf(zone);
  if (format === null) return null;
  const known = new Map<number, number>();
  const offsetAt = (atMs: number): number => {
    const slot = Math.floor(atMs / SLOT_MS); // clocks change at quarters of an hour of UTC
    let offset = known.get(slot);
    if (offset === undefined) known.set(slot, (offset = shownAt(format, slot * SLOT_MS) - slot * SLOT_MS));
    return offset;
  };
  return (localMs) => {
    const candidates = new Set([offsetAt(localMs - DAY_MS), offsetAt(localMs + DAY_MS)]);
    return [...candidates].map((offset) => localMs - offset).filter((atMs) => offsetAt(atMs) === localMs - atMs);
  };
}

function formatOf(zone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return null;
  }
}

/** What the zone's clock shows, as if it were UTC. */
function shownAt(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = new Map(format.formatToParts(new Date(atMs)).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

const DAY_MS = 86_400_000;
const SLOT_MS = 900_000;
