import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readInputs } from "@caladrius/client";
import { AlarmStream, analyse, CINC_2015_LIMITS } from "@caladrius/enclave/analyse";
import type { Channel } from "@caladrius/wire";
import type { Report } from "./report.ts";
import { alarmEvents, type AlarmEvent, type EventKind } from "./scoring/alarm-events.ts";
import {
  falseAlarms,
  foundEvents,
  scoreEvents,
  strayAlarms,
  type EventScore,
  type FoundAlarm,
  type RaisedAlarm,
} from "./scoring/alarm-scores.ts";
import { recordingOf } from "./scoring/detected.ts";
import { DS1_FOLDER, readRecord, recordNames } from "./scoring/records.ts";

/** What was asked on the command line. */
export interface AlarmsBenchOptions {
  /** folder with WFDB records and their `.atr` annotations */
  wfdb?: string;
}

/**
 * Rhythm alarms against the events that the reference annotations make by the definitions of the PhysioNet/CinC challenge
 * 2015: how many are found, how late a live stream raises them, and how many high alarms come where no event is; then what
 * the whole analysis says by code, how much it did not assess, and how fast it is. Without a folder, the two challenge records of the shared data as well, whose alarms are known to be false.
 */
export async function run(report: Report, { wfdb }: AlarmsBenchOptions = {}): Promise<void> {
  const folder = wfdb ?? DS1_FOLDER;
  const names = recordNames(folder);
  if (names.length === 0) throw new Error(`no records with annotations in ${folder}`);
  for (const leads of [2, 1]) {
    const what = leads === 1 ? "first lead" : "two leads";
    const scores: EventScore[] = [];
    const lines: string[] = [];
    const whole = new Whole();
    let [hours, wrong, stray] = [0, 0, 0];
    for (const name of names) {
      const record = await readRecord(folder, name);
      const channels = record.leads.slice(0, leads);
      const events = alarmEvents(record.annotations, record.rate);
      const found = whole.add(channels, record.rate, events);
      const ofRecord = scoreEvents(events, raisedLive(channels, record.rate), record.rate);
      const falseOnes = falseAlarms(events, found, record.rate);
      scores.push(...ofRecord);
      wrong += falseOnes.length;
      stray += strayAlarms(events, found).length;
      hours += record.length / record.rate / 3600;
      lines.push(
        ...ofRecord.map((score) => eventLine(name, score, record.rate)),
        ...falseOnes.map((alarm) => falseLine(name, alarm, record.rate)),
      );
      report.progress(`${name} scored`);
    }
    report.table(what, lines);
    addEvents(report, what, scores);
    report.add(`${what}: false high alarms a day`, (24 * wrong) / hours, "/24 h");
    report.add(`${what}: high alarms a day that overlap no event of their kind`, (24 * stray) / hours, "/24 h");
    whole.tell(report, `${what}, whole analysis`, hours);
  }
  if (wfdb === undefined) await addChallenge(report);
}

/** What all detectors together say of whole recordings. */
class Whole {
  readonly #codes = new Map<string, number>();
  #events = 0;
  #found = 0;
  #unassessed = 0;
  #samples = 0;
  #ms = 0;

  /** Analyses a recording; gives its high findings in samples. */
  add(channels: readonly Channel[], rate: number, events: readonly AlarmEvent[]): FoundAlarm[] {
    const recording = recordingOf(channels);
    const begun = performance.now();
    const { findings, coverage } = analyse(recording, { detectors: [] });
    this.#ms += performance.now() - begun;
    const sampleAt = (ms: number): number => ((ms - coverage.fromMs) * rate) / 1000;
    const high = findings
      .filter(({ priority }) => priority === "high")
      .map(({ code, onsetMs, endMs }) => ({ code, from: sampleAt(onsetMs), to: sampleAt(endMs) }));
    for (const { code, priority } of findings) {
      const key = `${priority} ${code}`;
      this.#codes.set(key, (this.#codes.get(key) ?? 0) + 1);
    }
    for (const { detector, fromMs, toMs } of coverage.unassessed)
      if (detector === "ecg-rhythm" || detector === "ecg-beats") this.#unassessed += toMs - fromMs;
    this.#samples += channels.reduce((sum, { samples }) => sum + samples.length, 0);
    this.#events += events.length;
    this.#found += foundEvents(events, high).length;
    return high;
  }

