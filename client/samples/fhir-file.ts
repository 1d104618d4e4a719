import type { Channel, Recording, RecordingEvent } from "@caladrius/wire";
import { valueText } from "./values.ts";

type Json = string | number | readonly Json[] | { readonly [key: string]: Json };

/** FHIR R4 vital-signs Observations of a 1 Hz recording, one set every so many seconds, with its events between them. */
export function vitalSigns(recording: Recording, everySeconds: number): Json[] {
  const observations: Json[] = [];
  const seconds = Math.max(...recording.channels.map((channel) => channel.samples.length));
  const startMs = recording.channels[0]?.startMs ?? 0;
  for (let second = 0; second < seconds; second += everySeconds) {
    const untilMs = startMs + 1000 * (second + everySeconds);
    const pressures: Json[] = [];
    for (const channel of recording.channels) {
      const value = quantity(channel, second);
      if (PRESSURES.has(channel.code)) pressures.push({ code: codeOf(channel.code), ...value });
      else observations.push(observation(recording, startMs + 1000 * second, channel.code, value));
    }
    if (pressures.length > 0) observations.push(observation(recording, startMs + 1000 * second, "loinc:85354-9", { component: pressures }));
    for (const event of recording.events) {
      if (event.atMs >= startMs + 1000 * second && event.atMs < untilMs) observations.push(eventObservation(recording, event));
    }
  }
  return observations;
}

/** One FHIR R4 Observation with a SampledData per lead. */
export function ecgObservation(recording: Recording): Json {
  const [first] = recording.channels;
  const { numerator, denominator } = first?.timing.kind === "rate" ? first.timing : { numerator: 1, denominator: 1 };
  const startMs = first?.startMs ?? 0;
  const endMs = startMs + Math.round(((first?.samples.length ?? 0) * 1000 * denominator) / numerator);
  return {
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "procedure" }] }],
    code: codeOf("mdc:131328"),
    subject: { reference: `Patient/${recording.subject}` },
    device: { reference: `Device/${recording.device}` },
    effectivePeriod: { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() },
    component: recording.channels.map(({ code, unit, samples, scale, missing }) => ({
      code: codeOf(code),
      valueSampledData: {
        origin: { value: scale.offset / scale.denominator, unit, system: UCUM, code: unit },
        period: (1000 * denominator) / numerator,
        factor: scale.numerator / scale.denominator,
        dimensions: 1,
        data: Array.from(samples, (sample) => (sample === missing ? "E" : String(sample))).join(" "),
      },
    })),
  };
}

function observation(recording: Recording, atMs: number, code: string, value: Record<string, Json>): Json {
  return {
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
    code: codeOf(code),
    subject: { reference: `Patient/${recording.subject}` },
    device: { reference: `Device/${recording.device}` },
    effectiveDateTime: new Date(atMs).toISOString(),
    ...value,
  };
}

function quantity(channel: Channel, index: number): Record<string, Json> {
  const text = valueText(channel, index);
  if (text === null) {
    return { dataAbsentReason: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/data-absent-reason", code: "error" }] } };
  }
  return { valueQuantity: { value: Number(text), unit: channel.unit, system: UCUM, code: channel.unit } };
}

function eventObservation(recording: Recording, event: RecordingEvent): Json {
  if (event.kind === "oxygen") {
    const value = { value: event.value === "on" ? 4 : 0, unit: "L/min", system: UCUM, code: "L/min" };
    return observation(recording, event.atMs, "loinc:3151-8", { valueQuantity: value });
  }
  const answer = ANSWERS[event.value] ?? "";
  return observation(recording, event.atMs, "loinc:67775-7", { valueCodeableConcept: { coding: [{ system: LOINC, code: answer }] } });
}

function codeOf(code: string): Json {
  const [system = "", value = ""] = code.split(":");
  return { coding: [{ system: system === "mdc" ? "urn:iso:std:iso:11073:10101" : LOINC, code: value }] };
}

const LOINC = "http://loinc.org";
const UCUM = "http://unitsofmeasure.org";
const PRESSURES: ReadonlySet<string> = new Set(["loinc:8480-6", "loinc:8462-4"]);
/** LOINC answers of 67775-7 */
const ANSWERS: Readonly<Record<string, string>> = { A: "LA9340-6", C: "LA6560-2", V: "LA17108-4", P: "LA17107-6", U: "LA9343-0" };
