import type { Scale } from "@caladrius/wire";
import { scaleOf } from "./fixed-point.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { multiply, rational } from "./rational.ts";
import { conversionFrom, convert, ecgSignal, signalOfName, ucumOf, type Signal } from "./signals.ts";
import { bytesFor, samplesIn } from "./wfdb-formats.ts";
import type { WfdbHeader, WfdbSignal } from "./wfdb-header.ts";

/** One stretch of one signal that becomes a channel, in samples of that signal. */
export interface Strip {
  code: string;
  unit: string;
  scale: Scale;
  samplesPerFrame: number;
  /** of the signal, by which it is told from others of the same code */
  lane: string;
  /** frame of the record at which it begins */
  firstFrame: number;
  frames: number;
}

/** One signal file of one segment. */
export interface FilePlan {
  file: string;
  frames: number;
  signals: { signal: WfdbSignal; strip: Strip | null; at: number }[];
}

export interface RecordPlan {
  strips: Strip[];
  files: FilePlan[];
  /** bytes of all signal files that will be read */
  bytes: number;
  /** samples of signals that no channel stands for */
  notRead: number;
  /** what is wrong with single signals: the others are read */
  problems: ReadError[];
}

/** A segment with its header; `header` is null where nothing is recorded. */
export interface Segment {
  header: WfdbHeader | null;
  firstFrame: number;
  frames: number | null;
}

/**
 * Lays out which samples of which file go where, before memory is taken for any: sizes of files are compared with what the
 * headers say, and the whole with the limit. Segments of one signal with one scale join into a strip; a gap that is longer
 * than what is around it begins a new one, so that an empty segment of years costs nothing.
 * @param sizeOf bytes of a signal file. @throws ReadError wfdb-*, file-*, recording-limit
 */
export function planRecord(segments: readonly Segment[], sizeOf: (file: string) => number, limits: ReadLimits): RecordPlan {
  const plan: RecordPlan = { strips: [], files: [], bytes: 0, notRead: 0, problems: [] };
  const open = new Map<string, Strip>();
  let samples = 0;
  for (const { header, firstFrame, frames } of segments) {
    if (header === null) continue;
    const lanes = new Map<string, number>();
    const placed = header.signals.map((signal) => {
      const nth = (lanes.get(signal.description) ?? 0) + 1;
      lanes.set(signal.description, nth);
      return { signal, lane: nth === 1 ? signal.description : `${signal.description} ${nth}` };
    });
    for (const file of new Set(header.signals.map((signal) => signal.file))) {
      if (file === null) continue;
      const group = placed.filter(({ signal }) => signal.file === file);
      const count = checkFile(
        file,
        group.map(({ signal }) => signal),
        frames,
        sizeOf(file),
        limits,
      );
      plan.bytes += bytesFor(group[0]?.signal.format ?? 16, count * perFrame(group));
      samples += count * perFrame(group);
      if (samples > limits.maxSamples) throw tooMany(file, samples, limits);
      const signals = group.map(({ signal, lane }) => {
        const strip = stripOf(signal, lane, plan.problems);
        if (strip === null) {
          plan.notRead += count * signal.samplesPerFrame;
          return { signal, strip, at: 0 };
        }
        const key = JSON.stringify([strip, header.rate]);
        const last = open.get(key);
        const gap = last === undefined ? 0 : firstFrame - last.firstFrame - last.frames;
        if (last !== undefined && gap <= last.frames + count && gap >= 0) {
          last.frames = firstFrame + count - last.firstFrame;
          samples += gap * signal.samplesPerFrame;
          if (samples > limits.maxSamples) throw tooMany(file, samples, limits);
          return { signal, strip: last, at: (firstFrame - last.firstFrame) * signal.samplesPerFrame };
        }
        const begun = { ...strip, firstFrame, frames: count };
        open.set(key, begun);
        plan.strips.push(begun);
        return { signal, strip: begun, at: 0 };
      });
      plan.files.push({ file, frames: count, signals });
    }
  }
  return plan;
}

function perFrame(group: readonly { signal: WfdbSignal }[]): number {
  return group.reduce((sum, { signal }) => sum + signal.samplesPerFrame, 0);
}

