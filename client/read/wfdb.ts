import { Collector, type ReadResult } from "./collect.ts";
import { MISSING_16 } from "./columns.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { decodeText } from "./text.ts";
import { decodeSignalFile, type SignalBytes } from "./wfdb-decode.ts";
import { parseWfdbHeader, type WfdbHeader } from "./wfdb-header.ts";
import { checkMatHeader, MAT_HEADER_BYTES } from "./wfdb-mat.ts";
import { planRecord, type FilePlan, type Segment, type Strip } from "./wfdb-plan.ts";

export interface WfdbOptions {
  /** name of the header file, for problems and sources */
  file: string;
  limits?: Partial<ReadLimits>;
}

/** The files beside a header, by the plain names that it gives. Every method throws ReadError file-missing or file-size. */
export interface WfdbFiles {
  /** header file of a segment, with its ending */
  header(name: string): Uint8Array;
  size(name: string): number;
  open(name: string): SignalBytes;
}

/**
 * Reads one WFDB record (attacker-controlled bytes): a header and the files it names, formats 16, 80, 212, 310 and 311,
 * MATLAB level 4 files of the PhysioNet challenges, several segments of fixed or variable layout. The record's name is the
 * subject. A header has no time zone: its base time is taken as UTC, and a record without base date begins on 1970-01-01,
 * which `relativeTime` tells. Never throws for anything in the files.
 * @param files bytes by the name that the header gives; segments' headers with their ending `.hea`
 */
export function readWfdb(header: Uint8Array, files: ReadonlyMap<string, Uint8Array>, options: WfdbOptions): ReadResult {
  const collector = new Collector(options.limits);
  collector.attempt(options.file, () => collectWfdb(header, filesOf(files), options.file, collector));
  return collector.finish();
}

/**
 * Reads the signals of a record into a collector: all, or where one file is wrong none.
 * @param onProgress bytes of signal files read, of all
 * @throws ReadError wfdb-*, file-*, text-utf8, recording-limit
 */
export function collectWfdb(
  bytes: Uint8Array,
  files: WfdbFiles,
  file: string,
  collector: Collector,
  onProgress: (done: number, total: number) => void = () => undefined,
): void {
  collector.open(file);
  const header = decodeHeader(bytes, collector.limits);
  const segments = segmentsOf(header, files, collector.limits);
  const plan = planRecord(segments, (name) => files.size(name), collector.limits);
  const columns = new Map(plan.strips.map((strip) => [strip, columnOf(strip)]));
  let [missing, done] = [0, 0];
  const initialProblems: ReadError[] = [];
  for (const part of plan.files) {
    const decoded = readFile(part, files, columns, (count) => onProgress((done += count), plan.bytes));
    for (const { missing: own, initialProblem } of decoded) {
      missing += own;
      if (initialProblem !== null) initialProblems.push(initialProblem);
    }
  }
  const { record } = header;
  if (plan.files.length === 0) throw new ReadError("file-empty", "signals", "a signal with a file", "none");
  collector.source(record, file, null);
  if (!header.dated) collector.relative(record);
  if (missing > 0) collector.count("outside-limits", record, missing);
  if (plan.notRead > 0) collector.count("code-not-read", record, plan.notRead);
  for (const problem of [...plan.problems, ...initialProblems]) collector.problem(file, problem);
  for (const [strip, samples] of columns) collector.attempt(file, () => handOn(strip, samples, header, file, collector));
}

function handOn(strip: Strip, samples: Int16Array, { record, rate, startMs }: WfdbHeader, file: string, collector: Collector): void {
  const numerator = rate.numerator * strip.samplesPerFrame;
  if (numerator > MAX_RATE_PART)
    throw new ReadError("value-range", `signal ${quote(strip.lane)}`, `at most ${MAX_RATE_PART} samples a second`, String(numerator));
  const { code, unit, scale, firstFrame } = strip;
  const beginsMs = startMs + Math.round((firstFrame * 1000 * rate.denominator) / rate.numerator);
  const timing = { kind: "rate" as const, numerator, denominator: rate.denominator };
  const channel = { code, unit, startMs: beginsMs, timing, samples, scale, missing: MISSING_16 };
  collector.wave(record, channel, { file, where: `signal ${quote(strip.lane)}` }, strip.lane);
}

