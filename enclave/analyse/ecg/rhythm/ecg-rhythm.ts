import type { Detector, Prepared, Report } from "../../detector.ts";
import { numberOf, required, type Parameters } from "../../parameters.ts";
import { sampleMs } from "../../timing.ts";
import type { Segment } from "../energy.ts";
import { ecgGroups, type EcgGroup } from "../groups.ts";
import type { RhythmAlarm } from "./alarm.ts";
import { BeatShapes } from "./beat-shapes.ts";
import { judgeByPulse, pulseStretches, type PulseStretch } from "./cross-check.ts";
import { CINC_2015_LIMITS, RhythmStream, type RhythmLimits } from "./rhythm-stream.ts";

/**
 * Alarms of the heart's rhythm by the definitions of the PhysioNet/CinC challenge 2015: asystole, extreme bradycardia and
 * tachycardia, ventricular tachycardia, ventricular fibrillation and flutter. Adults. Reads the beats of `ecgGroups` and the
 * first two leads. Where a pleth or arterial pressure wave shows regular pulses through an asystole, a fibrillation or a
 * ventricular tachycardia, the alarm becomes the technical one "ecg-alarm-contradicted", which names it; extreme rates are
 * never suppressed. Where no beats are claimed, fibrillation alone is looked for. Not assessed for ventricular tachycardia:
 * stretches in which the usual beat was not learned. Not assessed for asystole: up to 4.2 s of recovery from an electrode
 * transient.
 */
export const ecgRhythm: Detector = {
  id: "ecg-rhythm",
  version: "1.1.0",
  title: "Asystole, extreme bradycardia and tachycardia, ventricular tachycardia and fibrillation, checked against the pulse",
  parameters: [
    required("asystole-ms", CINC_2015_LIMITS.asystoleMs, 1000, 20_000),
    required("bradycardia-per-minute", CINC_2015_LIMITS.bradycardiaPerMinute, 10, 100),
    required("bradycardia-beats", CINC_2015_LIMITS.bradycardiaBeats, 2, 100),
    required("tachycardia-per-minute", CINC_2015_LIMITS.tachycardiaPerMinute, 80, 300),
    required("tachycardia-beats", CINC_2015_LIMITS.tachycardiaBeats, 2, 100),
    required("ventricular-per-minute", CINC_2015_LIMITS.ventricularPerMinute, 60, 300),
    required("ventricular-beats", CINC_2015_LIMITS.ventricularBeats, 3, 100),
    required("fibrillation-ms", CINC_2015_LIMITS.fibrillationMs, 2000, 10_000),
  ],
  readsEcg: true,
  applies: (prepared) => prepared.leads.length > 0,
  configure: (parameters) => {
    const limits = limitsOf(parameters);
    return { run: (prepared, report) => run(prepared, report, limits), tables: new Map() };
  },
};

function limitsOf(parameters: Parameters): RhythmLimits {
  const value = (name: string): number => numberOf(parameters, name);
  return {
    asystoleMs: value("asystole-ms"),
    bradycardiaPerMinute: value("bradycardia-per-minute"),
    bradycardiaBeats: value("bradycardia-beats"),
    tachycardiaPerMinute: value("tachycardia-per-minute"),
    tachycardiaBeats: value("tachycardia-beats"),
    ventricularPerMinute: value("ventricular-per-minute"),
    ventricularBeats: value("ventricular-beats"),
    fibrillationMs: value("fibrillation-ms"),
  };
}

function run(prepared: Prepared, report: Report, limits: RhythmLimits): void {
  let pulses: PulseStretch[] | null = null;
  for (const group of ecgGroups(prepared, report)) {
    const { channel, clock, lead, usable } = group;
    const leads = [group, ...group.others].slice(0, MOST_LEADS);
    const shapes = new BeatShapes(lead.rate);
    const next = { beat: 0, gap: 0 };
    for (const { from, to } of usable) {
      const tell = (alarm: RhythmAlarm): void => {
        pulses ??= pulseStretches(prepared.pulses);
        const place = {
          detector: "ecg-rhythm",
          channel,
          onsetMs: sampleMs(clock, from + alarm.from),
          endMs: sampleMs(clock, from + alarm.to),
        };
        report.findings.add({ ...place, ...judgeByPulse(alarm, place, pulses) });
        if (alarm.code !== "ecg-electrode-transient") return;
        report.spans.add({ detector: place.detector, channel, fromMs: place.onsetMs, toMs: place.endMs, reason: "electrode-transient" });
      };
      const steps = leads.map((one) => one.lead.microvolts);
      const stream = new RhythmStream(lead.rate, steps, limits, shapes, { tell });
      pushAll(stream, group, leads, { from, to }, next);
      stream.end();
      if (shapes.isLearned) continue;
      const [fromMs, toMs] = [sampleMs(clock, from), sampleMs(clock, to)];
      report.spans.add({ detector: "ecg-rhythm", channel, fromMs, toMs, reason: "usual-beat-not-learned" });
    }
  }
}

/** Pushes one stretch, a block at a time, each with its beats; `next` counts beats and stretches without claims that were given. */
function pushAll(
  stream: RhythmStream,
  group: EcgGroup,
  leads: readonly Pick<EcgGroup, "lead" | "usable">[],
  { from, to }: Segment,
  next: { beat: number; gap: number },
): void {
  const places = leads.map(() => 0);
  for (let at = from; at < to;) {
    let end = Math.min(to, at + BLOCK);
    const pushed = leads.map(({ lead, usable }, i) => {
      let place = places[i] ?? 0;
      while ((usable[place]?.to ?? Number.POSITIVE_INFINITY) <= at) place++;
      places[i] = place;
      const { from: judgedFrom, to: judgedTo } = usable[place] ?? NEVER;
      end = Math.min(end, judgedFrom > at ? judgedFrom : judgedTo);
      return judgedFrom <= at ? lead.samples : null;
    });
    stream.push(pushed, at, end);
    giveBeats(stream, group, { from, to: end }, next);
    stream.decided(end - from);
    at = end;
  }
}

/** Gives beats and stretches without claims that begin before `to`, in order. */
function giveBeats(
  stream: RhythmStream,
  { beats, votes, uncertain }: EcgGroup,
  { from, to }: Segment,
  next: { beat: number; gap: number },
): void {
  for (;;) {
    const beat = beats[next.beat] ?? Number.POSITIVE_INFINITY;
    const gap = uncertain[next.gap] ?? NEVER;
    if (Math.min(beat, gap.from) >= to) return;
    if (gap.from <= beat) {
      stream.unsure(gap.from - from, gap.to - from);
      next.gap++;
    } else stream.beat({ at: beat - from, votes: votes[next.beat++] ?? 0 });
  }
}

const MOST_LEADS = 2;
/** Raw samples that are pushed at once; the alarms do not depend on it. */
const BLOCK = 512;
const NEVER = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };
