import { describeBeats, readEcgGroups, VENTRICULAR_PERMILLE, VentricularModel } from "@caladrius/enclave/analyse/beats";
import { percentiles, type Report } from "./report.ts";
import { recordingOf } from "./scoring/detected.ts";
import { bootstrap } from "./scoring/record-scores.ts";
import { DS1_FOLDER, readRecord, recordNames, type ScoredRecord } from "./scoring/records.ts";
import { vebRows, type Leads, type VebRows } from "./training/veb-rows.ts";
import { streamAgreement, type StreamAgreement } from "./training/veb-stream.ts";
import { callsOf, foldModels, ratesOfVeb, scoreVeb, vebTable, type VebRates, type VebScore } from "./training/veb-scores.ts";

/** What was asked on the command line. */
export interface VebBenchOptions {
  /** folder with WFDB records and their `.atr` annotations */
  wfdb?: string;
}

/**
 * Ventricular beats against reference annotations by EC57, on the beats that the detectors find and on those of the
 * reference. The shipped table was trained on MIT-BIH DS1: on that, which is read where no folder is given, every record is
 * scored by a model that was trained without it; on any other folder the shipped table is scored.
 */
export async function run(report: Report, { wfdb }: VebBenchOptions = {}): Promise<void> {
  const folder = wfdb ?? DS1_FOLDER;
  const names = recordNames(folder);
  if (names.length === 0) throw new Error(`no records with annotations in ${folder}`);
  const all: VebRows[] = [];
  const onReference: VebRows[] = [];
  const streamed: StreamAgreement[] = [];
  let timed: ScoredRecord | null = null;
  for (const name of names) {
    const record = await readRecord(folder, name);
    if (isPaced(record)) {
      report.progress(`${name} is paced: left out`);
      continue;
    }
    timed ??= record;
    for (const leads of LEADS) if (leads === "first lead" || record.leads.length > 1) all.push(vebRows(record, leads));
    onReference.push(vebRows(record, record.leads.length > 1 ? "two leads" : "first lead", true));
    streamed.push(streamAgreement(record));
    report.progress(`${name} described`);
  }
  const isCrossValidated = wfdb === undefined;
  const models = isCrossValidated ? foldModels(all, (text) => report.progress(text)) : null;
  const how = isCrossValidated ? "leave one record out" : "shipped table";
  const score = (rows: VebRows): VebScore => {
    const model = models?.get(rows.record);
    const shipped = new VentricularModel();
    const called = model === undefined ? rows.rows.map((row) => shipped.permille(row) >= VENTRICULAR_PERMILLE) : callsOf(model, rows.rows);
    return scoreVeb(rows, (beat) => called[beat] === true);
  };
  for (const leads of LEADS) {
    addScores(report, `${leads}, ${how}`, all.filter((one) => one.leads === leads).map(score));
  }
  addScores(report, `reference beats, ${how}`, onReference.map(score));
  addAgreement(report, streamed);
  if (timed !== null) addSpeed(report, timed);
}

/** Whether the stream of the shipped table says what the detector says of the whole. */
function addAgreement(report: Report, all: readonly StreamAgreement[]): void {
  const sum = (of: (one: StreamAgreement) => number): number => all.reduce((total, one) => total + of(one), 0);
  report.table(
    "stream beside the whole, where they differ",
    all
      .filter(({ beats, same, alone }) => alone > 0 || same < beats)
      .map(({ record, beats, same, alone }) => `${record}: ${beats - same} of ${beats} beats labelled otherwise, ${alone} in one alone`),
  );
  report.add(
    "stream: beats labelled as in the whole",
    (100 * sum(({ same }) => same)) /
      Math.max(
        1,
        sum(({ beats }) => beats),
      ),
    "%",
  );
  report.add(
    "stream: beats that one of them has alone",
    sum(({ alone }) => alone),
    `of ${sum(({ beats, alone }) => beats + alone)}`,
  );
  report.add("stream: longest wait for a label", Math.max(0, ...all.map(({ longestSeconds }) => longestSeconds)), "s");
}

function addScores(report: Report, what: string, scores: readonly VebScore[]): void {
  if (scores.length === 0) return;
  report.table(what, vebTable(scores));
  const rates = ratesOfVeb(scores);
  report.add(`${what}: Se`, rates.sensitivity, "%");
  report.add(`${what}: +P`, rates.precision, "%");
  report.add(`${what}: FPR`, rates.falsePositiveRate, "%");
  const within = (name: string, of: (rates: VebRates) => number): void => {
    const { from, to } = bootstrap(scores, (drawn) => of(ratesOfVeb(drawn)));
    report.add(`${what}: ${name}, 95 % from`, from, "%");
    report.add(`${what}: ${name}, 95 % to`, to, "%");
  };
  within("Se", ({ sensitivity }) => sensitivity);
  within("+P", ({ precision }) => precision);
}

/** What labelling costs beside finding the beats. */
function addSpeed(report: Report, { leads, length }: ScoredRecord): void {
  const recording = recordingOf(leads.slice(0, 2));
  const seconds = { beats: [] as number[], labels: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const groups = readEcgGroups(recording);
    const found = performance.now();
    for (const group of groups) {
      const model = new VentricularModel();
      describeBeats(group, (row) => model.permille(row));
    }
    seconds.beats.push(found - began);
    seconds.labels.push(performance.now() - found);
  }
  const best = (values: readonly number[]): number => percentiles(values.slice(WARM_UP)).p10;
  report.add("finding the beats, two leads", (recording.channels.length * length) / best(seconds.beats) / 1e3, "Msamples/s");
  const ratio = best(seconds.labels) / best(seconds.beats);
  report.add("labelling them", best(seconds.labels), "ms", { name: "finding them", ratio, target: 0.2 });
}

/** EC57 leaves out records with paced beats (and so do all published figures). */
function isPaced({ reference: { types } }: ScoredRecord): boolean {
  return types.includes(PACED);
}

const LEADS: readonly Leads[] = ["two leads", "first lead", "second lead"];
const PACED = 12;
const ROUNDS = 10;
const WARM_UP = 3;
