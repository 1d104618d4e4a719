import type { EcgBenchOptions } from "./ecg.bench.ts";
import type { Report } from "./report.ts";
import type { Reference } from "./scoring/annotations.ts";
import { detect, type Detected } from "./scoring/detected.ts";
import { matchBeats } from "./scoring/match.ts";
import { addNoise, type NoiseKind } from "./scoring/noise.ts";
import { scoreOf, summarise, tableOf, type RecordScore } from "./scoring/record-scores.ts";
import { DS1_FOLDER, readRecord, recordNames, type ScoredRecord } from "./scoring/records.ts";

/**
 * Beats under generated noise over whole records, on the ten records with the fewest errors without it: sensitivity and
 * positive predictivity where the program claims beats, and how much of the time it abstains. Each lead has noise of its
 * own. Seeded: the figures are the same on every run.
 */
export async function run(report: Report, { wfdb = DS1_FOLDER }: EcgBenchOptions = {}): Promise<void> {
  const records = await cleanest(wfdb);
  report.progress(`records: ${records.map(({ name }) => name).join(" ")}`);
  for (const kind of KINDS)
    for (const decibels of DECIBELS)
      for (const leads of [1, 2]) {
        const what = `${kind} ${decibels} dB, ${leads === 1 ? "first lead" : "two leads"}`;
        const scores: RecordScore[] = [];
        let [abstained, samples] = [0, 0];
        for (const [index, record] of records.entries()) {
          const found = detect(withNoise(record, { kind, decibels, leads, index }), record.rate);
          scores.push(scoreOf(record.name, matchBeats(assessedOnly(record.reference, found), found.beats, record)));
          abstained += found.unassessed.reduce((total, { from, to }) => total + to + 1 - from, 0);
          samples += record.length;
        }
        report.table(what, tableOf(scores));
        const { gross } = summarise(scores);
        report.add(`${what}: Se`, gross.sensitivity, "%");
        report.add(`${what}: +P`, gross.precision, "%");
        report.add(`${what}: abstained`, (100 * abstained) / samples, "% of the time");
      }
}

/** The ten records whose first lead has the fewest errors, by name. */
async function cleanest(folder: string): Promise<ScoredRecord[]> {
  const all: { record: ScoredRecord; errors: number }[] = [];
  for (const name of recordNames(folder)) {
    const record = await readRecord(folder, name);
    const { missed, extra } = matchBeats(record.reference, detect(record.leads.slice(0, 1), record.rate).beats, record);
    all.push({ record, errors: missed.length + extra.length });
  }
  if (all.length === 0) throw new Error(`no records with annotations in ${folder}`);
  return all
    .toSorted((a, b) => a.errors - b.errors)
    .slice(0, RECORDS)
    .map(({ record }) => record)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface Disturbance {
  kind: NoiseKind;
  decibels: number;
  leads: number;
  /** which record */
  index: number;
}

function withNoise(
  { leads: channels, rate, reference }: ScoredRecord,
  { kind, decibels, leads, index }: Disturbance,
): ScoredRecord["leads"] {
  const normal = reference.beats.filter((_, i) => reference.types[i] === NORMAL);
  const beats = normal.length > 0 ? normal : reference.beats; // a bundle branch block has no normal ones
  return channels.slice(0, leads).map((lead, k) => addNoise(lead, rate, beats, { kind, decibels, seed: 1 + 2 * index + k }));
}

/** What lies in stretches that are not assessed is neither found nor missed. */
function assessedOnly({ beats, types, vf }: Reference, { unassessed }: Detected): Reference {
  const isAssessed = (at: number): boolean => !unassessed.some(({ from, to }) => at >= from && at <= to);
  return { beats: beats.filter(isAssessed), types: types.filter((_, i) => isAssessed(beats[i] ?? 0)), vf: [...vf, ...unassessed] };
}

const KINDS: readonly NoiseKind[] = ["electrode motion", "muscle"];
const DECIBELS: readonly number[] = [24, 18, 12, 6, 0];
const RECORDS = 10;
const NORMAL = 1;