/** How many frames a signal file gives; what its header says must be there. */
function checkFile(file: string, group: readonly WfdbSignal[], frames: number | null, size: number, limits: ReadLimits): number {
  const { format, byteOffset } = group[0] ?? { format: 16, byteOffset: 0 };
  if (group.some((signal) => signal.format !== format || signal.byteOffset !== byteOffset)) {
    throw new ReadError("wfdb-unsupported", file, "one format and offset for all signals of a file", "several");
  }
  if (size > limits.maxSignalBytes) throw new ReadError("file-size", file, `at most ${limits.maxSignalBytes} bytes`, `${size} bytes`);
  const inFrame = group.reduce((sum, signal) => sum + signal.samplesPerFrame, 0);
  const available = Math.max(0, size - byteOffset);
  const count = frames ?? Math.floor(samplesIn(format, available) / inFrame);
  if (count * inFrame > limits.maxSamples) throw tooMany(file, count * inFrame, limits);
  const needed = bytesFor(format, count * inFrame);
  if (available < needed)
    throw new ReadError("wfdb-truncated", file, `${byteOffset + needed} bytes`, `${size}: ${byteOffset + needed - size} bytes are missing`);
  if (count === 0) throw new ReadError("file-empty", file, "samples", "none");
  return count;
}

function tooMany(file: string, samples: number, { maxSamples }: ReadLimits): ReadError {
  return new ReadError("recording-limit", file, `at most ${maxSamples} samples of a record`, String(samples));
}

function stripOf(wfdb: WfdbSignal, lane: string, problems: ReadError[]): Strip | null {
  const unit = ucumOf(wfdb.unit);
  const signal = signalFor(wfdb.description, unit);
  const conversion = signal === null ? null : conversionFrom(signal, unit);
  if (signal === null || conversion === null) return null;
  const inverse = rational(wfdb.gain.d, wfdb.gain.n);
  const offset = multiply(inverse, rational(BigInt(-wfdb.baseline), 1n));
  const scale = scaleOf(multiply(inverse, conversion.factor), convert(offset, conversion));
  if (scale === null) {
    const where = `signal ${quote(wfdb.description)}`;
    problems.push(new ReadError("value-range", where, "a gain and baseline within 40 bits", `baseline ${wfdb.baseline}`));
    return null;
  }
  const { samplesPerFrame } = wfdb;
  return { code: signal.code, unit: signal.unit, scale, samplesPerFrame, lane, firstFrame: 0, frames: 0 };
}

/**
 * By name and unit. A signal in volts is an ECG of an unnamed lead unless its name says that it is something else: brain,
 * eyes and muscles give volts as well, and a header without a unit says millivolts of anything.
 */
function signalFor(description: string, unit: string): Signal | null {
  const named = signalOfName(description);
  if (named !== null && conversionFrom(named, unit) !== null) return named;
  if (unit === "/min" && description.toLowerCase() === "resp") return signalOfName("rr");
  const saysOther = OTHER_THAN_ECG.test(description) || BETWEEN_EEG_ELECTRODES.test(description);
  const isOther = named !== null || (saysOther && !/e[ck]g/i.test(description));
  return isOther || conversionFrom(ecgSignal(), unit) === null ? null : ecgSignal();
}

/** How names of other signals begin in the databases of PhysioNet. */
const OTHER_THAN_ECG =
  /^(?:eeg|emg|eog|ecog|ieeg|meg|egg|gsr|eda|scr|acc|gyro|mag|resp|rip|imp|air ?flow|flow|nasal|thor|abd|chest|chin|leg|sound|snor|mic|pcg|scg|bcg|icg|nirs|pleth|ppg|abp|art|bp|nbp|nibp|pap|cvp|icp|rap|lap|uap|uvp|sp?o2|sao2|et?co2|co2|pulse|hr|temp|vol|pos|press|mark|event|trig|stim|status|toco|uc|fhr)(?![a-z])/i;
/** A place of the 10-20 system, its number or z, and another: "C4-A1", "F3-M2", "E1-M2", "Fpz-Cz". */
const BETWEEN_EEG_ELECTRODES = /^(?:(?:fp|af|f|fc|ft|c|cp|t|tp|p|po|o|a|m|e)(?:\d{1,2}|z)(?:[-:/ ]|$)){2}/i;
