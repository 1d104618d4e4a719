import { quote, ReadError } from "./problems.ts";
import { parseDecimal, rational, type Rational } from "./rational.ts";
import { rateFromHz, type Rate } from "./rate.ts";
import { FORMAT_NAMES, wfdbFormat, type WfdbFormat } from "./wfdb-formats.ts";

/** A WFDB header (header(5)): of one segment, with signals, or of several, with their names. */
export interface WfdbHeader {
  record: string;
  /** frames per second */
  rate: Rate;
  /** frames, or null where the header leaves it to the length of the signal files */
  frames: number | null;
  /** base time, read as UTC; 1970-01-01T00:00:00Z where the header has none */
  startMs: number;
  /** whether the header has a base date; without one, times say only how long after the start */
  dated: boolean;
  /** how many signals the record line announces */
  count: number;
  signals: WfdbSignal[];
  /** null for a record of one segment */
  segments: WfdbSegment[] | null;
}

export interface WfdbSegment {
  /** name of the segment's record; null where no signal is recorded ("~") */
  record: string | null;
  frames: number;
  /** of the header, for messages */
  where: string;
}

export interface WfdbSignal {
  /** name of the signal file, a plain name in the header's own folder; null for a signal without one ("~", format 0) */
  file: string | null;
  format: WfdbFormat;
  samplesPerFrame: number;
  /** frames of this signal before frame 0 */
  skew: number;
  byteOffset: number;
  /** raw units per physical unit */
  gain: Rational;
  /** raw value of physical zero */
  baseline: number;
  /** as written; "mV" where not said */
  unit: string;
  /** the first sample, or null where not said */
  initial: number | null;
  /** 16-bit sum of all samples, or null */
  checksum: number | null;
  description: string;
  /** of the header, for messages */
  where: string;
}

/**
 * Parses a header file (attacker-controlled): names stay plain names in the header's folder, all numbers are bounded.
 * @throws ReadError wfdb-header, wfdb-unsupported
 */
export function parseWfdbHeader(text: string): WfdbHeader {
  const lines = text.split(/\r?\n/).map((content, i) => ({ content: content.trim(), where: `line ${i + 1}` }));
  const [first, ...rest] = lines.filter(({ content }) => content !== "" && !content.startsWith("#"));
  if (first === undefined) throw new ReadError("wfdb-header", "line 1", "a record line", "nothing");
  const { segmentCount, ...record } = parseRecordLine(first.content, first.where);
  const [wanted, kind] = segmentCount === null ? [record.count, "signal"] : [segmentCount, "segment"];
  if (rest.length < wanted) throw new ReadError("wfdb-header", first.where, `${wanted} ${kind} lines`, String(rest.length));
  if (rest.length > wanted)
    throw new ReadError("wfdb-header", rest[wanted]?.where ?? "", `${wanted} ${kind} lines`, quote(rest[wanted]?.content ?? ""));
  if (segmentCount === null)
    return { ...record, signals: rest.map(({ content, where }) => parseSignalLine(content, where)), segments: null };
  return { ...record, signals: [], segments: rest.map(({ content, where }) => parseSegmentLine(content, where)) };
}

function parseRecordLine(line: string, where: string): Omit<WfdbHeader, "signals" | "segments"> & { segmentCount: number | null } {
  const [name = "", count = "", frequency = "250", frames, time, date, ...more] = line.split(/\s+/);
  const [, record, segments] = /^([A-Za-z0-9_-]{1,128})(?:\/(\d{1,9}))?$/.exec(name) ?? [];
  if (record === undefined) throw new ReadError("wfdb-header", where, "a record name of letters, digits, - and _", quote(name));
  const segmentCount = segments === undefined ? null : Number(segments);
  if (segmentCount !== null && (segmentCount < 1 || segmentCount > MAX_SEGMENTS))
    throw new ReadError("wfdb-header", where, `1 to ${MAX_SEGMENTS} segments`, quote(name));
  if (!/^\d{1,2}$/.test(count) || Number(count) < 1 || Number(count) > MAX_SIGNALS)
    throw new ReadError("wfdb-header", where, `1 to ${MAX_SIGNALS} signals`, quote(count));
  if (frames !== undefined && !/^\d{1,12}$/.test(frames)) throw new ReadError("wfdb-header", where, "a number of samples", quote(frames));
  if (more.length > 0) throw new ReadError("wfdb-header", where, "the end of the line", quote(more[0] ?? ""));
  return {
    record,
    count: Number(count),
    segmentCount,
    rate: parseFrequency(frequency, where),
    frames: frames === undefined || Number(frames) === 0 ? null : Number(frames),
    startMs: baseTimeMs(time, date, where),
    dated: date !== undefined,
  };
}

