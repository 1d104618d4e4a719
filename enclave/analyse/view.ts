import type { Channel, Recording } from "@caladrius/wire";
import { meaningOf, type Vital, type VitalId } from "./channels.ts";
import { PARTS, SLOTS, SPO2_RULE, type Slot } from "./news2/bands.ts";
import { ABSENT, columnOf, ecgScale, newTally, valueOf, type Column } from "./plausibility.ts";
import { rejectCrossedPressures } from "./pressures.ts";
import { clockOf, MAX_TIME_MS, sampleMs, type Clock } from "./timing.ts";

/** What became of one sample before any detector saw it. */
export type SampleState = "value" | "missing" | "implausible" | "contradicted";

/** A numeric channel as the detectors read it, for whoever draws it. */
export interface VitalView {
  code: string;
  vital: Vital;
  clock: Clock;
  /** Unix ms of sample i */
  timeMs(i: number): number;
  state(i: number): SampleState;
  /** physical value of sample i in the canonical unit, whatever became of it; NaN where nothing was measured */
  physical(i: number): number;
}

/** An evenly sampled ECG lead as the detectors read it, for whoever draws it. */
export interface LeadView {
  code: string;
  clock: Clock;
  /** Unix ms of sample i, not rounded */
  timeMs(i: number): number;
  /** microvolts of sample i; NaN for no sample, or one beyond what an amplifier can deliver */
  microvolts(i: number): number;
}

/** One band of a score: values from `from` to `to`, both inside, in the canonical fixed-point unit. */
export interface Band {
  from: number;
  to: number;
  points: number;
}

/**
 * The numeric channels of a recording with what plausibility said of each sample: the same bounds, conversions and
 * pressure rule as in front of the detectors. Channels that these cannot read are left out.
 */
export function viewVitals(recording: Recording): VitalView[] {
  const columns = recording.channels.flatMap((channel, index): Column[] => {
    const meaning = meaningOf(channel.code);
    if (meaning?.kind !== "numeric" || !isReadable(channel)) return [];
    const unit = meaning.vital.units.get(channel.unit);
    return unit === undefined ? [] : [columnOf(channel, index, meaning.vital, meaning.preference, unit)];
  });
  rejectCrossedPressures(columns, newTally());
  return columns.map(viewVital);
}

/** The vital sign that a channel's code names; null for waves and for codes that no detector reads. */
export function vitalOf(code: string): VitalId | null {
  const meaning = meaningOf(code);
  return meaning?.kind === "numeric" ? meaning.vital.id : null;
}

/** The evenly sampled ECG leads of a recording. */
export function viewLeads(recording: Recording): LeadView[] {
  return recording.channels.flatMap((channel): LeadView[] => {
    const scale = meaningOf(channel.code)?.kind === "ecg" && isReadable(channel) ? ecgScale(channel) : null;
    if (scale === null || channel.timing.kind !== "rate") return [];
    const { samples, missing, code } = channel;
    const { conversion, least, most } = scale;
    const clock = clockOf(channel);
    return [
      {
        code,
        clock,
        timeMs: (i) => clock.startMs + (i * clock.stepNumerator) / clock.stepDenominator,
        microvolts(i) {
          const raw = samples[i] ?? missing;
          if (raw === missing || raw < least || raw > most) return Number.NaN;
          return (raw * conversion.slope + conversion.intercept) / conversion.divisor;
        },
      },
    ];
  });
}

/** The bands in which NEWS2 scores a vital sign (SpO2 by scale 1), rising; empty for one that it does not score by value. */
export function viewNews2Bands(vital: Vital): Band[] {
  const part = NEWS2_PARTS[vital.id];
  if (part === undefined) return [];
  const { classes, points }: Slot = SLOTS[part];
  const bands: Band[] = [];
  classes.forEach((found, at) => {
    if (found === 0) return;
    const scored = points[part === "spo2" ? 4 * found + SPO2_RULE.scale1 : found] ?? 0;
    const last = bands.at(-1);
    if (last?.points === scored) last.to = at - 1;
    else bands.push({ from: at - 1, to: at - 1, points: scored });
  });
  return bands;
}

function viewVital(column: Column): VitalView {
  const { code, vital, clock, samples, missing, withdrawn, conversion } = column;
  return {
    code,
    vital,
    clock,
    timeMs: (i) => sampleMs(clock, i),
    state(i) {
      if (valueOf(column, i) !== ABSENT) return "value";
      if (samples[i] === missing) return "missing";
      return withdrawn?.[i] === 1 ? "contradicted" : "implausible";
    },
    physical(i) {
      const raw = samples[i] ?? missing;
      if (raw === missing) return Number.NaN;
      return (raw * conversion.slope + conversion.intercept) / conversion.divisor / (vital.decimals === 1 ? 10 : 1);
    },
  };
}

function isReadable(channel: Channel): boolean {
  return channel.samples.length > 0 && clockOf(channel).endMs <= MAX_TIME_MS;
}

/** Vital signs by their part of NEWS2. */
const NEWS2_PARTS: Readonly<Partial<Record<Vital["id"], Exclude<(typeof PARTS)[number], "oxygen" | "consciousness">>>> = {
  "respiratory-rate": "respiration",
  spo2: "spo2",
  systolic: "systolic",
  "heart-rate": "pulse",
  temperature: "temperature",
};
