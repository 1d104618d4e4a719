import { analyse } from "@caladrius/enclave/analyse";
import type { Analysis, Channel, Recording } from "@caladrius/wire";
import type { Stretch } from "./annotations.ts";

/** What the program said about a record, in samples of its leads. */
export interface Detected {
  beats: number[];
  /** deflections on which detectors or leads did not agree, beats or not, and places in pauses */
  disputed: number[];
  /** where no beats were claimed because the signal is not good enough, or is flat, saturated or missing */
  unassessed: Stretch[];
}

/** Leads of a record as the recording that the program gets. */
export function recordingOf(channels: readonly Channel[]): Recording {
  return { subject: "scored", device: "scored", channels: [...channels], events: [] };
}

/** Runs the whole analysis over leads and reads what it says about beats. */
export function detect(channels: readonly Channel[], rate: number): Detected {
  return detectedOf(analyse(recordingOf(channels), { detectors: ["ecg-beats"] }), rate);
}

function detectedOf({ series, coverage }: Analysis, rate: number): Detected {
  // Times are rounded down to a millisecond, which no two samples share.
  const samplesOf = (name: string): number[] =>
    series.filter((one) => one.name === name).flatMap(({ values }) => Array.from(values, (ms) => Math.ceil((ms * rate) / 1000)));
  const sampleAt = (ms: number): number => Math.ceil(((ms - coverage.fromMs) * rate) / 1000);
  const spans = coverage.unassessed.filter(({ detector }) => detector === "ecg-beats");
  return {
    beats: samplesOf("beats"),
    disputed: samplesOf("disputed"),
    unassessed: spans.map(({ fromMs, toMs }) => ({ from: sampleAt(fromMs), to: sampleAt(toMs) - 1 })),
  };
}
