import { analyse } from "@caladrius/enclave/analyse";
import { percentiles, type Report } from "./report.ts";
import { detect, recordingOf } from "./scoring/detected.ts";
import { agreementOf, type Agreement } from "./scoring/agreement.ts";
import { matchBeats } from "./scoring/match.ts";
import { bootstrap, scoreOf, summarise, tableOf, type Interval, type RecordScore, type Summary } from "./scoring/record-scores.ts";
import { DS1_FOLDER, readRecord, recordNames, type ScoredRecord } from "./scoring/records.ts";

/** What was asked on the command line. */
export interface EcgBenchOptions {
  /** folder with WFDB records and their `.atr` annotations */
  wfdb?: string;
}

/**
 * Beats against reference annotations by EC57's rules, of the first lead alone and with the second, over whole records and
 * from 5:00 on; how far the detectors agree; and what the whole analysis of a record costs, against one pass that only
 * adds the samples up. The per-record table goes to stderr and, with the figures, to the results file.
 */
export async function run(report: Report, { wfdb = DS1_FOLDER }: EcgBenchOptions = {}): Promise<void> {
  const names = recordNames(wfdb);
  if (names.length === 0) throw new Error(`no records with annotations in ${wfdb}`);
  const runs = LEADS.map((leads) => ({ leads, whole: [] as RecordScore[], late: [] as RecordScore[], agreements: [] as Agreement[] }));
  let timed: ScoredRecord | null = null;
  for (const name of names) {
    const record = await readRecord(wfdb, name);
    if (timed === null || Math.abs(minutesOf(record) - 30) < Math.abs(minutesOf(timed) - 30)) timed = record;
    for (const { leads, whole, late, agreements } of runs) {
      const found = detect(record.leads.slice(0, leads), record.rate);
      const match = matchBeats(record.reference, found.beats, record);
      whole.push(scoreOf(name, match));
      late.push(scoreOf(name, matchBeats(record.reference, found.beats, { ...record, startSeconds: 300 })));
      agreements.push(agreementOf(record, found, match));
    }
    report.progress(`${name} scored`);
  }
  for (const { leads, whole, late, agreements } of runs) {
    const what = leads === 1 ? "first lead" : "two leads";
    report.table(what, tableOf(whole));
    addBeats(report, what, summarise(whole), whole);
    addRates(report, `${what}, from 5:00`, summarise(late));
    addAgreement(report, what, agreements);
  }
  if (timed !== null) addSpeed(report, timed);
}

function addBeats(report: Report, what: string, summary: Summary, scores: readonly RecordScore[]): void {
  addRates(report, what, summary);
  const within = (name: string, of: (summary: Summary) => number): void => {
    const { from, to }: Interval = bootstrap(scores, (drawn) => of(summarise(drawn)));
    report.add(`${what}: ${name}, 95 % from`, from, "%");
    report.add(`${what}: ${name}, 95 % to`, to, "%");
  };
  within("gross Se", ({ gross }) => gross.sensitivity);
  within("gross +P", ({ gross }) => gross.precision);
  report.add(`${what}: missed and extra beats`, summary.missed + summary.extra, `of ${summary.beats}`);
  report.add(`${what}: RMS RR error, mean over records`, summary.rrMs, "ms");
}

function addRates(report: Report, what: string, { gross, average }: Summary): void {
  report.add(`${what}: gross Se`, gross.sensitivity, "%");
  report.add(`${what}: gross +P`, gross.precision, "%");
  report.add(`${what}: average Se`, average.sensitivity, "%");
  report.add(`${what}: average +P`, average.precision, "%");
}

function addAgreement(report: Report, what: string, agreements: readonly Agreement[]): void {
  const sum = (of: keyof Agreement): number => agreements.reduce((total, one) => total + one[of], 0);
  const share = (part: keyof Agreement, all: keyof Agreement): number => (100 * sum(part)) / Math.max(1, sum(all));
  report.add(`${what}: undisputed beats`, share("unanimous", "beats"), "%");
  report.add(`${what}: seconds within 1 s of a dispute`, share("flaggedSeconds", "seconds"), "%");
  report.add(`${what}: errors in these seconds`, share("flaggedErrors", "errors"), "%");
  report.add(`${what}: seconds not assessed`, share("unassessedSeconds", "seconds"), "%");
}

/** Samples per second of all that apply, one thread. The floor reads every sample once and does nothing else with it. */
function addSpeed(report: Report, { name, leads, length }: ScoredRecord): void {
  report.progress(`timing record ${name}`);
  for (const count of LEADS) {
    const recording = recordingOf(leads.slice(0, count));
    const samples = recording.channels.length * length;
    const seconds = { floor: [] as number[], ours: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      seconds.floor.push(timeOf(() => recording.channels.reduce((total, channel) => total + sumOf(channel.samples), 0)));
      seconds.ours.push(timeOf(() => analyse(recording, { detectors: [] })));
    }
    const measured = { floor: seconds.floor.slice(WARM_UP), ours: seconds.ours.slice(WARM_UP) };
    const best = (values: readonly number[]): number => percentiles(values).p10;
    const what = recording.channels.length === 1 ? "one lead" : "two leads";
    report.add(`floor: read every sample, ${what}`, samples / best(measured.floor) / 1e6, "Msamples/s");
    const ratio = best(measured.ours) / best(measured.floor);
    report.add(`whole analysis, ${what}`, samples / best(measured.ours) / 1e6, "Msamples/s", {
      name: "the floor's time",
      ratio,
      target: null,
    });
  }
}

function sumOf(samples: Int16Array | Int32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] ?? 0;
  return sum;
}

function timeOf(work: () => unknown): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

function minutesOf({ length, rate }: ScoredRecord): number {
  return length / rate / 60;
}

const LEADS: readonly number[] = [1, 2];
const ROUNDS = 16;
const WARM_UP = 4;
