import type { Prepared, Report } from "../detector.ts";
import { countOnly, reject } from "../plausibility.ts";
import { sampleMs, type Clock } from "../timing.ts";
import type { Lead, Segment } from "./energy.ts";
import { findBeats } from "./find-beats.ts";
import { groupLeads, type LeadGroup, type TimedLead } from "./leads.ts";
import { assessQuality, type Fault, type Quality, type QualityLimits } from "./quality.ts";

/** One lead of a group, with what of it can be judged. */
export interface GroupLead {
  readonly channel: string;
  readonly clock: Clock;
  readonly lead: Lead;
  /** ascending, in samples */
  readonly usable: readonly Segment[];
}

/** Beats of leads that were recorded together, found once and shared by all ECG detectors. */
export interface EcgGroup extends GroupLead {
  /** leads of the same clock and rate that can be judged as well; sample i of each was taken with sample i of the first */
  readonly others: readonly GroupLead[];
  /** R peaks as sample indices, ascending; those within `uncertain` are no more than a guess */
  readonly beats: Int32Array;
  /** for each beat: 3 where all three detectors of the lead agreed, else less */
  readonly votes: Uint8Array;
  /** deflections on which the detectors did not agree, beats or not, and places in pauses where one may be missing; ascending */
  readonly disputed: Int32Array;
  /** stretches of `usable` where the detectors of every lead disagree so much that no beats can be claimed */
  readonly uncertain: readonly Segment[];
}

/** Limits for whoever reads the groups without parameters of their own. */
export const DEFAULT_QUALITY: Readonly<QualityLimits> = { flatMs: 3000, saturatedMs: 200, shortestMs: 2000 };

/**
 * Groups the ECG leads of a recording and finds their beats, once for all detectors. Rates from 100 to 1000 samples per
 * second, millivolts or microvolts; all else is reported as not assessed, as are gaps, flat lines and saturation. The
 * limits of whoever asks first hold for the recording.
 */
export function ecgGroups(prepared: Prepared, report: Report, limits: QualityLimits = DEFAULT_QUALITY): readonly EcgGroup[] {
  let groups = KNOWN.get(prepared);
  if (groups === undefined) {
    groups = groupLeads(prepared.leads).flatMap((group) => readGroup(group, prepared, report, limits) ?? []);
    KNOWN.set(prepared, groups);
  }
  return groups;
}

const KNOWN = new WeakMap<Prepared, readonly EcgGroup[]>();

interface Judged {
  timed: TimedLead;
  quality: Quality;
}

function readGroup(group: LeadGroup, prepared: Prepared, report: Report, limits: QualityLimits): EcgGroup | null {
  const judged: Judged[] = [];
  for (const timed of group.leads) {
    const isSupported = judged.length < MOST_LEADS && timed.clock.endMs - prepared.fromMs <= MAX_BEAT_MS && rateOf(timed) > 0;
    const quality = isSupported ? assessQuality(timed.channel, rateOf(timed), limits) : null;
    if (quality === null) {
      countOnly(timed.channel, report.tally);
      continue;
    }
    report.tally.received += timed.clock.length - quality.missing;
    report.tally.gaps += quality.gaps;
    reject(report.tally, "ecg-implausible", quality.implausible);
    judged.push({ timed, quality });
  }
  const spare = { detector: ECG_BEATS, channel: group.leads[0]?.channel.code ?? null };
  const first = choose(judged);
  if (first === undefined) {
    report.spans.add({ ...spare, fromMs: group.fromMs, toMs: group.toMs, reason: "timing-not-supported" });
    return null;
  }
  const { clock } = first.timed;
  if (clock.startMs > group.fromMs) report.spans.add({ ...spare, fromMs: group.fromMs, toMs: clock.startMs, reason: "other-lead-in-use" });
  if (clock.endMs < group.toMs) report.spans.add({ ...spare, fromMs: clock.endMs, toMs: group.toMs, reason: "other-lead-in-use" });
  reportFaults(first, report);
  const others = judged.filter((one) => one !== first && isAligned(one.timed.clock, clock)).map(leadOf);
  const found = findBeats(leadOf(first), others);
  for (const { from, to } of found.uncertain)
    report.spans.add({
      detector: ECG_BEATS,
      channel: first.timed.channel.code,
      fromMs: sampleMs(clock, from),
      toMs: sampleMs(clock, to),
      reason: "signal-quality-insufficient",
    });
  return { ...leadOf(first), others, ...found };
}

/** The first lead of which at least half can be judged, else the one of which most can. */
function choose(judged: readonly Judged[]): Judged | undefined {
  const seconds = ({ timed, quality }: Judged): number => quality.usableSamples / timed.clock.stepDenominator;
  return (
    judged.find(({ quality }) => 2 * quality.usableSamples >= quality.lead.samples.length) ??
    judged.reduce<Judged | undefined>((best, one) => (best === undefined || seconds(one) > seconds(best) ? one : best), undefined)
  );
}

function leadOf({ timed: { channel, clock }, quality: { lead, usable } }: Judged): GroupLead {
  return { channel: channel.code, clock, lead, usable };
}

function isAligned(a: Clock, b: Clock): boolean {
  return a.startMs === b.startMs && a.length === b.length && a.stepNumerator === b.stepNumerator && a.stepDenominator === b.stepDenominator;
}

function reportFaults({ timed: { channel, clock }, quality }: Judged, report: Report): void {
  for (const { from, to, fault } of quality.faulty) {
    const place = { detector: ECG_BEATS, channel: channel.code };
    const [fromMs, toMs] = [sampleMs(clock, from), sampleMs(clock, to)];
    report.spans.add({ ...place, fromMs, toMs, reason: fault });
    const alarm = TECHNICAL[fault];
    if (alarm !== undefined) report.findings.add({ ...place, ...alarm, onsetMs: fromMs, endMs: toMs, technical: true, evidence: () => [] });
  }
}

/** Samples per second of an evenly sampled lead inside the supported range, else 0. */
function rateOf({ channel }: TimedLead): number {
  if (channel.timing.kind !== "rate") return 0;
  const rate = channel.timing.numerator / channel.timing.denominator;
  return rate >= LEAST_RATE && rate <= MOST_RATE ? rate : 0;
}

const ECG_BEATS = "ecg-beats";
const LEAST_RATE = 100;
const MOST_RATE = 1000;
/** Times of beats travel as 32-bit milliseconds after the coverage begins. */
const MAX_BEAT_MS = 2_147_483_647;
/** Further leads of a group are counted and not read. */
const MOST_LEADS = 12;

/** Signal faults that are alarm conditions of their own. */
const TECHNICAL: Readonly<Partial<Record<Fault, { code: string; priority: "medium" | "low" }>>> = {
  "flat-line": { code: "ecg-flat-line", priority: "medium" },
  saturated: { code: "ecg-saturated", priority: "low" },
};
