import { add, multiply, rational, type Rational } from "./rational.ts";

/** One measured signal: the code and unit of its channel, and what files call it. */
export interface Signal {
  /** code of the channel, as in recording.cddl */
  code: string;
  /** UCUM unit of the channel */
  unit: string;
  /** LOINC codes that mean it */
  loinc: readonly string[];
  /** IEEE 11073-10101 codes that mean it, and the only ones that may stand beside its LOINC code */
  mdc: readonly string[];
  /** names in CSV headers and WFDB descriptions, in lower case, with - for spaces and _ */
  names: readonly string[];
  /** other UCUM units it is read in: value * factor + offset */
  conversions: readonly Conversion[];
}

interface Conversion {
  unit: string;
  factor: Rational;
  offset: Rational;
}

const ZERO: Rational = { n: 0n, d: 1n };
const ONE: Rational = { n: 1n, d: 1n };
const VOLTAGES: readonly Conversion[] = [
  { unit: "uV", factor: rational(1n, 1000n), offset: ZERO },
  { unit: "V", factor: rational(1000n, 1n), offset: ZERO },
];
const FAHRENHEIT: Conversion = { unit: "[degF]", factor: rational(5n, 9n), offset: rational(-160n, 9n) };
/** UCUM: m[Hg] is 133.322 kPa. */
const KILOPASCALS: readonly Conversion[] = [{ unit: "kPa", factor: rational(1_000_000n, 133_322n), offset: ZERO }];
const GLUCOSE: Conversion = { unit: "mmol/L", factor: rational(180_182n, 10_000n), offset: ZERO };

/** Every numeric signal that is read (FHIR R4 vital-signs profile; glucose and GCS beside it). */
const SIGNALS: readonly Signal[] = [
  signal("loinc:8867-4", "/min", ["8867-4"], ["147842", "149530", "149546"], ["hr", "heart-rate", "heartrate"]),
  signal("loinc:9279-1", "/min", ["9279-1"], ["151562"], ["rr", "resp-rate", "respiratory-rate", "respiration-rate"]),
  signal("loinc:2708-6", "%", ["2708-6", "59408-5"], ["150456"], ["spo2", "sao2", "o2sat", "oxygen-saturation"]),
  signal(
    "loinc:8480-6",
    "mm[Hg]",
    ["8480-6"],
    ["150021", "150301", "150017"],
    ["sbp", "nbpsys", "nibp-sys", "sysbp", "systolic", "systolic-bp"],
    KILOPASCALS,
  ),
  signal(
    "loinc:8462-4",
    "mm[Hg]",
    ["8462-4"],
    ["150022", "150302", "150018"],
    ["dbp", "nbpdias", "nibp-dia", "diasbp", "diastolic", "diastolic-bp"],
    KILOPASCALS,
  ),
  signal("loinc:8478-0", "mm[Hg]", ["8478-0"], ["150023", "150303", "150019"], ["map", "nbpmean", "nibp-mean", "mean-bp"], KILOPASCALS),
  signal("loinc:8310-5", "Cel", ["8310-5"], ["150344", "150364"], ["temp", "temperature", "body-temperature"], [FAHRENHEIT]),
  signal("loinc:2339-0", "mg/dL", ["2339-0", "15074-8", "99504-3"], ["160184"], ["glucose"], [GLUCOSE]),
  signal("loinc:9269-2", "{score}", ["9269-2"], [], ["gcs"], [{ unit: "1", factor: ONE, offset: ZERO }]),
];

/** Signals that only WFDB and CSV files name, beside those above. */
const OTHER_SIGNALS: readonly Signal[] = [
  signal("mdc:149530", "/min", [], [], ["pulse"]),
  signal("mdc:150037", "mm[Hg]", [], ["150037"], ["abpsys"], KILOPASCALS),
  signal("mdc:150038", "mm[Hg]", [], ["150038"], ["abpdias"], KILOPASCALS),
  signal("mdc:150039", "mm[Hg]", [], ["150039"], ["abpmean"], KILOPASCALS),
  signal("mdc:150036", "mm[Hg]", [], ["150036"], ["abp", "art"], KILOPASCALS),
  signal("mdc:150452", "1", [], ["150452"], ["pleth", "ppg"]),
  signal("mdc:151780", "1", [], ["151780"], ["resp"]), // MDC_IMPED_TTHOR
];

