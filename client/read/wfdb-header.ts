import { quote, ReadError } from "./problems.ts";
import { parseDecimal, rational, type Rational } from "./rational.ts";
import { rateFromHz, type Rate } from "./rate.ts";

/** A WFDB header (header(5)) of a single-segment record. */
export interface WfdbHeader {
  record: string;
  rate: Rate;
  /** samples per signal, or null where the header leaves it to the length of the signal files */
  samples: number | null;
  /** base time, read as UTC; 1970-01-01T00:00:00Z where the header has none */
  startMs: number;
  signals: WfdbSignal[];
}

export interface WfdbSignal {
  /** name of the signal file, a plain name in the header's own folder */
  file: string;
  format: 16 | 212;
  byteOffset: number;
  /** raw units per physical unit */
  gain: Rational;
  /** raw value of physical zero */
  baseline: number;
  /** as written; "mV" where not said */
  unit: string;
  /** 16-bit sum of all samples, or null */
  checksum: number | null;
  description: string;
}

/**
 * Parses a header file. Read are formats 16 and 212 with one sample per frame and no skew; multi-segment records and
 * other formats are refused by name.
 * @throws ReadError wfdb-header, wfdb-unsupported
 */
export function parseWfdbHeader(text: string): WfdbHeader {
  const lines = text.split(/\r?\n/).map((content, i) => ({ content: content.trim(), where: `line ${i + 1}` }));
  const [first, ...rest] = lines.filter(({ content }) => content !== "" && !content.startsWith("#"));
  if (first === undefined) throw new ReadError("wfdb-header", "line 1", "a record line", "nothing");
  const { count, ...record } = parseRecordLine(first.content, first.where);
  if (rest.length < count) throw new ReadError("wfdb-header", first.where, `${count} signal lines`, String(rest.length));
  if (rest.length > count)
    throw new ReadError("wfdb-header", rest[count]?.where ?? "", `${count} signal lines`, quote(rest[count]?.content ?? ""));
  return { ...record, signals: rest.map(({ content, where }) => parseSignalLine(content, where)) };
}

function parseRecordLine(line: string, where: string): Omit<WfdbHeader, "signals"> & { count: number } {
  const [name = "", count = "", frequency = "250", samples, time, date, ...more] = line.split(/\s+/);
  if (name.includes("/")) throw new ReadError("wfdb-unsupported", where, "a record of one segment", quote(name));
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(name))
    throw new ReadError("wfdb-header", where, "a record name of letters, digits, - and _", quote(name));
  if (!/^\d{1,2}$/.test(count) || Number(count) < 1 || Number(count) > 64)
    throw new ReadError("wfdb-header", where, "1 to 64 signals", quote(count));
  const rate = rateFromHz(/^([^/(]+)(?:\/.*)?$/.exec(frequency)?.[1] ?? "");
  if (rate === null) throw new ReadError("wfdb-header", where, "a sampling frequency", quote(frequency));
  if (samples !== undefined && !/^\d{1,12}$/.test(samples))
    throw new ReadError("wfdb-header", where, "a number of samples", quote(samples));
  if (more.length > 0) throw new ReadError("wfdb-header", where, "the end of the line", quote(more[0] ?? ""));
  const known = samples === undefined || Number(samples) === 0 ? null : Number(samples);
  return { record: name, count: Number(count), rate, samples: known, startMs: baseTimeMs(time, date, where) };
}

/** "10:20:30.125" (also "20:30" and "30") and "31/12/2025"; a header knows no time zone. */
function baseTimeMs(time: string | undefined, date: string | undefined, where: string): number {
  if (time === undefined) return 0;
  const clock = /^(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2})(?:\.(\d{1,9}))?$/.exec(time);
  const [hour = 0, minute = 0, second = 0] = (clock ?? []).slice(1, 4).map((part) => Number(part ?? 0));
  if (clock === null || hour > 23 || minute > 59 || second > 59)
    throw new ReadError("wfdb-header", where, "a base time HH:MM:SS", quote(time));
  const clockMs = ((hour * 60 + minute) * 60 + second) * 1000 + Number((clock[4] ?? "").padEnd(3, "0").slice(0, 3));
  if (date === undefined) return clockMs;
  const [, day = 0, month = 0, year = 0] = (/^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(date) ?? []).map(Number);
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (year < 1970 || midnight.getUTCMonth() !== month - 1)
    throw new ReadError("wfdb-header", where, "a base date DD/MM/YYYY from 1970 on", quote(date));
  return midnight.getTime() + clockMs;
}

function parseSignalLine(line: string, where: string): WfdbSignal {
  const fields = /^(\S+)\s+(\S+)(?:\s+(\S+))?(?:\s+(\S+))?(?:\s+(\S+))?(?:\s+(\S+))?(?:\s+(\S+))?(?:\s+(\S+))?(?:\s+(.*))?$/.exec(line);
  if (fields === null) throw new ReadError("wfdb-header", where, "a signal line", quote(line));
  const [, file = "", format = "", gain = "0", , adcZero = "0", , checksum, , description = ""] = fields;
  // The name comes from the file: it must stay inside its folder.
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/.test(file))
    throw new ReadError("wfdb-header", where, "a signal file in the same folder", quote(file));
  const [, number = "", frame, skew, offset = "0"] = /^(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d{1,10}))?$/.exec(format) ?? [];
  if (number !== "16" && number !== "212") throw new ReadError("wfdb-unsupported", where, "format 16 or 212", quote(format));
  if ((frame ?? "1") !== "1") throw new ReadError("wfdb-unsupported", where, "one sample per frame", quote(format));
  if ((skew ?? "0") !== "0") throw new ReadError("wfdb-unsupported", where, "no skew", quote(format));
  const zero = integerOf(adcZero, where, "an ADC zero");
  const [, gainText = "", baseline, unit = "mV"] = /^([^(/]+)(?:\((-?\d{1,9})\))?(?:\/(\S+))?$/.exec(gain) ?? [];
  const gainValue = parseDecimal(gainText);
  if (gainValue === null || gainValue.n < 0n) throw new ReadError("wfdb-header", where, "a gain such as 200(1024)/mV", quote(gain));
  return {
    file,
    format: number === "16" ? 16 : 212,
    byteOffset: Number(offset),
    gain: gainValue.n === 0n ? DEFAULT_GAIN : gainValue,
    baseline: baseline === undefined ? zero : Number(baseline),
    unit,
    checksum: checksum === undefined ? null : integerOf(checksum, where, "a checksum"),
    description: description.trim(),
  };
}

function integerOf(text: string, where: string, expected: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new ReadError("wfdb-header", where, expected, quote(text));
  return Number(text);
}

/** header(5): a gain of zero or none means uncalibrated, to be taken as 200 per physical unit. */
const DEFAULT_GAIN: Rational = rational(200n, 1n);
