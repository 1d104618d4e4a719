import type { Channel, Measurement } from "@caladrius/wire";
import type { Candidate } from "../../findings.ts";
import { clockOf, sampleMs } from "../../timing.ts";
import type { RhythmAlarm } from "./alarm.ts";
import { PulseStream } from "./pulse-stream.ts";

/** Regular pulses of one channel, in Unix ms. */
export interface PulseStretch {
  channel: string;
  /** steady: no interval differs much from those before it */
  kind: "regular" | "steady";
  fromMs: number;
  toMs: number;
  /** between two pulses */
  meanMs: number;
  longestMs: number;
}

/** What the pulse says about an alarm of the ECG. */
export type PulseVerdict =
  /** regular pulses before, through and to the end of it */
  | { kind: "contradicts"; stretch: PulseStretch }
  /** a pulse that was regular until the alarm began, and stopped */
  | { kind: "confirms"; stretch: PulseStretch }
  | { kind: "silent" };

/** The stretches of regular pulses of all pulse waves, in order of the channels; waves below 25 or above 1000 samples per second are passed over. */
export function pulseStretches(channels: readonly Channel[]): PulseStretch[] {
  return channels.flatMap((channel) => {
    if (channel.timing.kind !== "rate") return [];
    const rate = channel.timing.numerator / channel.timing.denominator;
    if (rate < LEAST_RATE || rate > MOST_RATE) return [];
    const clock = clockOf(channel);
    const stretches: PulseStretch[] = [];
    for (const kind of ["regular", "steady"] as const) {
      const stream = new PulseStream(rate, WITHIN[kind], ({ from, to, mean, longest }) => {
        const [fromMs, toMs] = [sampleMs(clock, Math.max(0, Math.round(from))), sampleMs(clock, Math.round(to))];
        stretches.push({ channel: channel.code, kind, fromMs, toMs, meanMs: (1000 * mean) / rate, longestMs: (1000 * longest) / rate });
      });
      stream.push(channel.samples, channel.missing, 0, channel.samples.length);
      stream.end();
    }
    return stretches;
  });
}

/**
 * What becomes of an alarm of the ECG beside the pulse. Only asystole, ventricular fibrillation and ventricular tachycardia
 * are asked about; all else stays as it is. A contradicted alarm becomes a technical one of low priority that names it; one
 * that the pulse confirms gains half of the confidence that it lacks.
 */
export function judgeByPulse(
  alarm: RhythmAlarm,
  { onsetMs, endMs }: { onsetMs: number; endMs: number },
  stretches: readonly PulseStretch[],
): Pick<Candidate, "code" | "priority" | "technical" | "confidencePermille" | "evidence"> {
  const { code, confidencePermille, evidence } = alarm;
  if (code === "ecg-low-amplitude" || code === "ecg-electrode-transient")
    return { code, priority: "medium", technical: true, confidencePermille, evidence: () => evidence };
  const unchanged = { code, priority: "high" as const, technical: false, confidencePermille, evidence: () => evidence };
  if (!ASKED.has(code)) return unchanged;
  const verdict = verdictOf(alarm, onsetMs, endMs, stretches);
  if (verdict.kind === "silent") return unchanged;
  const pulse: Measurement = {
    name: "pulse-rate",
    value: Math.round(600_000 / verdict.stretch.meanMs),
    decimals: 1,
    unit: "/min",
  };
  if (verdict.kind === "confirms") {
    const stopped: Measurement = { name: "pulse-stopped-after", value: verdict.stretch.toMs - onsetMs, decimals: 0, unit: "ms" };
    const confidence = confidencePermille + Math.round((1000 - confidencePermille) / 2);
    return { ...unchanged, confidencePermille: confidence, evidence: () => [...evidence, stopped] };
  }
  const through: Measurement = { name: `contradicted-${code}`, value: endMs - onsetMs, decimals: 0, unit: "ms" };
  return {
    code: "ecg-alarm-contradicted",
    priority: "low",
    technical: true,
    confidencePermille,
    evidence: () => [through, pulse, ...evidence],
  };
}

/**
 * A ventricular tachycardia may well have a pulse. It is contradicted only by one that is slower than its beats by a fifth,
 * and either below 100/min or unchanged in rate since 10 s before it.
 */
function verdictOf({ code, evidence }: RhythmAlarm, onsetMs: number, endMs: number, stretches: readonly PulseStretch[]): PulseVerdict {
  const beats = evidence.find(({ name }) => name === "ventricular-beats")?.value ?? 2;
  const intervalMs = (endMs - onsetMs) / (beats - 1);
  for (const stretch of stretches) {
    // A pulse follows its beat by up to half a second, and the last one may have been just before the end.
    const reaches = stretch.toMs >= endMs - Math.min(stretch.longestMs, MOST_LAST_MS);
    const isThrough = stretch.fromMs <= onsetMs + LAG_MS - BEFORE_MS && reaches;
    if (!isThrough) continue;
    if (code !== "ventricular-tachycardia") return { kind: "contradicts", stretch };
    const isSlower = stretch.meanMs > SLOW_MS || (stretch.kind === "steady" && stretch.fromMs <= onsetMs - STEADY_MS);
    if (isSlower && stretch.meanMs >= SLOWER * intervalMs) return { kind: "contradicts", stretch };
  }
  const stopped = stretches.find(
    ({ fromMs, toMs }) =>
      fromMs <= onsetMs - BEFORE_MS && toMs >= onsetMs - LAST_BEFORE_MS && toMs <= onsetMs + STOPPED_MS && endMs - toMs >= LEAST_STOP_MS,
  );
  const isOver = stopped !== undefined && !stretches.some(({ fromMs, toMs }) => toMs > stopped.toMs && fromMs < endMs);
  return isOver ? { kind: "confirms", stretch: stopped } : { kind: "silent" };
}

const ASKED: ReadonlySet<RhythmAlarm["code"]> = new Set(["asystole", "ventricular-fibrillation", "ventricular-tachycardia"]);
/** Bounds of an interval beside the median of the last eight. */
const WITHIN = { regular: { least: 0.6, most: 1.5 }, steady: { least: 0.75, most: 1.33 } } as const;
const LEAST_RATE = 25;
const MOST_RATE = 1000;
const LAG_MS = 500;
/** Pulses must have been regular for so long before the alarm. */
const BEFORE_MS = 2000;
const MOST_LAST_MS = 1500;
/** A regular pulse slower than this (100/min) is not that of a ventricular tachycardia. */
const SLOW_MS = 600;
const SLOWER = 1.25;
const STEADY_MS = 10_000;
const LAST_BEFORE_MS = 2000;
const STOPPED_MS = 1500;
const LEAST_STOP_MS = 2500;
