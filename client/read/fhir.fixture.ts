import { deepEqual } from "node:assert/strict";
import { decodeRecording, encodeRecording, utf8Encode, type Channel, type Recording } from "@caladrius/wire";
import type { ReadResult } from "./collect.ts";
import { readFhir } from "./fhir.ts";

/** Elements of a resource, as JSON has them. */
export type Fields = Record<string, unknown>;

export const LOINC: string = "http://loinc.org";
/** IEEE 11073-10101 by its URI. */
export const MDC: string = "urn:iso:std:iso:11073:10101";
const UCUM = "http://unitsofmeasure.org";
/** A CodeableConcept of one coding. */
export const code = (value: string, system: string = LOINC): Fields => ({ coding: [{ system, code: value }] });
export const quantity = (value: number, unit: string): Fields => ({ value, unit: "x", system: UCUM, code: unit });

/** A final heart rate of p1 at 8:00, with other elements in place of its own. */
export function observation(fields: Fields): Fields {
  return {
    resourceType: "Observation",
    status: "final",
    code: code("8867-4"),
    subject: { reference: "Patient/p1" },
    effectiveDateTime: "2026-01-01T08:00:00Z",
    ...fields,
  };
}

/** Reads a resource as a file. */
export const read = (value: unknown): ReadResult => readFhir(utf8Encode(JSON.stringify(value)), { file: "f.json" });
export const bundle = (...resources: Fields[]): Fields => ({
  resourceType: "Bundle",
  type: "collection",
  entry: resources.map((resource) => ({ resource })),
});

/** The one recording of a file with which nothing was wrong, and which survives the wire. */
export function only(result: ReadResult): Recording {
  deepEqual(result.problems, []);
  const [first, ...others] = result.recordings;
  if (first === undefined || others.length > 0) throw new Error(`${result.recordings.length} recordings`);
  deepEqual(decodeRecording(encodeRecording(first.recording)), first.recording);
  return first.recording;
}

/** Physical values of a channel, null where missing. */
export const values = (channel: Channel): (number | null)[] =>
  Array.from(channel.samples, (raw) =>
    raw === channel.missing ? null : (raw * channel.scale.numerator + channel.scale.offset) / channel.scale.denominator,
  );

/** Minutes behind 8:00. */
export const atMinute = (minute: number): Fields => ({ effectiveDateTime: `2026-01-01T08:0${minute}:00Z` });
export const minuteOf = (atMs: number): number => (atMs - Date.UTC(2026, 0, 1, 8)) / 60_000;
