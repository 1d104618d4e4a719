/**
 * Reads a moment with its offset from UTC (RFC 3339, as FHIR R4 `instant` and the precise form of `dateTime`), to whole
 * milliseconds; finer digits are cut. Returns null for anything else, such as a date alone, a local time without offset,
 * 30 February, or a year before 1970.
 */
export function parseInstantMs(text: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,12}))?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const fraction = match[7] ?? "";
  const offsetMinutes = parseOffsetMinutes(match[8] ?? "");
  if (offsetMinutes === null || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const milliseconds = Number(fraction.padEnd(3, "0").slice(0, 3));
  const atMs = date.getTime() + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000 + milliseconds;
  return atMs < 0 || atMs > MAX_TIME_MS ? null : atMs;
}

function parseOffsetMinutes(text: string): number | null {
  if (text === "Z" || text === "z") return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  if (hours > 14 || minutes > 59) return null;
  return (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

/** 9999-12-31T23:59:59.999Z, the last moment a recording can name. */
export const MAX_TIME_MS = 253_402_300_799_999;
