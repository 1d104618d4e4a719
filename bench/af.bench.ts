import { analyse } from "@caladrius/enclave/analyse";
import { findFibrillation, readEcgGroups, ventricularBeats, type EcgGroup } from "@caladrius/enclave/analyse/beats";
import type { Report } from "./report.ts";
import { recordingOf } from "./scoring/detected.ts";
import { DS1_FOLDER, readRecord, recordNames, type ScoredRecord } from "./scoring/records.ts";
import { areaUnderCurve, overlap, rhythmsOf, type Rhythm } from "./scoring/rhythms.ts";

/** What was asked on the command line. */
export interface AfBenchOptions {
  /** folder with WFDB records and their `.atr` annotations */
  wfdb?: string;
}

/** Scores of beats by what the reference says. */
interface Scores {
  fibrillation: number[];
  flutter: number[];
  other: number[];
}

/**
 * Atrial fibrillation against reference rhythms: the irregularity of every beat, on beats that the detectors find and on
 * those of the reference, and episodes of 30 s and more by time (sensitivity, specificity) and by count. Atrial flutter is
 * reported both as no fibrillation and left out: the intervals cannot tell one from the other.
 */
export async function run(report: Report, { wfdb = DS1_FOLDER }: AfBenchOptions = {}): Promise<void> {
  const names = recordNames(wfdb);
  if (names.length === 0) throw new Error(`no records with annotations in ${wfdb}`);
  const ways = WAYS.map((way) => ({ way, scores: { fibrillation: [], flutter: [], other: [] } as Scores }));
  const episodes: EpisodeCounts[] = [];
  for (const name of names) {
    const record = await readRecord(wfdb, name);
    const rhythms = rhythmsOf(record.annotations, record.length);
    for (const { way, scores } of ways) scoreBeats(record, rhythms, way, scores);
    episodes.push(countEpisodes(record, rhythms));
    report.progress(`${name} scored`);
  }
  for (const { way, scores } of ways) addScores(report, way, scores);
  addEpisodes(report, episodes);
}

function scoreBeats(record: ScoredRecord, rhythms: readonly Rhythm[], way: (typeof WAYS)[number], scores: Scores): void {
  for (const found of readEcgGroups(recordingOf(record.leads.slice(0, 2)))) {
    const isUsable = (at: number): boolean => found.usable.some(({ from, to }) => at >= from && at < to);
    const truth = Int32Array.from(record.reference.beats.filter(isUsable));
    const group: EcgGroup = way === "reference beats" ? { ...found, beats: truth, uncertain: [] } : found;
    let next = 0;
    const score = (at: number, permille: number): void => {
      while (next < rhythms.length && (rhythms[next]?.to ?? 0) <= at) next++;
      const name = rhythms[next]?.name;
      (name === "AFIB" ? scores.fibrillation : name === "AFL" ? scores.flutter : scores.other).push(permille);
    };
    findFibrillation(group, ventricularBeats(group), LIMITS, { score, episode: () => undefined });
  }
}

function addScores(report: Report, way: string, { fibrillation, flutter, other }: Scores): void {
  if (fibrillation.length === 0) return;
  report.add(`${way}: AUC`, areaUnderCurve(fibrillation, [...flutter, ...other]), "1");
  report.add(`${way}: AUC without flutter`, areaUnderCurve(fibrillation, other), "1");
  const share = (scores: readonly number[], isAbove: boolean): number =>
    (100 * scores.filter((score) => score >= LIMITS.permille === isAbove).length) / Math.max(1, scores.length);
  report.add(`${way}: beats, Se`, share(fibrillation, true), "%");
  report.add(`${way}: beats, Sp`, share([...flutter, ...other], false), "%");
  report.add(`${way}: beats, Sp without flutter`, share(other, false), "%");
}

interface EpisodeCounts {
  /** samples */
  fibrillation: number;
  found: number;
  other: number;
  wrong: number;
  /** … of these, in flutter */
  flutter: number;
  wrongInFlutter: number;
  episodes: number;
  episodesFound: number;
  told: number;
  toldRight: number;
}

/** The findings of the whole analysis beside reference episodes of 30 s and more. */
function countEpisodes(record: ScoredRecord, rhythms: readonly Rhythm[]): EpisodeCounts {
  const { findings, coverage } = analyse(recordingOf(record.leads.slice(0, 2)), { detectors: ["ecg-af"] });
  const sampleAt = (ms: number): number => Math.round(((ms - coverage.fromMs) * record.rate) / 1000);
  const told = findings
    .filter(({ code }) => code === "atrial-fibrillation")
    .map(({ onsetMs, endMs }) => ({ from: sampleAt(onsetMs), to: sampleAt(endMs) }));
  const isLong = ({ from, to }: Rhythm): boolean => to - from >= 30 * record.rate;
  const truth = rhythms.filter((one) => one.name === "AFIB" && isLong(one));
  const flutter = rhythms.filter(({ name }) => name === "AFL");
  const rest = rhythms.filter(({ name }) => name !== "AFIB");
  const samples = (some: readonly Pick<Rhythm, "from" | "to">[]): number => some.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    fibrillation: samples(truth),
    found: overlap(truth, told),
    other: samples(rest),
    wrong: overlap(rest, told),
    flutter: samples(flutter),
    wrongInFlutter: overlap(flutter, told),
    episodes: truth.length,
    episodesFound: truth.filter((one) => 2 * overlap([one], told) >= one.to - one.from).length,
    told: told.length,
    toldRight: told.filter((one) => overlap([one], rhythms.filter(isAtrial)) > (one.to - one.from) / 2).length,
  };
}

function isAtrial({ name }: Rhythm): boolean {
  return name === "AFIB" || name === "AFL";
}

function addEpisodes(report: Report, counts: readonly EpisodeCounts[]): void {
  const sum = (of: keyof EpisodeCounts): number => counts.reduce((total, one) => total + one[of], 0);
  const percent = (part: number, all: number): number => (all === 0 ? 100 : (100 * part) / all);
  report.add("episodes of 30 s and more: time, Se", percent(sum("found"), sum("fibrillation")), "%");
  report.add("episodes of 30 s and more: time, Sp", 100 - percent(sum("wrong"), sum("other")), "%");
  const [wrong, other] = [sum("wrong") - sum("wrongInFlutter"), sum("other") - sum("flutter")];
  report.add("episodes of 30 s and more: time, Sp without flutter", 100 - percent(wrong, other), "%");
  report.add("episodes of 30 s and more: found at least by half", sum("episodesFound"), `of ${sum("episodes")}`);
  report.add("episodes told that are atrial fibrillation or flutter by half", sum("toldRight"), `of ${sum("told")}`);
}

const WAYS = ["own beats", "reference beats"] as const;
const LIMITS = { permille: 450, holdMs: 30_000 };
