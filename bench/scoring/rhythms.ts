import type { Annotation } from "./annotations.ts";

/** A stretch of one rhythm, [from, to) in samples. */
export interface Rhythm {
  name: string;
  from: number;
  to: number;
}

/** The rhythms of a record by its rhythm annotations ("+" with "(AFIB", "(N" …); before the first it is unknown: "". */
export function rhythmsOf(annotations: readonly Annotation[], length: number): Rhythm[] {
  const rhythms: Rhythm[] = [];
  let [name, from] = ["", 0];
  for (const { at, type, aux } of annotations) {
    const said = type === RHYTHM ? /^\(([A-Z0-9]+)/.exec(aux)?.[1] : undefined;
    if (said === undefined) continue;
    if (at > from) rhythms.push({ name, from, to: at });
    [name, from] = [said, at];
  }
  if (length > from) rhythms.push({ name, from, to: length });
  return rhythms;
}

/** Samples that two lists of stretches have in common. */
export function overlap(a: readonly Pick<Rhythm, "from" | "to">[], b: readonly Pick<Rhythm, "from" | "to">[]): number {
  let total = 0;
  for (const one of a) for (const other of b) total += Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from));
  return total;
}

/** Area under the ROC curve: how often a positive has the higher score, ties counting half (Mann and Whitney). */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  const all = [...positives.map((score) => ({ score, rank: 1 })), ...negatives.map((score) => ({ score, rank: 0 }))];
  all.sort((a, b) => a.score - b.score);
  let ranks = 0;
  for (let i = 0; i < all.length;) {
    let next = i;
    while (next < all.length && all[next]?.score === all[i]?.score) next++;
    const middle = (i + next + 1) / 2;
    for (; i < next; i++) ranks += middle * (all[i]?.rank ?? 0);
  }
  const { length } = positives;
  return (ranks - (length * (length + 1)) / 2) / (length * negatives.length);
}

const RHYTHM = 28;
