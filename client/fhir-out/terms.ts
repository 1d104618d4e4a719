import { escapeText } from "@caladrius/wire";
import type { CodeableConcept, Coding, Identifier, Period, Reference } from "./resources.ts";

/** URIs of what this program names itself; they identify and need not resolve. */
export const SYSTEM = {
  finding: "https://caladrius.example/fhir/CodeSystem/finding",
  measure: "https://caladrius.example/fhir/CodeSystem/measure",
  statement: "https://caladrius.example/fhir/CodeSystem/statement",
  verdict: "https://caladrius.example/fhir/CodeSystem/verdict",
  denial: "https://caladrius.example/fhir/CodeSystem/denial",
  subject: "https://caladrius.example/fhir/NamingSystem/subject-pseudonym",
  resultSha256: "https://caladrius.example/fhir/NamingSystem/result-sha256",
  recordingSha256: "https://caladrius.example/fhir/NamingSystem/recording-sha256",
  parametersSha256: "https://caladrius.example/fhir/NamingSystem/detector-parameters-sha256",
  pcr: "https://caladrius.example/fhir/NamingSystem/nitro-pcr",
  moduleId: "https://caladrius.example/fhir/NamingSystem/nitro-module-id",
} as const;

export const UCUM = "http://unitsofmeasure.org";

/** A code of one of our systems; its text is the code in words. */
export function concept(system: string, code: string): CodeableConcept {
  return { coding: [{ system, code: codeOf(code) }], text: textOf(code) };
}

/** Channels are coded by LOINC or IEEE 11073-10101; HL7's URIs for both. */
export function channelConcept(channel: string): CodeableConcept {
  const [scheme = "", code = ""] = channel.split(":");
  const system = scheme === "loinc" ? "http://loinc.org" : scheme === "mdc" ? "urn:iso:std:iso:11073:10101" : null;
  return system === null ? { text: textOf(channel) } : { coding: [{ system, code: codeOf(code) }], text: textOf(channel) };
}

/** http://terminology.hl7.org/CodeSystem/data-absent-reason: masked = withheld, not-performed = not judged. */
export function absent(code: "masked" | "not-performed", text?: string): CodeableConcept {
  const coding: readonly Coding[] = [{ system: "http://terminology.hl7.org/CodeSystem/data-absent-reason", code }];
  return text === undefined ? { coding } : { coding, text: textOf(text) };
}

/** A reference in place of one that the result withholds. */
export const MASKED: Reference = {
  extension: [{ url: "http://hl7.org/fhir/StructureDefinition/data-absent-reason", valueCode: "masked" }],
  display: "withheld",
};

export function identifier(system: string, value: string): Identifier {
  return { system, value: textOf(value) };
}

/** FHIR instants carry their offset. */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

export function period(fromMs: number, toMs: number): Period {
  return { start: instant(fromMs), end: instant(Math.max(fromMs, toMs)) };
}

/** FHIR's code: no white space at either end, single spaces inside. */
export function codeOf(text: string): string {
  return textOf(text).replaceAll(/\s+/g, " ");
}

/** FHIR's string: no control characters, not empty; bidirectional ones would show a text as another (CVE-2021-42574). */
export function textOf(text: string): string {
  return escapeText(text).trim() || "unknown";
}
