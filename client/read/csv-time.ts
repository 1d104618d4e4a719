import { MAX_TIME_MS, parseInstantMs } from "./instant.ts";
import { zoneOffsets } from "./zone.ts";

/** How the numbers of a time column are meant: seconds or milliseconds since 1970, or not said. */
export type EpochUnit = "s" | "ms" | null;

/** A time that was read, or what should stand there instead. */
export type CsvTime = { atMs: number } | { expected: string };

/**
 * Makes the reader of a file's times: date and time with offset ("2026-01-01T08:00:00+01:00", seconds and finer digits may
 * be left out), the same without offset where a zone is given, or a number since 1970. A local time that the zone's clock
 * skips or shows twice is told, never guessed.
 * @param zone IANA name or fixed offset, such as "Europe/Berlin" or "+01:00"; null where nobody said
 * @returns null when there is no such zone
 */
export function csvClock(zone: string | null): ((text: string, unit: EpochUnit) => CsvTime) | null {
  const offsets = zone === null ? null : zoneOffsets(zone);
  if (zone !== null && offsets === null) return null;
  return (text, unit) => {
    if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return numberTime(text, unit);
    const match = /^(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2})(:\d{2}(?:\.\d{1,12})?)?([Zz]|[+-]\d{2}:?\d{2})?$/.exec(text);
    if (match === null) return { expected: TIME_GRAMMAR };
    const [, minutes = "", seconds = ":00", offset] = match;
    const zoned = offset === undefined ? "Z" : offset.replace(/^([+-]\d{2})(\d{2})$/, "$1:$2");
    const atMs = parseInstantMs(`${minutes}${seconds}${zoned}`);
    if (atMs === null) return { expected: "a moment of the calendar from 1970 on" };
    if (offset !== undefined) return { atMs };
    if (offsets === null) return { expected: `${TIME_GRAMMAR}; for local times say whose: --zone Europe/Berlin, or # zone: Europe/Berlin` };
    const moments = [...new Set(offsets(atMs))].filter((moment) => moment >= 0);
    if (moments.length === 1) return { atMs: moments[0] ?? 0 };
    return moments.length === 0
      ? { expected: `a time that exists in ${zone}: the clock is put forward over this one` }
      : { expected: `an offset: in ${zone} the clock is put back and shows this time twice` };
  };
}

/**
 * Plain numbers are milliseconds since 1970. Smaller ones than any date of today could as well be seconds, days of a
 * spreadsheet or a count from the start, and must say which; nought is the same in all.
 */
function numberTime(text: string, unit: EpochUnit): CsvTime {
  const [whole = "", fraction = ""] = text.split(".");
  if (unit === "s") {
    const atMs = Number(whole) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3));
    return atMs > MAX_TIME_MS ? { expected: "seconds since 1970, up to the year 9999" } : { atMs };
  }
  if (fraction !== "") return { expected: "whole milliseconds; for seconds name the column time [s]" };
  const atMs = Number(whole);
  if (atMs > MAX_TIME_MS) return { expected: TIME_GRAMMAR };
  const couldBeElse = unit === null && atMs > 0 && atMs < MS_OF_1973;
  return couldBeElse ? { expected: "a column named time [s] or time [ms], since this number could be either" } : { atMs };
}

const TIME_GRAMMAR = "date and time with offset, or milliseconds since 1970";
const MS_OF_1973 = 100_000_000_000; // as seconds of the year 5138
