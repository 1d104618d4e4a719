import type { Detector, Prepared, Report } from "../detector.ts";
import { numberOf, required, type Parameters } from "../parameters.ts";
import { countOnly, reject } from "../plausibility.ts";
import { sampleMs } from "../timing.ts";
import { groupLeads, type LeadGroup, type TimedLead } from "./leads.ts";
import { QrsDetector } from "./qrs.ts";
import { assessQuality, type Fault, type Quality, type QualityLimits } from "./quality.ts";
import { rateAlarms, type RateLimits } from "./rate-alarms.ts";

const LEAST_RATE = 100;
const MOST_RATE = 1000;
const MAX_BEAT_MS = 2_147_483_647;

/**
 * QRS complexes of one ECG lead and the heart rate alarms that follow from them. The first lead is read; another one
 * stands in where more than half of the first cannot be judged. Rates from 100 to 1000 samples per second, millivolts or
 * microvolts; all else is reported as not assessed. Series "beats": times of the beats in ms after the coverage begins.
 */
export const ecgBeats: Detector = {
  id: "ecg-beats",
  version: "1.0.0",
  title: "QRS detection (Elgendi 2013), asystole, extreme bradycardia and tachycardia",
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

/** Beats by channel code, in Unix ms, growing by doubling. */
type Beats = Map<string, { times: Float64Array; count: number }>;

function run(prepared: Prepared, report: Report, limits: Limits): void {
  const beats: Beats = new Map();
  for (const group of groupLeads(prepared.leads)) judgeGroup(group, prepared, report, limits, beats);
  for (const [channel, { times, count }] of beats) {
    const values = Int32Array.from(times.subarray(0, count), (ms) => ms - prepared.fromMs);
    report.series.push({ detector: "ecg-beats", channel, name: "beats", unit: "ms", values });
  }
}

function judgeGroup(group: LeadGroup, prepared: Prepared, report: Report, limits: Limits, beats: Beats): void {
  const supported = (timed: TimedLead): boolean => timed.clock.endMs - prepared.fromMs <= MAX_BEAT_MS && rateOf(timed) > 0;
  let best: { timed: TimedLead; quality: Quality } | null = null;
  for (const timed of group.leads) {
    const enough: boolean = best !== null && 2 * best.quality.usableSamples >= best.quality.lead.samples.length;
    const quality: Quality | null = enough || !supported(timed) ? null : assessQuality(timed.channel, rateOf(timed), limits.quality);
    if (quality === null) {
      countOnly(timed.channel, report.tally);
      continue;
    }
    report.tally.received += timed.clock.length - quality.missing;
    report.tally.gaps += quality.gaps;
    reject(report.tally, "ecg-implausible", quality.implausible);
    if (
      best === null ||
      quality.usableSamples / timed.clock.stepDenominator > best.quality.usableSamples / best.timed.clock.stepDenominator
    )
      best = { timed, quality };
  }
  const spare = { detector: "ecg-beats", channel: group.leads[0]?.channel.code ?? null };
  if (best === null) {
    report.spans.add({ ...spare, fromMs: group.fromMs, toMs: group.toMs, reason: "timing-not-supported" });
    return;
  }
  judgeLead(best.timed, best.quality, report, limits, beats);
  const { clock } = best.timed;
  if (clock.startMs > group.fromMs) report.spans.add({ ...spare, fromMs: group.fromMs, toMs: clock.startMs, reason: "other-lead-in-use" });
  if (clock.endMs < group.toMs) report.spans.add({ ...spare, fromMs: clock.endMs, toMs: group.toMs, reason: "other-lead-in-use" });
}

/** Samples per second of an evenly sampled lead inside the supported range, else 0. */
function rateOf({ channel }: TimedLead): number {
  if (channel.timing.kind !== "rate") return 0;
  const rate = channel.timing.numerator / channel.timing.denominator;
  return rate >= LEAST_RATE && rate <= MOST_RATE ? rate : 0;
}

function judgeLead({ channel, clock }: TimedLead, quality: Quality, report: Report, limits: Limits, beats: Beats): void {
  for (const { from, to, fault } of quality.faulty) {
    const fromMs = sampleMs(clock, from);
    const toMs = sampleMs(clock, to);
    report.spans.add({ detector: "ecg-beats", channel: channel.code, fromMs, toMs, reason: fault });
    const alarm = TECHNICAL[fault];
    if (alarm !== undefined) {
      report.findings.add({
        ...alarm,
        detector: "ecg-beats",
        channel: channel.code,
        onsetMs: fromMs,
        endMs: toMs,
        technical: true,
        evidence: () => [],
      });
    }
  }
  const detector = new QrsDetector(quality.lead);
  for (const segment of quality.usable) {
    const store = beats.get(channel.code) ?? { times: new Float64Array(1024), count: 0 };
    beats.set(channel.code, store);
    const before = store.count;
    detector.detect(segment, (index) => {
      if (store.count === store.times.length) {
        const larger = new Float64Array(2 * store.times.length);
        larger.set(store.times);
        store.times = larger;
      }
      store.times[store.count++] = sampleMs(clock, index);
    });
    const beatsMs = store.times.subarray(before, store.count);
    rateAlarms(
      { channel: channel.code, fromMs: sampleMs(clock, segment.from), toMs: sampleMs(clock, segment.to), beatsMs },
      limits.rate,
      report.findings,
    );
  }
}

/** Signal faults that are alarm conditions of their own. */
const TECHNICAL: Readonly<Partial<Record<Fault, { code: string; priority: "medium" | "low" }>>> = {
  "flat-line": { code: "ecg-flat-line", priority: "medium" },
  saturated: { code: "ecg-saturated", priority: "low" },
};
