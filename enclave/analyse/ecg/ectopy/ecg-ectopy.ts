import type { Priority } from "@caladrius/wire";
import type { Detector, Prepared, Report } from "../../detector.ts";
import { numberOf, required } from "../../parameters.ts";
import { sampleMs } from "../../timing.ts";
import { claimedBeats } from "../claimed.ts";
import { ecgGroups, type EcgGroup } from "../groups.ts";
import { EctopyCount, type Burden, type VentricularRunFound } from "./ectopy-count.ts";
import { ventricularBeats, ventricularLikelihoods } from "./ventricular.ts";

/** When ventricular beats are worth an alarm. */
interface Limits {
  perHour: number;
  runBeats: number;
  perMinute: number;
}

/** A finding in raw samples, its evidence as name, value, decimals and unit. */
interface Found {
  code: string;
  from: number;
  to: number;
  priority: Priority;
  permille: number;
  evidence: [string, number, number, string][];
}

/**
 * Ventricular ectopic beats by a table of decision trees that reads the intervals around a beat and its shape beside the
 * patient's own shapes, trained on MIT-BIH DS1. Findings: "ventricular-ectopy" for all of a group's beats together, of low
 * priority from 30 an hour on (Lown and Wolf 1971), and "ventricular-run" for three and more in a row, of medium priority
 * where they are faster than 100/min. Series "ventricular": for each beat of "beats" 1 or 0. Not for paced hearts. Not
 * assessed: where beats are uncertain, and groups of fewer than 16 beats.
 */
export const ecgEctopy: Detector = {
  id: "ecg-ectopy",
  version: "1.2.0",
  title: "Ventricular ectopic beats by intervals and by shape beside the patient's own beats",
  parameters: [required("low-per-hour", 30, 0, 10_000), required("run-beats", 3, 2, 100), required("medium-per-minute", 100, 40, 300)],
  readsEcg: true,
  applies: (prepared) => prepared.leads.length > 0,
  configure: (parameters) => {
    const value = (name: string): number => numberOf(parameters, name);
    const limits = { perHour: value("low-per-hour"), runBeats: value("run-beats"), perMinute: value("medium-per-minute") };
    return { run: (prepared, report) => run(prepared, report, limits), tables: new Map() };
  },
};

function run(prepared: Prepared, report: Report, limits: Limits): void {
  const series = new Map<string, number[]>();
  for (const group of ecgGroups(prepared, report)) {
    const { channel, usable, beats } = group;
    if (usable.length === 0) continue;
    const labels = series.get(channel) ?? [];
    series.set(channel, labels);
    const claimed = claimedBeats(group);
    ventricularBeats(group).forEach((label, i) => {
      if (claimed[i] === 1) labels.push(label);
    });
    if (beats.length < LEAST_BEATS) notAssessed(group, report);
    else judge(group, report, limits);
  }
  for (const [channel, labels] of series)
    report.series.push({ detector: ecgEctopy.id, channel, name: "ventricular", unit: "1", values: Int32Array.from(labels) });
}

function notAssessed({ channel, clock }: EcgGroup, report: Report): void {
  report.spans.add({ detector: ecgEctopy.id, channel, fromMs: clock.startMs, toMs: clock.endMs, reason: "too-few-beats" });
}

function judge(group: EcgGroup, report: Report, limits: Limits): void {
  const { channel, clock, lead, usable, uncertain, beats } = group;
  const add = ({ code, from, to, priority, permille, evidence }: Found): void =>
    report.findings.add({
      code,
      detector: ecgEctopy.id,
      channel,
      onsetMs: sampleMs(clock, from),
      endMs: sampleMs(clock, to),
      priority,
      technical: false,
      confidencePermille: permille,
      evidence: () => evidence.map(([name, value, decimals, unit]) => ({ name, value, decimals, unit })),
    });
  for (const { from, to } of uncertain)
    report.spans.add({
      detector: ecgEctopy.id,
      channel,
      fromMs: sampleMs(clock, from),
      toMs: sampleMs(clock, to),
      reason: "beats-uncertain",
    });
  const count = new EctopyCount(limits.runBeats, ({ from, to, beats: found, permille }: VentricularRunFound) => {
    const tenths = to > from ? Math.round((600 * (found - 1) * lead.rate) / (to - from)) : 0;
    add({
      code: "ventricular-run",
      from,
      to,
      priority: tenths > 10 * limits.perMinute ? "medium" : "low",
      permille,
      evidence: [
        ["ventricular-beats", found, 0, "1"],
        ["mean-heart-rate", tenths, 1, "/min"],
      ],
    });
  });
  const labels = ventricularBeats(group);
  const likelihoods = ventricularLikelihoods(group);
  const claimed = claimedBeats(group);
  let [next, samples] = [0, 0];
  for (const { from, to } of usable) {
    samples += to - from;
    for (; next < beats.length && (beats[next] ?? 0) < to; next++) {
      if (claimed[next] === 1) count.beat(beats[next] ?? 0, labels[next] === 1 ? (likelihoods[next] ?? 0) : -1);
      else count.pause();
    }
    count.pause();
  }
  const burden: Burden = count.burden;
  if (burden.beats === 0) return;
  const perHour = Math.round((burden.beats * 3600 * lead.rate) / samples);
  add({
    code: "ventricular-ectopy",
    from: burden.from,
    to: burden.to,
    priority: perHour >= limits.perHour ? "low" : "none",
    permille: burden.permille,
    evidence: [
      ["ventricular-beats", burden.beats, 0, "1"],
      ["ventricular-beats-per-hour", perHour, 0, "/h"],
      ["share-of-beats", Math.round((1000 * burden.beats) / beats.length), 1, "%"],
      ["couplets", burden.couplets, 0, "1"],
      ["runs", burden.runs, 0, "1"],
    ],
  });
}

/** Beats from which the patient's own shapes can be told. */
const LEAST_BEATS = 16;
