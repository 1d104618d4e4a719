import type { Channel } from "@caladrius/wire";
import { ecgScale } from "../plausibility.ts";
import type { Lead, Segment } from "./energy.ts";

/** Why a stretch of an ECG is not looked at for beats. */
export type Fault = "gap" | "implausible" | "flat-line" | "saturated" | "too-short";

/** A stretch that is not assessed: [from, to) in samples. */
export interface FaultyStretch extends Segment {
  fault: Fault;
}

/** A lead divided into what can be judged and what cannot. */
export interface Quality {
  lead: Lead;
  usable: Segment[];
  faulty: FaultyStretch[];
  /** samples in usable segments */
  usableSamples: number;
  missing: number;
  implausible: number;
  gaps: number;
}

/** Limits of the quality rules. */
export interface QualityLimits {
  flatMs: number;
  saturatedMs: number;
  shortestMs: number;
}

const RAIL_MICROVOLTS = 4000; // an amplifier that stands still further out than this has reached its end

const MAX_STRETCHES = 65_536;

/**
 * Finds flat lines (one value for `flatMs`), saturation (one value beyond 4 mV for `saturatedMs`), gaps and implausible
 * values, and what lies between them. One pass; only changes of the raw value cost more than a comparison.
 * A lead that falls into more than 65536 stretches is not usable from there on.
 */
export function assessQuality(channel: Channel, rate: number, limits: QualityLimits): Quality | null {
  const scale = ecgScale(channel);
  if (scale === null) return null;
  const { samples, missing } = channel;
  const { slope, intercept, divisor } = scale.conversion;
  const quality: Quality = {
    lead: { samples, rate, microvolts: slope / divisor },
    usable: [],
    faulty: [],
    usableSamples: 0,
    missing: 0,
    implausible: 0,
    gaps: 0,
  };
  const flat = Math.ceil((limits.flatMs * rate) / 1000);
  const railed = Math.ceil((limits.saturatedMs * rate) / 1000);
  const shortest = Math.ceil((limits.shortestMs * rate) / 1000);
  const quick = Math.min(flat, railed);
  const { least, most } = scale;
  let usableFrom = 0;
  const fault = (from: number, to: number, reason: Fault): void => {
    close(quality, usableFrom, from, shortest);
    note(quality, from, to, reason);
    usableFrom = to;
  };
  const length = samples.length;
  let runFrom = 0;
  for (let i = 1; i <= length; i++) {
    const value = samples[i - 1] ?? 0;
    if (i < length && samples[i] === value) continue;
    const run = i - runFrom;
    if (value === missing) {
      quality.missing += run;
      quality.gaps++;
      fault(runFrom, i, "gap");
    } else if (value < least || value > most) {
      quality.implausible += run;
      fault(runFrom, i, "implausible");
    } else if (run >= quick) {
      if (run >= railed && Math.abs((value * slope + intercept) / divisor) >= RAIL_MICROVOLTS) fault(runFrom, i, "saturated");
      else if (run >= flat) fault(runFrom, i, "flat-line");
    }
    runFrom = i;
  }
  close(quality, usableFrom, length, shortest);
  return quality;
}

function close(quality: Quality, from: number, to: number, shortest: number): void {
  if (to <= from) return;
  if (to - from < shortest || quality.usable.length >= MAX_STRETCHES) return note(quality, from, to, "too-short");
  quality.usable.push({ from, to });
  quality.usableSamples += to - from;
}

/** Adds a faulty stretch; one that touches the last of the same kind, or has no room, extends it. */
function note(quality: Quality, from: number, to: number, fault: Fault): void {
  const last = quality.faulty.at(-1);
  if (last !== undefined && ((last.to === from && last.fault === fault) || quality.faulty.length >= MAX_STRETCHES)) last.to = to;
  else quality.faulty.push({ from, to, fault });
}
