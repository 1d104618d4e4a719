/** A time as ISO 8601; what lies beyond the year 9999 is its end. */
export function iso(ms: number): string {
  return new Date(Math.min(ms, LAST_ISO_MS)).toISOString();
}

const LAST_ISO_MS = 253_402_300_799_000;