/** "360", "360/125" and "360/125(0)": the counter of the second and third number drives no sample, its grammar is kept. */
function parseFrequency(text: string, where: string): Rate {
  const [, sampling = "", counter, base] = /^([^/(]+)(?:\/([^/(]+)(?:\(([^)]+)\))?)?$/.exec(text) ?? [];
  const rate = rateFromHz(sampling);
  if (rate === null) throw new ReadError("wfdb-header", where, "a sampling frequency", quote(text));
  const ticks = counter === undefined ? null : parseDecimal(counter);
  if (counter !== undefined && (ticks === null || ticks.n < 0n))
    throw new ReadError("wfdb-header", where, "a counter frequency", quote(text));
  if (base !== undefined && parseDecimal(base) === null) throw new ReadError("wfdb-header", where, "a base counter value", quote(text));
  return rate;
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

function parseSegmentLine(line: string, where: string): WfdbSegment {
  const [, name = "", frames = ""] = /^(~|[A-Za-z0-9_-]{1,128})\s+(\d{1,12})$/.exec(line) ?? [];
  if (name === "") throw new ReadError("wfdb-header", where, "a segment's name (or ~) and its number of samples", quote(line));
  return { record: name === "~" ? null : name, frames: Number(frames), where };
}

function parseSignalLine(line: string, where: string): WfdbSignal {
  const [file = "", formatText = "", gain = "0", , adcZero = "0", initial, checksum, , description = ""] = signalFields(line);
  if (formatText === "") throw new ReadError("wfdb-header", where, "a signal line", quote(line));
  const [, number = "", frame, skew, offset = "0"] = /^(\d{1,9})(?:x(\d{1,9}))?(?::(\d{1,9}))?(?:\+(\d{1,10}))?$/.exec(formatText) ?? [];
  const isNull = file === "~" && number === "0"; // header(5): a signal without a file
  // The name comes from the file: it must stay inside its folder.
  if (!isNull && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/.test(file))
    throw new ReadError("wfdb-header", where, "a signal file in the same folder", quote(file));
  const format = isNull ? 16 : wfdbFormat(number);
  if (format === null) throw new ReadError("wfdb-unsupported", where, `format ${FORMAT_NAMES}`, quote(formatText));
  const samplesPerFrame = Number(frame ?? "1");
  if (samplesPerFrame < 1 || samplesPerFrame > MAX_PER_FRAME)
    throw new ReadError("wfdb-header", where, `1 to ${MAX_PER_FRAME} samples per frame`, quote(formatText));
  const zero = integerOf(adcZero, where, "an ADC zero");
  const [, gainText = "", baseline, unit = "mV"] = /^([^(/]+)(?:\((-?\d{1,9})\))?(?:\/(\S+))?$/.exec(gain) ?? [];
  const gainValue = parseDecimal(gainText);
  if (gainValue === null || gainValue.n < 0n) throw new ReadError("wfdb-header", where, "a gain such as 200(1024)/mV", quote(gain));
  return {
    file: isNull ? null : file,
    format,
    samplesPerFrame,
    skew: Number(skew ?? "0"),
    byteOffset: Number(offset),
    gain: gainValue.n === 0n ? DEFAULT_GAIN : gainValue,
    baseline: baseline === undefined ? zero : Number(baseline),
    unit,
    initial: initial === undefined ? null : integerOf(initial, where, "an initial value"),
    checksum: checksum === undefined ? null : integerOf(checksum, where, "a checksum"),
    description: description.trim(),
    where,
  };
}

/** Eight fields at most, and what is left as the ninth: the description, which has spaces. */
function signalFields(line: string): string[] {
  const field = /(\S+)\s*/y;
  const fields: string[] = [];
  while (fields.length < 8) {
    const found = field.exec(line)?.[1];
    if (found === undefined) return fields;
    fields.push(found);
    if (field.lastIndex === line.length) return fields;
    if (fields.length === 8) fields.push(line.slice(field.lastIndex));
  }
  return fields;
}

function integerOf(text: string, where: string, expected: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new ReadError("wfdb-header", where, expected, quote(text));
  return Number(text);
}

/** header(5): a gain of zero or none means uncalibrated, to be taken as 200 per physical unit. */
const DEFAULT_GAIN: Rational = rational(200n, 1n);
const MAX_SIGNALS = 64;
const MAX_SEGMENTS = 10_000;
const MAX_PER_FRAME = 1000;
