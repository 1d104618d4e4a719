import { Collector, type ReadResult } from "./collect.ts";
import { elements, optionalElement, optionalText, toElement, type Element } from "./fhir-elements.ts";
import { readObservation, type FhirContext } from "./fhir-observation.ts";
import { parseJson } from "./json.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { decodeText } from "./text.ts";

/** How a FHIR file is written: one JSON text, or one resource a line. */
export interface FhirOptions {
  /** name of the file, for problems and sources */
  file: string;
  /** NDJSON: each line is a resource of its own, and a line that cannot be read leaves the others */
  lines?: boolean;
  /** the present in Unix ms, default the system's clock: later times are told */
  nowMs?: number;
  limits?: Partial<ReadLimits>;
}

/**
 * Reads FHIR R4: an Observation, a Bundle of them, or NDJSON (attacker-controlled bytes). Used are observations with
 * status final, amended or corrected that have a known LOINC or IEEE 11073-10101 code and an effective time with offset;
 * what is left out is counted in `notUsed` or listed in `problems`. Never throws for anything in the file.
 */
export function readFhir(bytes: Uint8Array, options: FhirOptions): ReadResult {
  const collector = new Collector(options.limits);
  collectFhir(bytes, options, collector);
  return collector.finish();
}

/** The same into a collector that other files share. */
export function collectFhir(bytes: Uint8Array, options: FhirOptions, collector: Collector): void {
  const { file, nowMs = Date.now() } = options;
  const context: FhirContext = { file, collector, nowMs };
  collector.open(file);
  collector.attempt(file, () => {
    const text = decodeText(bytes, collector.limits);
    if (/^\s*</.test(text)) throw new ReadError("fhir-xml", "file", XML_EXPECTED, quote(text.trimStart().slice(0, 12)));
    if (options.lines !== true) {
      readResource(toElement(parseJson(text, collector.limits), ""), context);
      return;
    }
    let line = 0;
    for (let start = 0; start < text.length && !collector.gaveUp(file);) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      const source = text.slice(start, end);
      start = end + 1;
      line++;
      if (source.trim() === "") continue;
      const number = line;
      collector.attempt(file, () => readResource(toElement(parseJson(source, collector.limits, number), `line ${number}`), context));
    }
  });
}

function readResource(resource: Element, context: FhirContext): void {
  const type = optionalText(resource, "resourceType");
  const root = resource.path === "" ? (type ?? "resource") : `${resource.path} ${type ?? "resource"}`;
  const named: Element = { map: resource.map, path: root };
  if (type === "Observation") readObservation(named, context);
  else if (type === "Bundle") readBundle(named, context);
  else throw new ReadError("fhir-resource", `${root}.resourceType`, "Observation or Bundle", type === null ? "none" : quote(type));
}

function readBundle(bundle: Element, context: FhirContext): void {
  const { file, collector } = context;
  if (optionalText(bundle, "type") === "history")
    // of one resource, all that it ever said
    throw new ReadError(
      "fhir-resource",
      `${bundle.path}.type`,
      "a Bundle of resources as they are now, such as a search gives",
      '"history"',
    );
  for (const entry of elements(bundle, "entry")) {
    if (collector.gaveUp(file)) return;
    collector.attempt(file, () => {
      const resource = optionalElement(entry, "resource");
      const type = resource === null ? null : optionalText(resource, "resourceType");
      if (resource !== null && type === "Observation") readObservation(resource, context);
      else if (resource !== null && type === "Bundle") readBundle(resource, context); // as a batch of searches answers
      else collector.count("not-an-observation", null);
    });
  }
}

/** For whoever brings XML: what to ask for instead. */
export const XML_EXPECTED = "FHIR as JSON; ask its server for Accept: application/fhir+json, or convert the file";
