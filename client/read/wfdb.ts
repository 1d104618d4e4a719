import { MAX_CHANNEL_SAMPLES } from "@caladrius/wire";
import { Collector, type ReadResult } from "./collect.ts";
import { MISSING_16 } from "./columns.ts";
import { scaleOf } from "./fixed-point.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { multiply, rational } from "./rational.ts";
import { conversionFrom, convert, ecgSignal, signalOfName, ucumOf, type Signal } from "./signals.ts";
import { decodeText } from "./text.ts";
import { parseWfdbHeader, type WfdbHeader, type WfdbSignal } from "./wfdb-header.ts";

export interface WfdbOptions {
  /** name of the header file, for problems and sources */
  file: string;
  limits?: Partial<ReadLimits>;
}

/**
 * Reads one WFDB record (attacker-controlled bytes): a header and the signal files it names, formats 16 and 212. The
 * record's name is the subject. A header has no time zone: its base time is taken as UTC, and a record without one
 * begins at 1970-01-01T00:00:00Z. Never throws for anything in the files.
 * @param signalFiles bytes by the name that the header gives
 */
export function readWfdb(header: Uint8Array, signalFiles: ReadonlyMap<string, Uint8Array>, options: WfdbOptions): ReadResult {
  const collector = new Collector(options.limits);
  collector.attempt(options.file, () => collectWfdb(decodeWfdbHeader(header, collector.limits), signalFiles, options.file, collector));
  return collector.finish();
}

/** @throws ReadError file-size, text-utf8, wfdb-header, wfdb-unsupported */
export function decodeWfdbHeader(bytes: Uint8Array, limits: ReadLimits): WfdbHeader {
  if (bytes.length > MAX_HEADER_BYTES)
    throw new ReadError("file-size", "header", `at most ${MAX_HEADER_BYTES} bytes`, String(bytes.length));
  return parseWfdbHeader(decodeText(bytes, limits));
}

/**
 * Reads the signals of a record into a collector: all, or where one file is wrong none.
 * @throws ReadError wfdb-*, file-*, recording-limit, value-range
 */
export function collectWfdb(header: WfdbHeader, signalFiles: ReadonlyMap<string, Uint8Array>, file: string, collector: Collector): void {
  collector.open(file);
  const channels: { signal: WfdbSignal; samples: Int16Array }[] = [];
  for (const name of new Set(header.signals.map((signal) => signal.file))) {
    const group = header.signals.filter((signal) => signal.file === name);
    const bytes = signalFiles.get(name);
    if (bytes === undefined) throw new ReadError("file-missing", name, "the signal file of the header", "none");
    if (bytes.length > collector.limits.maxSignalBytes) {
      throw new ReadError("file-size", name, `at most ${collector.limits.maxSignalBytes} bytes`, `${bytes.length} bytes`);
    }
    const columns = decodeSignals(header, group, bytes, name);
    group.forEach((signal, i) => channels.push({ signal, samples: columns[i] ?? new Int16Array() }));
  }
  for (const { signal, samples } of channels) {
    collector.attempt(file, () => collectSignal(header, signal, samples, file, collector));
  }
}

