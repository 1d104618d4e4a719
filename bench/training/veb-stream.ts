import { EctopyStream, readEcgGroups, VENTRICULAR_PERMILLE, ventricularBeats } from "@caladrius/enclave/analyse/beats";
import { recordingOf } from "../scoring/detected.ts";
import type { ScoredRecord } from "../scoring/records.ts";

/** How far the stream says what the detector says of the whole record. */
export interface StreamAgreement {
  record: string;
  /** beats that both have, and those of them that both call the same */
  beats: number;
  same: number;
  /** beats that one of them has alone */
  alone: number;
  /** from a beat to its label, the first 32 left out: the longest, seconds */
  longestSeconds: number;
}

/** Pushes a record's leads a tenth of a second at a time and compares the labels with those of the whole. */
export function streamAgreement({ name, rate, leads }: ScoredRecord): StreamAgreement {
  const result: StreamAgreement = { record: name, beats: 0, same: 0, alone: 0, longestSeconds: 0 };
  const group = readEcgGroups(recordingOf(leads.slice(0, 2)))[0];
  if (group === undefined) return result;
  const labels = ventricularBeats(group);
  const whole = new Map(Array.from(group.beats, (at, i): [number, number] => [at, labels[i] ?? 0]));
  const all = [group, ...group.others].slice(0, 2);
  let [told, pushed] = [0, 0];
  const stream = new EctopyStream(
    rate,
    all.map(({ lead }) => lead.microvolts),
    (at, permille) => {
      const label = whole.get(at);
      if (label === undefined) result.alone++;
      else if (whole.delete(at)) {
        result.beats++;
        if (label === (permille >= VENTRICULAR_PERMILLE ? 1 : 0)) result.same++;
      }
      if (told++ >= LEARNING) result.longestSeconds = Math.max(result.longestSeconds, (pushed - at) / rate);
    },
  );
  const judged = (lead: number, at: number): Int16Array | Int32Array | null => {
    const one = all[lead];
    return one?.usable.some(({ from, to }) => at >= from && at < to) === true ? one.lead.samples : null;
  };
  const edges = all.flatMap(({ usable }) => usable.flatMap(({ from, to }) => [from, to]));
  const ends = [...edges, ...everyTenth(group.lead.samples.length, rate)].toSorted((a, b) => a - b);
  for (const end of ends) {
    if (end <= pushed) continue;
    const from = pushed;
    pushed = end;
    stream.push(judged(0, from), judged(1, from), from, end);
  }
  stream.end();
  result.alone += whole.size;
  return result;
}

function everyTenth(length: number, rate: number): number[] {
  const step = Math.max(1, Math.round(rate / 10));
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => Math.min(length, (i + 1) * step));
}

const LEARNING = 32;
