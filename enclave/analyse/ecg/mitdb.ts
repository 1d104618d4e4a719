import type { Channel } from "@caladrius/wire";

/** Reference annotations of one MIT-BIH record, as sample indices. */
export interface Reference {
  beats: number[];
  /** ventricular flutter or fibrillation: [from, to] pairs, not scored */
  excluded: number[];
}

const BEAT_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41]);
const FLUTTER_ON = 32;
const FLUTTER_OFF = 33;

/** Two leads of a MIT-BIH record (WFDB format 212, 200 units/mV around 1024, 360 Hz). For tests and benchmarks only. */
export function readLeads(dat: Uint8Array): Channel[] {
  const length = Math.floor(dat.length / 3);
  const leads = [new Int16Array(length), new Int16Array(length)] as const;
  for (let i = 0, p = 0; i < length; i++, p += 3) {
    const middle = dat[p + 1] ?? 0;
    leads[0][i] = (((dat[p] ?? 0) | ((middle & 15) << 8)) << 20) >> 20;
    leads[1][i] = (((dat[p + 2] ?? 0) | ((middle & 240) << 4)) << 20) >> 20;
  }
  return leads.map((samples, k) => ({
    code: k === 0 ? "mdc:131330" : "mdc:131328",
    unit: "mV",
    startMs: 0,
    timing: { kind: "rate", numerator: 360, denominator: 1 },
    samples,
    scale: { numerator: 1, offset: -1024, denominator: 200 },
    missing: -2048,
  }));
}

/** Reads a .atr file (WFDB annotation format, "MIT"). For tests and benchmarks only. */
export function readReference(atr: Uint8Array): Reference {
  const reference: Reference = { beats: [], excluded: [] };
  const word = (p: number): number => (atr[p] ?? 0) | ((atr[p + 1] ?? 0) << 8);
  let at = 0;
  for (let p = 0; p + 1 < atr.length;) {
    const type = word(p) >> 10;
    const value = word(p) & 1023;
    p += 2;
    if (type === 0 && value === 0) break;
    if (type === 59) {
      at += (word(p) << 16) | word(p + 2); // SKIP: a 32-bit interval, high word first
      p += 4;
    } else if (type === 63) p += value + (value & 1);
    else if (type < 60) {
      at += value;
      if (BEAT_TYPES.has(type)) reference.beats.push(at);
      else if (type === FLUTTER_ON || type === FLUTTER_OFF) reference.excluded.push(at);
    }
  }
  return reference;
}

/** Result of a beat-by-beat comparison. */
export interface Score {
  found: number;
  missed: number;
  extra: number;
}

/** Matches detected beats with the reference within `tolerance` samples, the closer pair first (EC57 uses 150 ms). */
export function scoreBeats(reference: Reference, detected: readonly number[], tolerance: number): Score {
  const excluded = (t: number): boolean => {
    for (let i = 0; i + 1 < reference.excluded.length; i += 2) {
      if (t >= (reference.excluded[i] ?? 0) - tolerance && t <= (reference.excluded[i + 1] ?? 0) + tolerance) return true;
    }
    return false;
  };
  const truth = reference.beats.filter((t) => !excluded(t));
  const beats = detected.filter((t) => !excluded(t));
  const score: Score = { found: 0, missed: 0, extra: 0 };
  let i = 0;
  let j = 0;
  while (i < truth.length && j < beats.length) {
    const t = truth[i] ?? 0;
    const d = beats[j] ?? 0;
    const distance = Math.abs(d - t);
    const nextBeat = Math.abs((beats[j + 1] ?? Number.POSITIVE_INFINITY) - t);
    const nextTruth = Math.abs(d - (truth[i + 1] ?? Number.POSITIVE_INFINITY));
    if ((distance > tolerance && d < t) || (distance <= tolerance && nextBeat < distance)) {
      score.extra++;
      j++;
    } else if (distance > tolerance || nextTruth < distance) {
      score.missed++;
      i++;
    } else {
      score.found++;
      i++;
      j++;
    }
  }
  score.missed += truth.length - i;
  score.extra += beats.length - j;
  return score;
}
