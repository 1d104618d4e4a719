import type { Measurement } from "@caladrius/wire";

/** Unix ms as UTC, to the second. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A time of day in UTC, with the day where it is another than `besideMs`'s. */
export function formatTimeBeside(ms: number, besideMs: number): string {
  const [time, beside] = [formatTime(ms), formatTime(besideMs)];
  return time.slice(0, 10) === beside.slice(0, 10) ? time.slice(11, 19) : time;
}

/** A length of time in at most two units. */
export function formatLength(ms: number): string {
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return two(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** A fixed-point quantity in its unit, exactly; the number one and bare annotations (UCUM §6) are no unit to a reader. */
export function formatQuantity({ value, decimals, unit }: Measurement): string {
  if (unit === "ms" && decimals === 0 && value >= 1000 && value % 1000 === 0) return formatLength(value);
  const digits = String(Math.abs(value)).padStart(decimals + 1, "0");
  const fraction = decimals === 0 ? "" : `.${digits.slice(digits.length - decimals)}`;
  const number = `${value < 0 ? "−" : ""}${digits.slice(0, digits.length - decimals)}${fraction}`;
  return unit === "1" || /^\{[^{}]*\}$/.test(unit) ? number : `${number} ${UNITS.get(unit) ?? unit}`;
}

/** 1 finding, 2 findings. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large} ${largeUnit}${small === 0 ? "" : ` ${small} ${smallUnit}`}`;
}

const UNITS: ReadonlyMap<string, string> = new Map([
  ["Cel", "°C"],
  ["mm[Hg]", "mmHg"],
  ["/min", "per min"],
]);
