import { MAX_CHANNEL_SAMPLES, MAX_SEALED_JOB_BYTES, type Channel, type Recording, type RecordingEvent } from "@caladrius/wire";

/** One of several consecutive windows of a recording that is too large for one sealed job. */
export interface RecordingPart {
  readonly recording: Recording;
  /** null where the recording is whole */
  readonly part: PartPosition | null;
}

/** Where a window stands: windows follow each other without overlap, and no sample is in two or in none. */
export interface PartPosition {
  /** 1 for the first */
  readonly number: number;
  readonly of: number;
  /** Unix ms of its first sample */
  readonly startMs: number;
  /** Unix ms at which the next one begins, or the last one ends */
  readonly endMs: number;
}

/**
 * Cuts a recording into as few windows as fit a sealed job, of about the same length, at whole minutes from its start where
 * its rates allow. Samples are views of the recording's own. A state (oxygen, consciousness) that holds at a cut is handed
 * to the next window with its own time. Each window is a job of its own, so that detectors begin anew in it: what spans a
 * cut is seen as two.
 * @param maxBytes of samples, offsets and events of one window
 */
export function splitRecording(recording: Recording, maxBytes: number = MAX_WINDOW_BYTES): RecordingPart[] {
  const channels = recording.channels.filter(({ samples }) => samples.length > 0);
  const startMs = Math.min(...channels.map((channel) => channel.startMs));
  const endMs = Math.max(...channels.map(endOf));
  const bytes = bytesOf(recording, -Infinity, Infinity);
  const longest = Math.max(0, ...channels.map(({ samples }) => samples.length));
  if (channels.length === 0 || (bytes <= maxBytes && longest <= MAX_CHANNEL_SAMPLES)) return [{ recording, part: null }];
  const count = Math.ceil(Math.max(bytes / maxBytes, longest / MAX_CHANNEL_SAMPLES));
  const bytesEach = Math.min(maxBytes, Math.ceil((bytes / count) * EVEN));
  const cuts = [startMs];
  for (let from = startMs; from < endMs;) {
    from = cutBehind(recording, { from, startMs, endMs, maxBytes: bytesEach });
    cuts.push(from);
  }
  const windows = cuts
    .slice(1)
    .map((to, i) => ({ recording: windowOf(recording, cuts[i] ?? startMs, to), from: cuts[i] ?? startMs, to }))
    .filter((window) => window.recording.channels.length > 0); // between its cuts nothing was recorded
  return windows.map(({ recording: one, from, to }, i) => {
    return { recording: one, part: { number: i + 1, of: windows.length, startMs: from, endMs: to } };
  });
}

interface Reach {
  from: number;
  /** of the recording */
  startMs: number;
  endMs: number;
  maxBytes: number;
}

/** The last cut at which a window from `from` on still fits; the end where nothing smaller can be cut off. */
function cutBehind(recording: Recording, { from, startMs, endMs, maxBytes }: Reach): number {
  const fits = (to: number): boolean => bytesOf(recording, from, to) <= maxBytes && longestOf(recording, from, to) <= MAX_CHANNEL_SAMPLES;
  if (fits(endMs)) return endMs;
  const grid = gridMs(recording.channels);
  for (const step of [leastCommonMultiple(grid, MINUTE_MS), grid]) {
    const slot = (atMs: number): number => Math.floor((atMs - startMs) / step);
    let [low, high] = [slot(from), slot(endMs)];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(startMs + middle * step)) low = middle;
      else high = middle - 1;
    }
    if (startMs + low * step > from) return startMs + low * step;
  }
  return endMs;
}

/** A distance in whole milliseconds at which every evenly sampled channel has a sample, so that cuts keep exact times. */
function gridMs(channels: readonly Channel[]): number {
  let grid = 1;
  for (const { timing } of channels) {
    if (timing.kind !== "rate") continue;
    const periodMs = (1000 * timing.denominator) / greatestCommonDivisor(timing.numerator, 1000 * timing.denominator);
    grid = leastCommonMultiple(grid, periodMs);
    if (grid > MAX_GRID_MS) return 1000; // then a window's start is rounded to a millisecond, as any start is
  }
  return grid;
}

function windowOf(recording: Recording, from: number, to: number): Recording {
  const channels = recording.channels.flatMap((channel): Channel[] => {
    const [first, end] = [indexAt(channel, from), indexAt(channel, to)];
    if (end <= first) return [];
    const samples = channel.samples.subarray(first, end);
    const { timing, startMs } = channel;
    if (timing.kind === "rate") {
      const shiftMs = Math.round((first * 1000 * timing.denominator) / timing.numerator);
      return [{ ...channel, samples, startMs: startMs + shiftMs }];
    }
    const shiftMs = timing.offsetsMs[first] ?? 0;
    const offsetsMs = timing.offsetsMs.subarray(first, end).map((offset) => offset - shiftMs);
    return [{ ...channel, samples, startMs: startMs + shiftMs, timing: { kind: "offsets", offsetsMs } }];
  });
  return { ...recording, channels, events: eventsIn(recording.events, from, to) };
}

/** Those of the window, and before them the states that hold when it begins. */
function eventsIn(events: readonly RecordingEvent[], from: number, to: number): RecordingEvent[] {
  const held = new Map<RecordingEvent["kind"], RecordingEvent>();
  for (const event of events) if (event.atMs < from) held.set(event.kind, event);
  const before = [...held.values()].toSorted((a, b) => a.atMs - b.atMs);
  return [...before, ...events.filter(({ atMs }) => atMs >= from && atMs < to)];
}

function bytesOf({ channels, events }: Recording, from: number, to: number): number {
  const samples = channels.reduce((sum, channel) => {
    const width = channel.samples.BYTES_PER_ELEMENT + (channel.timing.kind === "offsets" ? Uint32Array.BYTES_PER_ELEMENT : 0);
    return sum + width * (indexAt(channel, to) - indexAt(channel, from));
  }, 0);
  return samples + EVENT_BYTES * events.filter(({ atMs }) => atMs >= from && atMs < to).length;
}

function longestOf({ channels }: Recording, from: number, to: number): number {
  return Math.max(0, ...channels.map((channel) => indexAt(channel, to) - indexAt(channel, from)));
}

/** The first sample at or after a time. */
function indexAt({ timing, startMs, samples }: Channel, atMs: number): number {
  if (atMs <= startMs) return 0;
  if (atMs === Infinity) return samples.length;
  if (timing.kind === "rate")
    return Math.min(samples.length, Math.ceil(((atMs - startMs) * timing.numerator) / (1000 * timing.denominator)));
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startMs + (timing.offsetsMs[middle] ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A moment behind the last sample. */
function endOf({ timing, startMs, samples }: Channel): number {
  if (timing.kind === "offsets") return startMs + (timing.offsetsMs.at(-1) ?? 0) + 1;
  return startMs + Math.ceil((samples.length * 1000 * timing.denominator) / timing.numerator);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}

/** Half a megabyte of a sealed job is left for its request, its recipients and what describes the channels. */
const MAX_WINDOW_BYTES: number = MAX_SEALED_JOB_BYTES - 524_288;
const EVENT_BYTES = 64;
const MINUTE_MS = 60_000;
const MAX_GRID_MS = 600_000;
/** Cuts fall before the limit, so that a window may hold a little more than its share. */
const EVEN = 1.01;