  tell(report: Report, what: string, hours: number): void {
    report.add(`${what}: events found`, this.#found, `of ${this.#events}`);
    report.add(`${what}: not assessed for beats or rhythm`, this.#unassessed / 36_000 / hours, "%");
    report.add(`${what}: all detectors`, this.#samples / 1000 / this.#ms, "Msamples/s");
    report.table(
      `${what}: findings`,
      [...this.#codes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => `${key}: ${count}`),
    );
  }
}

/** Alarms as they come when the leads are pushed a tenth of a second at a time. */
function raisedLive([first, second]: readonly Channel[], rate: number): RaisedAlarm[] {
  if (first === undefined) return [];
  const raised: RaisedAlarm[] = [];
  const leads = second === undefined ? [first] : [first, second];
  const steps = leads.map(({ unit, scale }) => ((unit === "mV" ? 1000 : 1) * scale.numerator) / scale.denominator);
  const stream = new AlarmStream(rate, steps, CINC_2015_LIMITS, {
    rise: (code, from, now) => raised.push({ code, from, now }),
    tell: () => undefined,
  });
  const step = Math.max(1, Math.round(rate / 10));
  for (let at = 0; at < first.samples.length; at += step)
    stream.push(first.samples, second?.samples ?? null, at, Math.min(first.samples.length, at + step));
  stream.end();
  return raised;
}

function addEvents(report: Report, what: string, scores: readonly EventScore[]): void {
  for (const kind of KINDS) {
    const of = scores.filter(({ event }) => event.kind === kind);
    if (of.length === 0) continue;
    const delays = of.flatMap(({ delay }) => delay ?? []);
    report.add(`${what}: ${kind}: found`, delays.length, `of ${of.length}`);
    report.add(`${what}: ${kind}: within 10 s of onset`, delays.filter((delay) => delay <= 10).length, `of ${of.length}`);
    if (delays.length === 0) continue;
    report.add(`${what}: ${kind}: longest delay from onset`, Math.max(...delays), "s");
    report.add(`${what}: ${kind}: longest delay since its definition was met`, Math.max(...of.flatMap(({ late }) => late ?? [])), "s");
  }
}

/** The challenge's alarm lies at 5:00, and its event began at most 10 s before. */
async function addChallenge(report: Report): Promise<void> {
  const truth = join(CINC_FOLDER, "ALARMS");
  if (!existsSync(truth)) return;
  const lines: string[] = [];
  let [suppressed, of] = [0, 0];
  for (const row of readFileSync(truth, "utf8").split("\n")) {
    const [name = "", kind = "", isTrue] = row.trim().split(",");
    if (isTrue !== "0" || !existsSync(join(CINC_FOLDER, `${name}.hea`))) continue;
    const { recordings, problems } = await readInputs([join(CINC_FOLDER, `${name}.hea`)]);
    const channels = recordings.flatMap(({ recording }) => recording.channels);
    if (channels.length === 0) throw new Error(`${name}: ${problems[0]?.code ?? "no channel"}`);
    const { findings, coverage } = analyse(recordingOf(channels), { detectors: ["ecg-beats", "ecg-rhythm"] });
    const near = findings.filter(({ onsetMs, endMs }) => onsetMs - coverage.fromMs <= 300_000 && endMs - coverage.fromMs >= 290_000);
    of++;
    if (near.every(({ priority }) => priority !== "high")) suppressed++;
    lines.push(`${name} ${kind} (false): ${near.length === 0 ? "no finding" : near.map(({ code }) => code).join(", ")}`);
  }
  report.table("PhysioNet/CinC challenge 2015", lines);
  report.add("challenge: false alarms not raised", suppressed, `of ${of}`);
}

function eventLine(name: string, { event, delay }: { event: AlarmEvent; delay: number | null }, rate: number): string {
  const what = delay === null ? "MISSED" : `after ${delay.toFixed(1)} s`;
  return `${name} ${event.kind} ${seconds(event.from, rate)} to ${seconds(event.to, rate)}: ${what}`;
}

function falseLine(name: string, { code, from, to }: FoundAlarm, rate: number): string {
  return `${name} FALSE ${code} ${seconds(from, rate)} to ${seconds(to, rate)}`;
}

function seconds(samples: number, rate: number): string {
  return (samples / rate).toFixed(1);
}

const KINDS: readonly EventKind[] = [
  "asystole",
  "extreme-bradycardia",
  "extreme-tachycardia",
  "ventricular-tachycardia",
  "ventricular-fibrillation",
];
const CINC_FOLDER: string = fileURLToPath(new URL("../../shared/vitals/cinc2015/", import.meta.url));
