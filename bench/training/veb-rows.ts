import { describeBeats, readEcgGroups } from "@caladrius/enclave/analyse/beats";
import { recordingOf } from "../scoring/detected.ts";
import { matchBeats } from "../scoring/match.ts";
import type { ScoredRecord } from "../scoring/records.ts";

/** What a beat is by the reference: classes of AAMI EC57, and "extra" for a detected one that is none. */
export type BeatClass = "other" | "ventricular" | "fusion" | "unknown" | "extra";

/** Which leads are read. */
export type Leads = "two leads" | "first lead" | "second lead";

/** Features of the detected beats of one record with what they are. */
export interface VebRows {
  record: string;
  leads: Leads;
  rows: Int32Array[];
  classes: BeatClass[];
  /** ventricular beats of the reference that were not detected */
  missed: number;
  /** other beats of the reference that were not detected */
  missedOthers: number;
}

/** Describes the beats that the detectors find in a record, or with `reference` those of the reference itself. */
export function vebRows(record: ScoredRecord, leads: Leads, reference = false): VebRows {
  const { name, reference: truth } = record;
  const channels = leads === "two leads" ? record.leads : record.leads.slice(...(leads === "first lead" ? [0, 1] : [1, 2]));
  const result: VebRows = { record: name, leads, rows: [], classes: [], missed: 0, missedOthers: 0 };
  const group = readEcgGroups(recordingOf(channels))[0];
  const classOf = new Map(truth.beats.map((at, i): [number, BeatClass] => [at, CLASSES.get(truth.types[i] ?? 0) ?? "other"]));
  if (group === undefined) return result;
  const isUsable = (at: number): boolean => group.usable.some(({ from, to }) => at >= from && at < to);
  const isClaimed = (at: number): boolean => !group.uncertain.some(({ from, to }) => at >= from && at < to);
  const described = reference ? { ...group, beats: Int32Array.from(truth.beats.filter(isUsable)), uncertain: [] } : group;
  describeBeats(described, (row) => result.rows.push(row.slice()));
  const beats = reference ? described.beats : group.beats.filter(isClaimed);
  const match = matchBeats(truth, Array.from(beats), record);
  const matched = new Map(match.pairs.map(([at, detected]) => [detected, classOf.get(at)]));
  const isInVf = (at: number): boolean => truth.vf.some(({ from, to }) => at >= from && at <= to);
  result.classes = Array.from(beats, (at) => matched.get(at) ?? (isInVf(at) ? "unknown" : "extra"));
  for (const at of match.missed) {
    const missed = classOf.get(at);
    if (missed === "ventricular") result.missed++;
    else if (missed === "other") result.missedOthers++;
  }
  return result;
}

/** Annotation codes by class; all others are beats of class N or S. Paced records are left out as EC57 says. */
const CLASSES: ReadonlyMap<number, BeatClass> = new Map([
  [5, "ventricular"],
  [10, "ventricular"],
  [6, "fusion"],
  [12, "unknown"],
  [13, "unknown"],
  [38, "unknown"],
]);
