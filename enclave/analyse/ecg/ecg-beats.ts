import type { Detector, Prepared, Report } from "../detector.ts";
import { numberOf, required, type Parameters } from "../parameters.ts";
import { sampleMs } from "../timing.ts";
import { ecgGroups } from "./groups.ts";
import type { QualityLimits } from "./quality.ts";

/**
 * QRS complexes of a group of ECG leads. The first lead is read, with another one beside it; another one stands in where
 * more than half of the first cannot be judged. Rates from 100 to 1000 samples per second, millivolts or microvolts; all
 * else is reported as not assessed. So is, as signal-quality-insufficient, what the detectors
 * of every lead disagree about too much. Series, in ms after the coverage begins: "beats", and "disputed": deflections on
 * which detectors or leads were not of one mind, and pauses of twice the usual interval; most errors lie within 1 s of one.
 */
export const ecgBeats: Detector = {
  id: "ecg-beats",
  version: "3.3.0",
  title: "QRS detection (two of Pan-Tompkins, Hamilton, Elgendi) and signal faults",
  parameters: [
    required("flat-ms", 3000, 500, 60_000),
    required("saturated-ms", 200, 20, 60_000),
    required("shortest-ms", 2000, 1000, 60_000),
  ],
  readsEcg: true,
  applies: (prepared) => prepared.leads.length > 0,
  configure: (parameters) => {
    const limits = limitsOf(parameters);
    return { run: (prepared, report) => run(prepared, report, limits), tables: new Map() };
  },
};

function limitsOf(parameters: Parameters): QualityLimits {
  const value = (name: string): number => numberOf(parameters, name);
  return { flatMs: value("flat-ms"), saturatedMs: value("saturated-ms"), shortestMs: value("shortest-ms") };
}

function run(prepared: Prepared, report: Report, limits: QualityLimits): void {
  const series: Record<"beats" | "disputed", Map<string, number[]>> = { beats: new Map(), disputed: new Map() };
  for (const { channel, clock, usable, beats, disputed, uncertain } of ecgGroups(prepared, report, limits)) {
    if (usable.length === 0) continue;
    const tell = (name: keyof typeof series, index: number): void => {
      timesOf(series[name], channel).push(sampleMs(clock, index) - prepared.fromMs);
    };
    timesOf(series.beats, channel);
    let next = 0; // of the uncertain stretches, the first that does not lie behind
    for (const index of beats) {
      while (index >= (uncertain[next]?.to ?? Number.POSITIVE_INFINITY)) next++;
      if (index < (uncertain[next]?.from ?? Number.POSITIVE_INFINITY)) tell("beats", index);
    }
    for (const index of disputed) tell("disputed", index);
  }
  for (const name of ["beats", "disputed"] as const)
    for (const [channel, times] of series[name])
      report.series.push({ detector: "ecg-beats", channel, name, unit: "ms", values: Int32Array.from(times) });
}

function timesOf(series: Map<string, number[]>, channel: string): number[] {
  const times = series.get(channel) ?? [];
  series.set(channel, times);
  return times;
}
