import type { Measurement } from "@caladrius/wire";

/** The alarm conditions of the heart's rhythm, and three technical ones that stand in for them. */
export type RhythmCode =
  | "asystole"
  | "extreme-bradycardia"
  | "extreme-tachycardia"
  | "ventricular-tachycardia"
  | "ventricular-fibrillation"
  | "ecg-low-amplitude"
  | "ecg-electrode-transient"
  | "ecg-alarm-contradicted";

/** An alarm condition that is over, in raw samples from the first that was pushed. */
export interface RhythmAlarm {
  code: RhythmCode;
  from: number;
  to: number;
  confidencePermille: number;
  evidence: Measurement[];
}

/** Where a rule leaves its alarms. */
export interface AlarmListener {
  /** the condition has just been met; it began at `from` */
  rise(code: RhythmCode, from: number): void;
  /** it is over */
  tell(alarm: RhythmAlarm): void;
}

/** A QRS complex with what the rules ask about it. */
export interface LabelledBeat {
  /** raw sample */
  at: number;
  /** of three detectors, how many saw it */
  votes: number;
  /** likelihood that it is of ventricular origin; 500 is as likely as not */
  ventricularPermille: number;
  /** 1 - correlation with the patient's own usual beat; null where another classifier judged the beat */
  distance: number | null;
  /** width beside that of the usual beat; null likewise */
  widthRatio: number | null;
}

/** A count or another plain number as evidence. */
export function plain(name: string, value: number): Measurement {
  return { name, value, decimals: 0, unit: "1" };
}

/** A heart rate as evidence, from the samples between beats. */
export function ratePerMinute(name: string, intervalSamples: number, rate: number): Measurement {
  return { name, value: Math.round((600 * rate) / intervalSamples), decimals: 1, unit: "/min" };
}

/** Mean agreement of the three detectors over beats. */
export function agreementPermille(votes: number, beats: number): number {
  return beats === 0 ? 0 : Math.round((1000 * votes) / (3 * beats));
}
