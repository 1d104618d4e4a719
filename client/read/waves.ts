import { MAX_CHANNEL_SAMPLES, type Channel } from "@caladrius/wire";
import { ReadError } from "./problems.ts";

/**
 * Joins strips of one lead that share rate, scale and grid into one channel, gaps filled with the missing value; strips
 * that do not fit together stay channels of their own. A strip that repeats what is there is dropped, one that
 * contradicts it is a problem.
 */
export function joinWaves(waves: readonly { channel: Channel; lane: string }[], problem: (error: ReadError) => void): Channel[] {
  const groups = new Map<string, Strips[]>();
  for (const { channel: wave, lane } of waves.toSorted((a, b) => a.channel.startMs - b.channel.startMs)) {
    const key = JSON.stringify([lane, wave.code, wave.unit, wave.timing, wave.scale, wave.missing, wave.samples.BYTES_PER_ELEMENT]);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    const last = group.at(-1);
    const at = last === undefined ? null : placeOf(last, wave);
    if (last === undefined || at === null) group.push({ first: wave, length: wave.samples.length, parts: [{ at: 0, wave }] });
    else {
      last.parts.push({ at, wave });
      last.length = Math.max(last.length, at + wave.samples.length);
    }
  }
  return [...groups.values()].flat().map((strips) => fill(strips, problem));
}

interface Strips {
  first: Channel;
  /** samples up to the end of the last strip */
  length: number;
  /** by start */
  parts: { at: number; wave: Channel }[];
}

/** The sample of the joined channel at which a strip begins, or null where it does not fit. */
function placeOf({ first, length }: Strips, wave: Channel): number | null {
  if (first.timing.kind !== "rate") return null;
  const { numerator, denominator } = first.timing;
  const exact = ((wave.startMs - first.startMs) * numerator) / (1000 * denominator);
  const at = Math.round(exact);
  const offGridMs = (Math.abs(exact - at) * 1000 * denominator) / numerator;
  const gap = at - length;
  // Starts are whole milliseconds. A gap longer than what is around it is cheaper as two channels.
  return offGridMs > 1 || gap > length + wave.samples.length || at + wave.samples.length > MAX_CHANNEL_SAMPLES ? null : at;
}

function fill({ first, length, parts }: Strips, problem: (error: ReadError) => void): Channel {
  if (parts.length === 1) return first;
  const samples = first.samples instanceof Int16Array ? new Int16Array(length) : new Int32Array(length);
  samples.fill(first.missing);
  let filled = 0;
  for (const { at, wave } of parts) {
    const repeated = wave.samples.subarray(0, Math.max(0, filled - at));
    const other = repeated.findIndex((sample, i) => sample !== samples[at + i]);
    if (other >= 0) {
      const where = `${wave.code} at ${new Date(wave.startMs).toISOString()}`;
      problem(new ReadError("wave-overlap", where, "the same samples again, or a later start", `others from sample ${other} on`));
      continue;
    }
    samples.set(wave.samples, at);
    filled = Math.max(filled, at + wave.samples.length);
  }
  return { ...first, samples: samples.slice(0, filled) };
}
