import type { Recording } from "@caladrius/wire";
import { makeEcg } from "./ecg.ts";
import { makeNumerics } from "./numerics.ts";
import { ECG_SCRIPTS, NUMERICS_SCRIPTS } from "./scripts.ts";

/** Where every sample recording begins: 2026-01-01T08:00:00Z. */
export const SAMPLES_START_MS: number = Date.UTC(2026, 0, 1, 8);

/**
 * Makes five recordings of nobody: three subjects with six numerics at 1 Hz over an hour (`sample-deterioration`,
 * `sample-desaturation`, `sample-stable`) and two with two ECG leads (`sample-ecg-pause`, 10 minutes at 360 Hz;
 * `sample-ecg-ectopy`, 5 minutes at 250 Hz). The same seed gives the same bytes.
 *
 * @example
 * const [deterioration] = makeSampleRecordings();
 */
export function makeSampleRecordings(seed = 1): Recording[] {
  const numerics = NUMERICS_SCRIPTS.map((script, i) => makeNumerics(script, SAMPLES_START_MS, seed * 1000 + i));
  const ecgs = ECG_SCRIPTS.map((script, i) => makeEcg(script, SAMPLES_START_MS, seed * 1000 + 500 + i).recording);
  return [...numerics, ...ecgs];
}

/** The true R waves of the ECG samples, Unix ms, by subject; what a beat detector should find. */
export function sampleBeatTimes(seed = 1): Map<string, number[]> {
  return new Map(ECG_SCRIPTS.map((script, i) => [script.subject, makeEcg(script, SAMPLES_START_MS, seed * 1000 + 500 + i).beatTimesMs]));
}

/** Something scripted that an analysis should find, or should not be misled by. */
export interface SampleEpisode {
  subject: string;
  kind: "deterioration" | "desaturation" | "oxygen" | "dropout" | "artefact" | "asystole" | "tachycardia";
  /** code of the channel, or null where it is all of them */
  channel: string | null;
  fromMs: number;
  toMs: number;
}

/** Every scripted episode of the samples. */
export function sampleEpisodes(): SampleEpisode[] {
  const episodes: SampleEpisode[] = [
    { subject: "sample-deterioration", kind: "deterioration", channel: null, fromMs: at(900), toMs: at(3600) },
    { subject: "sample-desaturation", kind: "desaturation", channel: "loinc:2708-6", fromMs: at(900), toMs: at(2100) },
    { subject: "sample-desaturation", kind: "oxygen", channel: null, fromMs: at(1500), toMs: at(3600) },
  ];
  for (const { subject, dropouts, artefacts } of NUMERICS_SCRIPTS) {
    for (const { code, from, to } of dropouts) episodes.push({ subject, kind: "dropout", channel: code, fromMs: at(from), toMs: at(to) });
    for (const { code, from, to } of artefacts) episodes.push({ subject, kind: "artefact", channel: code, fromMs: at(from), toMs: at(to) });
  }
  for (const { subject, pauses, runs, dropouts, spikes } of ECG_SCRIPTS) {
    for (const { from, to } of pauses) episodes.push({ subject, kind: "asystole", channel: null, fromMs: at(from), toMs: at(to) });
    for (const { from, beats, rate } of runs) {
      episodes.push({ subject, kind: "tachycardia", channel: null, fromMs: at(from), toMs: at(from + (beats * 60) / rate) });
    }
    for (const { from, to } of dropouts) episodes.push({ subject, kind: "dropout", channel: null, fromMs: at(from), toMs: at(to) });
    for (const { at: second } of spikes)
      episodes.push({ subject, kind: "artefact", channel: null, fromMs: at(second), toMs: at(second + 1) });
  }
  return episodes;
}

function at(seconds: number): number {
  return SAMPLES_START_MS + 1000 * seconds;
}