/** IEEE 11073-10101: MDC_ECG_ELEC_POTL (131328) plus the number of the lead. */
const ECG_LEADS: Readonly<Record<string, number>> = {
  i: 1,
  ii: 2,
  v1: 3,
  v2: 4,
  v3: 5,
  v4: 6,
  v5: 7,
  v6: 8,
  iii: 61,
  avr: 62,
  avl: 63,
  avf: 64,
};
const ECG_BASE = 131_328;
const LEAD_CODES = 256;

/** The signal of a LOINC code, or null. */
export function signalOfLoinc(code: string): Signal | null {
  return SIGNALS.find((signal) => signal.loinc.includes(code)) ?? null;
}

/** The signal of an IEEE 11073-10101 code: a vital sign, an ECG lead (131328 + lead), a pressure or pulse wave, or null. */
export function signalOfMdc(code: string): Signal | null {
  const known = [...SIGNALS, ...OTHER_SIGNALS].find((signal) => signal.mdc.includes(code));
  if (known !== undefined) return known;
  const number = /^\d{6}$/.test(code) ? Number(code) : 0;
  return number >= ECG_BASE && number < ECG_BASE + LEAD_CODES ? ecgSignal(number) : null;
}

/** The signal that a CSV header or a WFDB description names, in any case: "HR", "Heart Rate", "SpO2", "ECG II", "MLII", or null. */
export function signalOfName(name: string): Signal | null {
  const key = name.trim().toLowerCase();
  const dashed = key.replaceAll(/[ _]+/g, "-");
  const known = [...SIGNALS, ...OTHER_SIGNALS].find((signal) => signal.names.includes(dashed));
  if (known !== undefined) return known;
  const lead = /^(?:ecg|lead|ml|mcl)?[ _-]?(iii|ii|i|v[1-6]|avr|avl|avf)$/.exec(key)?.[1];
  if (lead !== undefined) return ecgSignal(ECG_BASE + (ECG_LEADS[lead] ?? 0));
  return /^(ecg|ekg)/.test(key) ? ecgSignal(ECG_BASE) : null;
}

/** The ECG signal of one lead code; 131328 is "lead not said". */
export function ecgSignal(code: number = ECG_BASE): Signal {
  return signal(`mdc:${code}`, "mV", [], [String(code)], [], VOLTAGES);
}

/** How a value in `unit` becomes one in the signal's own unit; null where the signal is not measured in it. */
export function conversionFrom(signal: Signal, unit: string): { factor: Rational; offset: Rational } | null {
  if (unit === signal.unit) return { factor: ONE, offset: ZERO };
  return signal.conversions.find((conversion) => conversion.unit === unit) ?? null;
}

/** Applies a conversion, exactly. */
export function convert(value: Rational, by: { factor: Rational; offset: Rational }): Rational {
  return by.factor === ONE ? value : add(multiply(value, by.factor), by.offset);
}

/** "/min" or "mmol/L or mg/dL", for messages. */
export function unitsOf(signal: Signal): string {
  return [signal.unit, ...signal.conversions.map((conversion) => conversion.unit)].join(" or ");
}

/** The UCUM code of a unit as bedside files spell it ("bpm", "mmHg"); FHIR gets no such help. */
export function ucumOf(unit: string): string {
  return UNIT_ALIASES.get(unit) ?? unit;
}

const UNIT_ALIASES: ReadonlyMap<string, string> = new Map([
  ["bpm", "/min"],
  ["pm", "/min"],
  ["1/min", "/min"],
  ["mmHg", "mm[Hg]"],
  ["degC", "Cel"],
  ["C", "Cel"],
  ["°C", "Cel"],
  ["degF", "[degF]"],
  ["F", "[degF]"],
  ["°F", "[degF]"],
  ["percent", "%"],
  ["NU", "1"],
  ["mv", "mV"],
  ["uv", "uV"],
  ["µV", "uV"], // micro sign
  ["μV", "uV"], // Greek letter
]);

function signal(
  code: string,
  unit: string,
  loinc: readonly string[],
  mdc: readonly string[],
  names: readonly string[],
  conversions: readonly Conversion[] = [],
): Signal {
  return { code, unit, loinc, mdc, names, conversions };
}
