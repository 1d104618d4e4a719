import type { Collector } from "./collect.ts";
import { consciousnessOf, meaningOf, type Meaning } from "./fhir-coding.ts";
import { elements, optionalElement, optionalNumber, optionalText, type Element } from "./fhir-elements.ts";
import { parseEffective } from "./fhir-effective.ts";
import { decimalOf, unitOf, type Context } from "./fhir-quantity.ts";
import { readSampledData } from "./fhir-sampled-data.ts";
import { parseSubject } from "./fhir-subject.ts";
import { compare, rational } from "./rational.ts";
import { quote, ReadError, type ReadCode } from "./problems.ts";
import { conversionFrom, convert, unitsOf, type Signal } from "./signals.ts";

/** What every observation of one file shares. */
export interface FhirContext {
  file: string;
  collector: Collector;
  /** the present in Unix ms, before which times should lie */
  nowMs: number;
}

/**
 * Reads one Observation (FHIR R4, vital-signs profile by its code, whether or not `meta.profile` is there): its value and
 * each component that has a known code. In order: status, codes and what the profile demands of them, subject, time, then
 * of each value its kind, unit and bounds. Times of a period are those of its start.
 * @throws ReadError fhir-*, value-range, recording-limit
 */
export function readObservation(observation: Element, { file, collector, nowMs }: FhirContext): void {
  const status = optionalText(observation, "status");
  const rank = USED_STATUS.get(status);
  const other = UNUSED_STATUS.get(status);
  const parts = [observation, ...elements(observation, "component")].map((element) => ({
    element,
    meaning: meaningOf(optionalElement(element, "code")),
  }));
  const known = parts.filter((part): part is { element: Element; meaning: Meaning } => part.meaning !== null);
  if (known.length > 0 && rank === undefined && other === undefined)
    throw new ReadError("fhir-status", `${observation.path}.status`, STATUS_NAMES, status === null ? "none" : quote(status));
  const wanted = rank !== undefined && known.length > 0;
  const subject = parseSubject(observation, wanted, collector);
  const id = optionalText(observation, "id");
  if (subject === null || !wanted) {
    collector.count(other ?? "code-not-read", subject);
    if (subject !== null && id !== null && other === "status-withdrawn") collector.withdraw(subject, id);
    return;
  }
  refuseOtherMeaning(observation);
  for (const { element } of known) if (element !== observation) refuseModifiers(element);
  const times = parseEffective(observation);
  warnOfProfile(
    observation,
    known.map(({ meaning }) => meaning),
    { file, collector, nowMs },
    times.startMs,
  );
  const context: Context = { collector, file, subject, rank, id, ...times };
  collector.source(subject, file, parseDevice(observation));
  for (const { element, meaning } of known) collector.attempt(file, () => readValue(element, meaning, context));
}

/** What a receiver must understand before it uses an observation, and this one does not: not about the patient, or changed in meaning. */
function refuseOtherMeaning(observation: Element): void {
  const { map, path } = observation;
  if (map.has("focus"))
    throw new ReadError("fhir-subject", `${path}.focus`, "no focus: values of the patient, not of a fetus, a donor or a device", "one");
  refuseModifiers(observation);
  if (map.has("implicitRules")) throw new ReadError("fhir-modifier", `${path}.implicitRules`, "none", "some");
}

function refuseModifiers({ map, path }: Element): void {
  if (map.has("modifierExtension")) throw new ReadError("fhir-modifier", `${path}.modifierExtension`, "none", "some");
}

/** Only these are results a receiver may use; the others are counted. */
const USED_STATUS: ReadonlyMap<string | null, number> = new Map([
  ["final", 0],
  ["amended", 1],
  ["corrected", 1],
]);

const UNUSED_STATUS: ReadonlyMap<string | null, "status-not-final" | "status-withdrawn"> = new Map([
  ["registered", "status-not-final"],
  ["preliminary", "status-not-final"],
  ["unknown", "status-not-final"],
  ["cancelled", "status-withdrawn"],
  ["entered-in-error", "status-withdrawn"],
]);
const STATUS_NAMES = [...USED_STATUS.keys(), ...UNUSED_STATUS.keys()].join(", ");

/** What a receiver can use all the same: the profile applies by code, whether or not the sender says so. */
function warnOfProfile(observation: Element, meanings: readonly Meaning[], { file, collector, nowMs }: FhirContext, startMs: number): void {
  const { path } = observation;
  const warn = (code: ReadCode, where: string, expected: string, actual: string): void =>
    collector.warn(file, code, () => new ReadError(code, where, expected, actual));
  if (startMs > nowMs + MAX_SKEW_MS)
    warn("time-future", `${path}.effective[x]`, `at most ${new Date(nowMs).toISOString()}`, new Date(startMs).toISOString());
  const codes = meanings.flatMap((meaning) => (meaning.kind === "signal" ? [meaning.signal.code] : []));
  if (!codes.some((code) => PROFILE_CODES.has(code))) return;
  const categories = elements(observation, "category").flatMap((category) => elements(category, "coding"));
  if (!categories.some((coding) => optionalText(coding, "system") === CATEGORY && optionalText(coding, "code") === "vital-signs"))
    warn("fhir-category", `${path}.category`, `vital-signs of ${CATEGORY}`, "none");
  const loinc = loincCodes(observation);
  if (loinc.includes("59408-5") && !loinc.includes("2708-6"))
    warn("fhir-profile", `${path}.code`, "LOINC 2708-6 beside 59408-5", "59408-5 alone");
  const lacking = ["loinc:8480-6", "loinc:8462-4"].filter((code) => !codes.includes(code));
  if (loinc.includes("85354-9") && lacking.length > 0)
    warn("fhir-profile", `${path}.component`, "8480-6 and 8462-4, each with a value or a dataAbsentReason", `no ${lacking.join(", ")}`);
}