/** De-interleaves one signal file (signal(5)): samples of all its signals in turn. */
function decodeSignals(header: WfdbHeader, group: readonly WfdbSignal[], bytes: Uint8Array, name: string): Int16Array[] {
  const { format, byteOffset } = group[0] ?? { format: 16, byteOffset: 0 };
  if (group.some((signal) => signal.format !== format || signal.byteOffset !== byteOffset)) {
    throw new ReadError("wfdb-unsupported", name, "one format and offset for all signals of a file", "several");
  }
  const available = bytes.length - byteOffset;
  const perFile = format === 16 ? Math.floor(available / 2) : Math.floor((available * 2) / 3);
  const count = header.samples ?? Math.floor(perFile / group.length);
  if (count > MAX_CHANNEL_SAMPLES)
    throw new ReadError("recording-limit", name, `at most ${MAX_CHANNEL_SAMPLES} samples a signal`, String(count));
  const total = count * group.length;
  const needed = format === 16 ? 2 * total : 3 * Math.floor(total / 2) + 2 * (total % 2);
  if (available < needed) {
    throw new ReadError("wfdb-truncated", name, `${byteOffset + needed} bytes`, `${bytes.length}: ${needed - available} bytes are missing`);
  }
  if (count === 0) throw new ReadError("file-empty", name, "samples", "none");
  const columns = group.map(() => new Int16Array(count));
  const sampleAt = format === 16 ? sample16 : sample212;
  columns.forEach((column, signal) => {
    for (let i = 0, at = signal; i < count; i++, at += columns.length) column[i] = sampleAt(bytes, byteOffset, at);
    checkSum(column, group[signal]?.checksum ?? null, `${name}, signal ${signal}`);
  });
  return columns;
}

function sample16(bytes: Uint8Array, offset: number, index: number): number {
  const at = offset + 2 * index;
  return (((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)) << 16) >> 16;
}

/** Two samples of 12 bits in three bytes. */
function sample212(bytes: Uint8Array, offset: number, index: number): number {
  const at = offset + 3 * (index >> 1);
  const high = bytes[at + 1] ?? 0;
  const raw = index % 2 === 0 ? (bytes[at] ?? 0) | ((high & 0x0f) << 8) : (bytes[at + 2] ?? 0) | ((high & 0xf0) << 4);
  return (raw << 20) >> 20;
}

function checkSum(column: Int16Array, checksum: number | null, where: string): void {
  if (checksum === null) return;
  let sum = 0;
  for (const sample of column) sum = (sum + sample) | 0;
  const actual = (sum << 16) >> 16;
  if (actual !== (checksum << 16) >> 16) throw new ReadError("wfdb-checksum", where, `checksum ${checksum}`, String(actual));
}

function collectSignal(header: WfdbHeader, wfdb: WfdbSignal, samples: Int16Array, file: string, collector: Collector): void {
  const unit = ucumOf(wfdb.unit);
  const signal = signalFor(wfdb.description, unit);
  collector.source(header.record, file, null);
  if (signal === null) {
    collector.count("code-not-read", header.record, samples.length);
    return;
  }
  const conversion = conversionFrom(signal, unit);
  const inverse = rational(wfdb.gain.d, wfdb.gain.n);
  const offset = multiply(inverse, rational(BigInt(-wfdb.baseline), 1n));
  const scale = conversion === null ? null : scaleOf(multiply(inverse, conversion.factor), convert(offset, conversion));
  if (scale === null) {
    throw new ReadError(
      "value-range",
      `signal ${quote(wfdb.description)}`,
      "a gain and baseline within 40 bits",
      `baseline ${wfdb.baseline}`,
    );
  }
  const mark = wfdb.format === 212 ? -2048 : MISSING_16; // signal(5): the lowest value means "no sample"
  let missing = 0;
  samples.forEach((sample, i) => {
    if (sample !== mark) return;
    missing++;
    samples[i] = MISSING_16;
  });
  if (missing > 0) collector.count("outside-limits", header.record, missing);
  const timing = { kind: "rate" as const, ...header.rate };
  const { code } = signal;
  collector.wave(header.record, { code, unit: signal.unit, startMs: header.startMs, timing, samples, scale, missing: MISSING_16 });
}

/** By name and unit: an unknown name in volts is an ECG of an unnamed lead, RESP per minute is a rate. */
function signalFor(description: string, unit: string): Signal | null {
  const named = signalOfName(description);
  if (named !== null && conversionFrom(named, unit) !== null) return named;
  if (unit === "/min" && description.toLowerCase() === "resp") return signalOfName("rr");
  return conversionFrom(ecgSignal(), unit) === null ? null : ecgSignal();
}

const MAX_HEADER_BYTES = 1_048_576;
