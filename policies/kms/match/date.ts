/**
 * Milliseconds since 1970 of a date as conditions take it: the W3C profile of ISO 8601 (NOTE-datetime: a year, a month, a
 * day, or a time with its zone), or Unix seconds of five digits and more. Null for anything else.
 */
export function dateMs(text: string): number | null {
  if (EPOCH.test(text)) return Number(text) * 1000;
  const found = DATE.exec(text);
  if (found === null) return null;
  const [, year = "", month = "01", day = "01", hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = found;
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const canonical = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  // Date.UTC carries over what no calendar has, such as 30 February, and reads years below 100 as 19xx
  if (new Date(at).toISOString() !== canonical) return null;
  return at + Number(`0${fraction}`) * 1000 - zoneMs(zone);
}

function zoneMs(zone: string): number {
  if (zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

const EPOCH = /^[0-9]{5,11}$/;
const DATE =
  /^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?(Z|[-+](?:0[0-9]|1[0-4]):[0-5][0-9]))?)?)?$/;
