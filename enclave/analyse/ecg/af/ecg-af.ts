import type { Detector, Prepared, Report } from "../../detector.ts";
import { numberOf, required } from "../../parameters.ts";
import { sampleMs } from "../../timing.ts";
import { claimedBeats } from "../claimed.ts";
import { ventricularBeats } from "../ectopy/ventricular.ts";
import { ecgGroups, type EcgGroup } from "../groups.ts";
import { AfStream, type AfEpisode, type AfLimits, type AfListener } from "./af-stream.ts";

/**
 * Episodes of atrial fibrillation, from the intervals between the beats of `ecgGroups` without those beside ventricular
 * beats: coefficient of sample entropy of 32 intervals (Lake and Moorman 2011) above a limit for at least 30 s. Reads no P
 * waves: atrial flutter with changing conduction and other irregularly irregular rhythms are told as atrial fibrillation.
 * Not assessed: where beats are uncertain, and stretches with fewer than 32 such intervals.
 */
export const ecgAf: Detector = {
  id: "ecg-af",
  version: "1.1.0",
  title: "Atrial fibrillation by the sample entropy of intervals between beats",
  parameters: [required("irregularity-permille", 450, 200, 2000), required("hold-ms", 30_000, 10_000, 600_000)],
  readsEcg: true,
  applies: (prepared) => prepared.leads.length > 0,
  configure: (parameters) => {
    const limits: AfLimits = { permille: numberOf(parameters, "irregularity-permille"), holdMs: numberOf(parameters, "hold-ms") };
    return { run: (prepared, report) => run(prepared, report, limits), tables: new Map() };
  },
};

function run(prepared: Prepared, report: Report, limits: AfLimits): void {
  for (const group of ecgGroups(prepared, report)) {
    const { channel, clock, lead } = group;
    const place = (from: number, to: number): { detector: string; channel: string; fromMs: number; toMs: number } => ({
      detector: ecgAf.id,
      channel,
      fromMs: sampleMs(clock, from),
      toMs: sampleMs(clock, to),
    });
    for (const { from, to } of group.uncertain) report.spans.add({ ...place(from, to), reason: "beats-uncertain" });
    pushAll(group, ventricularBeats(group), limits, {
      unknown: (from, to) => report.spans.add({ ...place(from, to), reason: "too-few-intervals" }),
      episode: (episode) => {
        const { detector, fromMs, toMs } = place(episode.from, episode.to);
        report.findings.add({
          code: "atrial-fibrillation",
          detector,
          channel,
          onsetMs: fromMs,
          endMs: toMs,
          priority: "medium",
          technical: false,
          confidencePermille: confidenceOf(episode, limits),
          evidence: () => [
            { name: "irregularity", value: episode.irregularityPermille, decimals: 3, unit: "1" },
            { name: "beats", value: episode.beats, decimals: 0, unit: "1" },
            {
              name: "mean-heart-rate",
              value: Math.round((600 * (episode.beats - 1) * lead.rate) / (episode.to - episode.from)),
              decimals: 1,
              unit: "/min",
            },
          ],
        });
      },
    });
  }
}

/** Pushes the beats of a group; what lies between breaks and uncertain beats is judged on its own. */
export function pushAll(
  group: Pick<EcgGroup, "beats" | "lead" | "usable" | "uncertain">,
  ventricular: Uint8Array,
  limits: AfLimits,
  listener: AfListener,
): void {
  const { beats, lead, usable } = group;
  const claimed = claimedBeats(group);
  const stream = new AfStream(lead.rate, limits, listener);
  let next = 0;
  for (const { to } of usable) {
    for (; next < beats.length && (beats[next] ?? 0) < to; next++) {
      if (claimed[next] === 1) stream.beat({ at: beats[next] ?? 0, ventricular: ventricular[next] === 1 });
      else stream.pause();
    }
    stream.pause();
  }
}

/** Even odds at the limit, sure at twice of it. */
function confidenceOf({ irregularityPermille }: AfEpisode, { permille }: AfLimits): number {
  return Math.max(500, Math.min(1000, Math.round((500 * irregularityPermille) / permille)));
}