function loincCodes(observation: Element): string[] {
  const concept = optionalElement(observation, "code");
  const codings = concept === null ? [] : elements(concept, "coding");
  return codings.filter((coding) => optionalText(coding, "system") === LOINC).map((coding) => optionalText(coding, "code") ?? "");
}

function readValue(element: Element, meaning: Meaning, context: Context): void {
  refuseTwoValues(element);
  const sampled = optionalElement(element, "valueSampledData");
  if (meaning.kind === "consciousness") {
    const concept = optionalElement(element, "valueCodeableConcept");
    const letter = concept === null ? null : consciousnessOf(concept);
    if (letter !== null)
      context.collector.event(context.subject, { atMs: context.startMs, kind: "consciousness", value: letter }, context.id);
    else if (!isAbsent(element, context)) throw valueError(element, "valueCodeableConcept with a known answer of 67775-7");
  } else if (meaning.kind !== "signal") readOxygen(element, meaning.kind, context);
  else if (sampled !== null) readSampledData(sampled, meaning.signal, context);
  else readQuantity(element, meaning.signal, context);
}

/** FHIR R4: value[x] is one value, and a reason why there is none stands where there is none (obs-6). */
function refuseTwoValues({ map, path }: Element): void {
  const values = [...map.keys()].filter((key) => /^value[A-Z]/.test(key));
  if (values.length > 1) throw new ReadError("fhir-value", `${path}.value[x]`, "one value", quote(values.join(", ")));
  if (values.length === 1 && map.has("dataAbsentReason"))
    throw new ReadError("fhir-value", `${path}.dataAbsentReason`, "a value or a dataAbsentReason", "both");
}

function readQuantity(element: Element, signal: Signal, context: Context): void {
  const { collector, subject, startMs: atMs, rank, id } = context;
  const integer = signal.unit === "{score}" ? optionalNumber(element, "valueInteger") : null;
  const quantity = optionalElement(element, "valueQuantity");
  const place = { file: context.file, where: element.path };
  if (quantity === null && integer === null) {
    if (element.map.has("component") && !element.map.has("dataAbsentReason")) return; // a panel: its components hold the values
    if (signal.code.startsWith("mdc:") || element.map.has("hasMember")) return;
    if (!isAbsent(element, context)) throw valueError(element, "valueQuantity or dataAbsentReason");
    collector.point(subject, signal.code, signal.unit, { atMs, rank, id, value: null }, place);
    return;
  }
  if (quantity === null) {
    collector.point(subject, signal.code, signal.unit, { atMs, rank, id, value: decimalOf(integer ?? "", element.path) }, place);
    return;
  }
  const unit = unitOf(quantity);
  const conversion = conversionFrom(signal, unit);
  if (conversion === null) throw new ReadError("fhir-unit", `${quantity.path}.code`, unitsOf(signal), quote(unit));
  const text = optionalNumber(quantity, "value");
  if (optionalText(quantity, "comparator") !== null || text === null) {
    collector.count(text === null ? "value-absent" : "comparator", subject);
    collector.point(subject, signal.code, signal.unit, { atMs, rank, id, value: null }, place);
    return;
  }
  collector.point(subject, signal.code, signal.unit, { atMs, rank, id, value: convert(decimalOf(text, quantity.path), conversion) }, place);
}

/** Oxygen is on where there is flow, or more of it than in air (21 %). */
function readOxygen(element: Element, kind: "oxygen-flow" | "oxygen-fraction", context: Context): void {
  const quantity = optionalElement(element, "valueQuantity");
  const text = quantity === null ? null : optionalNumber(quantity, "value");
  if (quantity === null || text === null) {
    if (!isAbsent(element, context)) throw valueError(element, "valueQuantity or dataAbsentReason");
    return;
  }
  const unit = kind === "oxygen-flow" ? "L/min" : "%";
  if (unitOf(quantity) !== unit) throw new ReadError("fhir-unit", `${quantity.path}.code`, unit, quote(unitOf(quantity)));
  const comparator = optionalText(quantity, "comparator");
  if (comparator !== null) {
    context.collector.count("comparator", context.subject);
    return;
  }
  const on = compare(decimalOf(text, quantity.path), rational(kind === "oxygen-flow" ? 0n : 21n, 1n)) > 0;
  context.collector.event(context.subject, { atMs: context.startMs, kind: "oxygen", value: on ? "on" : "off" }, context.id);
}

function isAbsent(element: Element, context: Context): boolean {
  if (optionalElement(element, "dataAbsentReason") === null) return false;
  context.collector.count("value-absent", context.subject);
  return true;
}

function valueError(element: Element, expected: string): ReadError {
  const actual = [...element.map.keys()].filter((key) => key.startsWith("value")).join(", ");
  return new ReadError("fhir-value", element.path, expected, actual === "" ? "no value" : quote(actual));
}

function parseDevice(observation: Element): string | null {
  const device = optionalElement(observation, "device");
  const reference = device === null ? null : optionalText(device, "reference");
  const name = reference?.replace(/^Device\//, "") ?? null;
  return name === null || name.length === 0 || name.length > 128 ? null : name;
}

const LOINC = "http://loinc.org";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
/** Signals of the FHIR R4 vital-signs profile; others, such as glucose, need no category. */
const PROFILE_CODES: ReadonlySet<string> = new Set([
  "loinc:8867-4",
  "loinc:9279-1",
  "loinc:2708-6",
  "loinc:8480-6",
  "loinc:8462-4",
  "loinc:8310-5",
]);
/** Clocks of senders run ahead by so much. */
const MAX_SKEW_MS = 300_000;
