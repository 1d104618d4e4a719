import type { Collector } from "./collect.ts";
import { consciousnessOf, meaningOf, type Meaning } from "./fhir-coding.ts";
import { elements, optionalElement, optionalNumber, optionalText, type Element } from "./fhir-elements.ts";
import { decimalOf, unitOf, type Context } from "./fhir-quantity.ts";
import { readSampledData } from "./fhir-sampled-data.ts";
import { parseInstantMs } from "./instant.ts";
import { compare, rational } from "./rational.ts";
import { quote, ReadError } from "./problems.ts";
import { conversionFrom, convert, unitsOf, type Signal } from "./signals.ts";

/**
 * Reads one Observation (FHIR R4, vital-signs profile by its code, whether or not `meta.profile` is there): its value and
 * each component that has a known code. Times of a period are those of its start.
 * @throws ReadError fhir-*, value-range, recording-limit
 */
export function readObservation(observation: Element, file: string, collector: Collector): void {
  const status = optionalText(observation, "status");
  const rank = USED_STATUS.get(status);
  const parts = [observation, ...elements(observation, "component")].map((element) => ({
    element,
    meaning: meaningOf(optionalElement(element, "code")),
  }));
  const known = parts.filter((part): part is { element: Element; meaning: Meaning } => part.meaning !== null);
  const wanted = rank !== undefined && known.length > 0;
  const subject = parseSubject(observation, wanted);
  if (subject === null || !wanted) {
    collector.count(rank === undefined ? "status-not-final" : "code-not-read", subject);
    return;
  }
  const context: Context = { collector, file, subject, rank, ...parseEffective(observation) };
  collector.source(subject, file, parseDevice(observation));
  for (const { element, meaning } of known) collector.attempt(file, () => readValue(element, meaning, context));
}

/** Only these are results a receiver may use; the others are counted. */
const USED_STATUS: ReadonlyMap<string | null, number> = new Map([
  ["final", 0],
  ["amended", 1],
  ["corrected", 1],
]);

function readValue(element: Element, meaning: Meaning, context: Context): void {
  const sampled = optionalElement(element, "valueSampledData");
  if (meaning.kind === "consciousness") {
    const concept = optionalElement(element, "valueCodeableConcept");
    const letter = concept === null ? null : consciousnessOf(concept);
    if (letter !== null) context.collector.event(context.subject, { atMs: context.startMs, kind: "consciousness", value: letter });
    else if (!isAbsent(element, context)) throw valueError(element, "valueCodeableConcept with a known answer of 67775-7");
  } else if (meaning.kind !== "signal") readOxygen(element, meaning.kind, context);
  else if (sampled !== null) readSampledData(sampled, meaning.signal, context);
  else readQuantity(element, meaning.signal, context);
}

function readQuantity(element: Element, signal: Signal, context: Context): void {
  const { collector, subject, startMs: atMs, rank } = context;
  const integer = signal.unit === "{score}" ? optionalNumber(element, "valueInteger") : null;
  const quantity = optionalElement(element, "valueQuantity");
  if (quantity === null && integer === null) {
    if (element.map.has("component") && !element.map.has("dataAbsentReason")) return; // a panel: its components hold the values
    if (signal.code.startsWith("mdc:") || element.map.has("hasMember")) return;
    if (!isAbsent(element, context)) throw valueError(element, "valueQuantity or dataAbsentReason");
    collector.point(subject, signal.code, signal.unit, { atMs, rank, value: null });
    return;
  }
  if (quantity === null) {
    collector.point(subject, signal.code, signal.unit, { atMs, rank, value: decimalOf(integer ?? "", element.path) });
    return;
  }
  const unit = unitOf(quantity);
  const conversion = conversionFrom(signal, unit);
  if (conversion === null) throw new ReadError("fhir-unit", `${quantity.path}.code`, unitsOf(signal), quote(unit));
  const text = optionalNumber(quantity, "value");
  if (optionalText(quantity, "comparator") !== null || text === null) {
    collector.count(text === null ? "value-absent" : "comparator", subject);
    collector.point(subject, signal.code, signal.unit, { atMs, rank, value: null });
    return;
  }
  collector.point(subject, signal.code, signal.unit, { atMs, rank, value: convert(decimalOf(text, quantity.path), conversion) });
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
  context.collector.event(context.subject, { atMs: context.startMs, kind: "oxygen", value: on ? "on" : "off" });
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

function parseSubject(observation: Element, required: boolean): string | null {
  const subject = optionalElement(observation, "subject");
  const reference = subject === null ? null : optionalText(subject, "reference");
  const identifier = subject === null || reference !== null ? null : optionalElement(subject, "identifier");
  const pseudonym = /^Patient\/([A-Za-z0-9.-]{1,64})(?:\/_history\/.*)?$/.exec(reference ?? "")?.[1];
  const foreign = reference !== null && /^(urn:|https?:\/\/)/.test(reference) ? reference : null;
  const name = pseudonym ?? foreign ?? (identifier === null ? null : optionalText(identifier, "value"));
  if (name !== null && name.length > 0 && name.length <= 128) return name;
  if (!required) return null;
  const expected = "a reference to a Patient, or an identifier, of at most 128 characters";
  throw new ReadError("fhir-subject", `${observation.path}.subject`, expected, reference === null ? "none" : quote(reference));
}

function parseDevice(observation: Element): string | null {
  const device = optionalElement(observation, "device");
  const reference = device === null ? null : optionalText(device, "reference");
  const name = reference?.replace(/^Device\//, "") ?? null;
  return name === null || name.length === 0 || name.length > 128 ? null : name;
}

function parseEffective(observation: Element): { startMs: number; endMs: number | null } {
  const single = optionalText(observation, "effectiveDateTime") ?? optionalText(observation, "effectiveInstant");
  if (single !== null) return { startMs: instantOf(single, `${observation.path}.effectiveDateTime`), endMs: null };
  const period = optionalElement(observation, "effectivePeriod");
  const start = period === null ? null : optionalText(period, "start");
  const end = period === null ? null : optionalText(period, "end");
  if (start === null) {
    const expected = "effectiveDateTime, effectiveInstant or effectivePeriod.start";
    throw new ReadError("fhir-time", `${observation.path}.effective[x]`, expected, "none");
  }
  const path = `${observation.path}.effectivePeriod`;
  return { startMs: instantOf(start, `${path}.start`), endMs: end === null ? null : instantOf(end, `${path}.end`) };
}

function instantOf(text: string, path: string): number {
  const atMs = parseInstantMs(text);
  if (atMs === null) throw new ReadError("fhir-time", path, "date and time with offset, from 1970 on", quote(text));
  return atMs;
}
