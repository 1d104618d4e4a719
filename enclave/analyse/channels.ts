import { PLAUSIBLE } from "@caladrius/wire";

/** A numeric vital sign that the detectors read. */
export type VitalId = "heart-rate" | "respiratory-rate" | "spo2" | "systolic" | "diastolic" | "temperature" | "glucose" | "gcs" | "fio2";

/** Physical value in another unit to the canonical one: (value * multiply + add) / divide, all integers. */
export interface UnitConversion {
  multiply: number;
  add: number;
  divide: number;
}

/** How one vital sign is written and which values it can take. */
export interface Vital {
  id: VitalId;
  /** canonical UCUM unit */
  unit: string;
  /** digits behind the point in the canonical fixed-point form */
  decimals: 0 | 1;
  /** plausibility bounds in the canonical unit, both allowed */
  least: number;
  most: number;
  /** accepted UCUM units */
  units: ReadonlyMap<string, UnitConversion>;
}

/** What a channel code means here: a vital sign, an ECG lead, or a wave that shows the pulse. `preference` orders codes of one vital sign, 0 first. */
export type Meaning = { kind: "numeric"; vital: Vital; preference: number } | { kind: "ecg" } | { kind: "pulse" };

const SAME: UnitConversion = { multiply: 1, add: 0, divide: 1 };
const PER_MINUTE: ReadonlyMap<string, UnitConversion> = new Map([
  ["/min", SAME],
  ["1/min", SAME],
  ["{beats}/min", SAME],
  ["{breaths}/min", SAME],
]);
const MM_HG: ReadonlyMap<string, UnitConversion> = new Map([["mm[Hg]", SAME]]);

/** Every vital sign with its plausibility bounds: what lies outside is a fault of sensor or transcription, not a patient. */
export const VITALS: Readonly<Record<VitalId, Vital>> = {
  "heart-rate": { id: "heart-rate", ...PLAUSIBLE["heart-rate"], decimals: 0, units: PER_MINUTE },
  "respiratory-rate": { id: "respiratory-rate", ...PLAUSIBLE["respiratory-rate"], decimals: 0, units: PER_MINUTE },
  spo2: { id: "spo2", ...PLAUSIBLE.spo2, decimals: 0, units: new Map([["%", SAME]]) },
  systolic: { id: "systolic", ...PLAUSIBLE.systolic, decimals: 0, units: MM_HG },
  diastolic: { id: "diastolic", ...PLAUSIBLE.diastolic, decimals: 0, units: MM_HG },
  temperature: {
    id: "temperature",
    ...PLAUSIBLE.temperature,
    decimals: 1,
    units: new Map([
      ["Cel", SAME],
      ["[degF]", { multiply: 5, add: -160, divide: 9 }],
    ]),
  },
  glucose: {
    id: "glucose",
    ...PLAUSIBLE.glucose,
    decimals: 0,
    units: new Map([
      ["mg/dL", SAME],
      ["mmol/L", { multiply: 180_182, add: 0, divide: 10_000 }], // molar mass of glucose 180.182 g/mol
    ]),
  },
  fio2: { id: "fio2", ...PLAUSIBLE.fio2, decimals: 0, units: new Map([["%", SAME]]) },
  gcs: {
    id: "gcs",
    ...PLAUSIBLE.gcs,
    decimals: 0,
    units: new Map([
      ["{score}", SAME],
      ["1", SAME],
    ]),
  },
};

/** Units of ECG leads to microvolts. */
export const ECG_UNITS: ReadonlyMap<string, UnitConversion> = new Map([
  ["mV", { multiply: 1000, add: 0, divide: 1 }],
  ["uV", SAME],
]);

/** Codes of numeric vital signs, in order of preference (LOINC; IEEE 11073-10101). */
const CODES: Readonly<Record<VitalId, readonly string[]>> = {
  "heart-rate": ["loinc:8867-4", "mdc:147842", "mdc:149530", "mdc:149546"], // ECG before oximeter before cuff
  "respiratory-rate": ["loinc:9279-1", "mdc:151562"],
  spo2: ["loinc:2708-6", "loinc:59408-5", "mdc:150456"],
  systolic: ["loinc:8480-6", "mdc:150037", "mdc:150021", "mdc:150301"],
  diastolic: ["loinc:8462-4", "mdc:150038", "mdc:150022", "mdc:150302"],
  temperature: ["loinc:8310-5", "mdc:150344", "mdc:150364"],
  glucose: ["loinc:2339-0", "loinc:15074-8", "loinc:99504-3", "mdc:160184"],
  gcs: ["loinc:9269-2"],
  fio2: ["loinc:3150-6"],
};

const FIRST_ECG_LEAD = 131_328; // MDC_ECG_ELEC_POTL, lead unspecified
const LAST_ECG_LEAD = 131_583; // a lead has 8 bits: III is 61, aVR, aVL and aVF are 62 to 64

/** MDC_PULS_OXIM_PLETH; MDC_PRESS_BLD_ART_ABP and MDC_PRESS_BLD_ART: waves that show the pulse (IEEE 11073-10101). */
const PULSE_WAVES = ["mdc:150452", "mdc:150036", "mdc:150032"] as const;

const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...Object.values(VITALS).flatMap((vital) =>
    CODES[vital.id].map((code, preference): [string, Meaning] => [code, { kind: "numeric", vital, preference }]),
  ),
  ...Array.from({ length: LAST_ECG_LEAD - FIRST_ECG_LEAD + 1 }, (_, lead): [string, Meaning] => [
    `mdc:${FIRST_ECG_LEAD + lead}`,
    { kind: "ecg" },
  ]),
  ...PULSE_WAVES.map((code): [string, Meaning] => [code, { kind: "pulse" }]),
]);

/** What a channel code means, or undefined for one that no detector knows. */
export function meaningOf(code: string): Meaning | undefined {
  return MEANINGS.get(code);
}