/** The segments in order, with their headers read and compared with the record's. */
function segmentsOf(header: WfdbHeader, files: WfdbFiles, limits: ReadLimits): Segment[] {
  if (header.segments === null) return [{ header, firstFrame: 0, frames: header.frames }];
  const segments: Segment[] = [];
  const headers = new Map<string, WfdbHeader>(); // one may be named a thousand times
  const headerOf = (record: string): WfdbHeader => {
    const known = headers.get(record) ?? decodeHeader(files.header(`${record}.hea`), limits);
    headers.set(record, known);
    return known;
  };
  let firstFrame = 0;
  let layout: ReadonlySet<string> | null = null;
  for (const [index, { record, frames, where }] of header.segments.entries()) {
    const own = record === null ? null : headerOf(record);
    if (own !== null) checkSegment(header, own, frames, where);
    if (index === 0 && frames === 0 && own !== null) {
      layout = new Set(own.signals.map(({ description }) => description)); // header(5): variable layout
      continue;
    }
    const other = own?.signals.find(({ description }) => layout !== null && !layout.has(description));
    if (other !== undefined) throw new ReadError("wfdb-header", where, "signals of the layout segment", quote(other.description));
    if (layout === null && own !== null && own.count !== header.count)
      throw new ReadError("wfdb-header", where, `${header.count} signals in each segment of a fixed layout`, String(own.count));
    segments.push({ header: own, firstFrame, frames });
    firstFrame += frames;
  }
  if (header.frames !== null && header.frames !== firstFrame)
    throw new ReadError("wfdb-header", "line 1", `${header.frames} samples in all segments`, String(firstFrame));
  if (segments.every((segment) => segment.header === null)) throw new ReadError("file-empty", "segments", "one with signals", "none");
  return segments;
}

function checkSegment(master: WfdbHeader, segment: WfdbHeader, frames: number, where: string): void {
  if (segment.segments !== null) throw new ReadError("wfdb-header", where, "a segment without segments of its own", segment.record);
  const [a, b] = [master.rate, segment.rate];
  if (a.numerator !== b.numerator || a.denominator !== b.denominator) {
    const [expected, actual] = [a, b].map(({ numerator, denominator }) => `${numerator}/${denominator} Hz`);
    throw new ReadError("wfdb-header", where, `the record's frequency ${expected}`, actual ?? "");
  }
  if (segment.frames !== null && segment.frames !== frames)
    throw new ReadError("wfdb-header", where, `${frames} samples, as the record says`, String(segment.frames));
}

/** Taken whole and marked missing, so that gaps between segments need no pass of their own. */
function columnOf({ frames, samplesPerFrame }: Strip): Int16Array {
  return new Int16Array(frames * samplesPerFrame).fill(MISSING_16);
}

function readFile(
  { file, frames, signals }: FilePlan,
  files: WfdbFiles,
  columns: ReadonlyMap<Strip, Int16Array>,
  onBytes: (count: number) => void,
): ReturnType<typeof decodeSignalFile> {
  const bytes = files.open(file);
  try {
    const offset = signals[0]?.signal.byteOffset ?? 0;
    if (file.toLowerCase().endsWith(".mat")) {
      if (offset < MAT_HEADER_BYTES || offset > MAX_MAT_OFFSET)
        throw new ReadError("wfdb-mat", file, "a byte offset of 24, the header of a MATLAB level 4 file", String(offset));
      const rows = signals.reduce((sum, { signal }) => sum + signal.samplesPerFrame, 0);
      checkMatHeader(file, bytes.read(0, offset), rows, frames);
    }
    const targets = signals.map(({ signal, strip, at }) => ({ signal, at, samples: strip === null ? null : (columns.get(strip) ?? null) }));
    return decodeSignalFile(file, bytes, targets, frames, onBytes);
  } finally {
    bytes.close();
  }
}

/** Names of the segments of a multi-segment header; none for any other file. */
export function segmentNames(bytes: Uint8Array, limits: ReadLimits): string[] {
  try {
    return (decodeHeader(bytes, limits).segments ?? []).flatMap(({ record }) => record ?? []);
  } catch (error) {
    if (error instanceof ReadError) return []; // told when the file itself is read
    throw error;
  }
}

function decodeHeader(bytes: Uint8Array, limits: ReadLimits): WfdbHeader {
  if (bytes.length > MAX_HEADER_BYTES)
    throw new ReadError("file-size", "header", `at most ${MAX_HEADER_BYTES} bytes`, String(bytes.length));
  return parseWfdbHeader(decodeText(bytes, limits));
}

function filesOf(files: ReadonlyMap<string, Uint8Array>): WfdbFiles {
  const get = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new ReadError("file-missing", name, "the file that the header names", "none");
    return bytes;
  };
  return {
    header: get,
    size: (name) => get(name).length,
    open: (name) => ({ read: (offset, length) => get(name).subarray(offset, offset + length), close: () => undefined }),
  };
}

const MAX_HEADER_BYTES = 1_048_576;
const MAX_MAT_OFFSET = 64;
const MAX_RATE_PART = 1_000_000;
