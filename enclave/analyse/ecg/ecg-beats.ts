import type { Detector, Prepared, Report } from "../detector.ts";
import { numberOf, required, type Parameters } from "../parameters.ts";
import { sampleMs } from "../timing.ts";
import { ecgGroups } from "./groups.ts";
import type { QualityLimits } from "./quality.ts";
import { rateAlarms, type RateLimits } from "./rate-alarms.ts";

/**
 * QRS complexes of a group of ECG leads and the heart rate alarms that follow from them. The first lead is read, with
 * another one beside it; another one stands in where more than half of the first cannot be judged. Rates from 100 to 1000 samples per second, millivolts or
 * microvolts; all else is reported as not assessed. Series "beats": times of the beats in ms after the coverage begins.
 */
export const ecgBeats: Detector = {
  id: "ecg-beats",
  version: "2.0.0",
  title: "QRS detection (two of Pan-Tompkins, Hamilton, Elgendi), asystole, extreme bradycardia and tachycardia",
  parameters: [
    required("asystole-ms", 4000, 1000, 60_000),
    required("bradycardia-per-minute", 40, 10, 100),
    required("bradycardia-beats", 5, 2, 100),
    required("tachycardia-per-minute", 140, 80, 300),
    required("tachycardia-beats", 17, 2, 100),
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

interface Limits {
  quality: QualityLimits;
  rate: RateLimits;
}

function limitsOf(parameters: Parameters): Limits {
  const value = (name: string): number => numberOf(parameters, name);
  return {
    quality: { flatMs: value("flat-ms"), saturatedMs: value("saturated-ms"), shortestMs: value("shortest-ms") },
    rate: {
      asystoleMs: value("asystole-ms"),
      bradycardiaPerMinute: value("bradycardia-per-minute"),
      bradycardiaBeats: value("bradycardia-beats"),
      tachycardiaPerMinute: value("tachycardia-per-minute"),
      tachycardiaBeats: value("tachycardia-beats"),
    },
  };
}

function run(prepared: Prepared, report: Report, limits: Limits): void {
  const series = new Map<string, number[]>();
  for (const group of ecgGroups(prepared, report, limits.quality)) {
    const { channel, clock, usable, beats } = group;
    if (usable.length === 0) continue;
    const times = series.get(channel) ?? [];
    series.set(channel, times);
    let at = 0;
    for (const { from, to } of usable) {
      const begin = at;
      while (at < beats.length && (beats[at] ?? 0) < to) at++;
      const beatsMs = Float64Array.from(beats.subarray(begin, at), (index) => sampleMs(clock, index));
      for (const ms of beatsMs) times.push(ms - prepared.fromMs);
      rateAlarms({ channel, fromMs: sampleMs(clock, from), toMs: sampleMs(clock, to), beatsMs }, limits.rate, report.findings);
    }
  }
  for (const [channel, times] of series)
    report.series.push({ detector: "ecg-beats", channel, name: "beats", unit: "ms", values: Int32Array.from(times) });
}
