import { MAX_CHANNEL_SAMPLES, type Channel } from "@caladrius/wire";
import { ReadError } from "./problems.ts";

/**
 * Joins strips of one lead that share rate, scale and grid into one channel, gaps filled with the missing value; strips
 * that do not fit together stay channels of their own. A strip that repeats what is there is dropped.
 */
export function joinWaves(waves: readonly Channel[], problem: (error: ReadError) => void): Channel[] {
  const groups = new Map<string, Channel[]>();
  for (const wave of waves.toSorted((a, b) => a.startMs - b.startMs)) {
    const key = JSON.stringify([wave.code, wave.unit, wave.timing, wave.scale, wave.missing, wave.samples.BYTES_PER_ELEMENT]);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    const last = group.at(-1);
    if (last === undefined) group.push(wave);
    else {
      try {
        const joined = join(last, wave);
        if (joined === null) group.push(wave);
        else group[group.length - 1] = joined;
      } catch (error) {
        if (!(error instanceof ReadError)) throw error;
        problem(error);
      }
    }
  }
  return [...groups.values()].flat();
}

function join(first: Channel, second: Channel): Channel | null {
  if (first.timing.kind !== "rate") return null;
  const { numerator, denominator } = first.timing;
  const exact = ((second.startMs - first.startMs) * numerator) / (1000 * denominator);
  const at = Math.round(exact);
  const offGridMs = (Math.abs(exact - at) * 1000 * denominator) / numerator;
  if (offGridMs > 1) return null; // starts are whole milliseconds
  const length = Math.max(first.samples.length, at + second.samples.length);
  const filled = at - first.samples.length;
  if (filled > MAX_GAP_SHARE * (first.samples.length + second.samples.length) || length > MAX_CHANNEL_SAMPLES) return null;
  for (let i = at; i < Math.min(first.samples.length, length); i++) {
    const [a, b] = [first.samples[i], second.samples[i - at]];
    if (b === undefined) break;
    if (a !== b) {
      const where = `${first.code} at ${new Date(second.startMs).toISOString()}`;
      throw new ReadError("wave-overlap", where, "the same samples again, or a later start", `other samples from the ${i - at + 1}. on`);
    }
  }
  const samples = first.samples instanceof Int16Array ? new Int16Array(length) : new Int32Array(length);
  samples.fill(first.missing);
  samples.set(first.samples);
  samples.set(second.samples, at);
  return { ...first, samples };
}

/** A gap longer than the signal around it is cheaper as two channels. */
const MAX_GAP_SHARE = 1;
