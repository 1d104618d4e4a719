/** What values of one vital sign can be. */
export interface PlausibleValues {
  /** UCUM unit of both bounds */
  readonly unit: string;
  /** lowest and highest value that a patient can have, both allowed */
  readonly least: number;
  readonly most: number;
}

/** Vital signs that have bounds. */
export type BoundedVital =
  | "heart-rate"
  | "respiratory-rate"
  | "spo2"
  | "systolic"
  | "diastolic"
  | "mean-pressure"
  | "temperature"
  | "glucose"
  | "fio2"
  | "gcs";

/**
 * Plausibility bounds by vital sign: what lies outside is a fault of sensor or transcription, not a patient. Whoever reads
 * files tells such values, the enclave leaves them out and counts them, by this one table.
 */
export const PLAUSIBLE: Readonly<Record<BoundedVital, PlausibleValues>> = {
  "heart-rate": { unit: "/min", least: 0, most: 350 },
  "respiratory-rate": { unit: "/min", least: 0, most: 120 },
  spo2: { unit: "%", least: 0, most: 100 },
  systolic: { unit: "mm[Hg]", least: 20, most: 320 },
  diastolic: { unit: "mm[Hg]", least: 5, most: 250 },
  "mean-pressure": { unit: "mm[Hg]", least: 5, most: 320 },
  temperature: { unit: "Cel", least: 24, most: 45 },
  glucose: { unit: "mg/dL", least: 10, most: 1500 },
  fio2: { unit: "%", least: 15, most: 100 },
  gcs: { unit: "{score}", least: 3, most: 15 },
};
