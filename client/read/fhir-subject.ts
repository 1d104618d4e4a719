import type { Collector } from "./collect.ts";
import { optionalElement, optionalText, type Element } from "./fhir-elements.ts";
import { quote, ReadError } from "./problems.ts";

/**
 * The name of an observation's patient: of a reference to a Patient its id, or the whole of one that leads elsewhere; else
 * the value of an identifier. Null where none is needed and none can be named.
 * @throws ReadError fhir-subject, fhir-shape
 */
export function parseSubject(observation: Element, required: boolean, collector: Collector): string | null {
  const subject = optionalElement(observation, "subject");
  const named = subject === null ? null : nameOf(subject);
  const path = `${observation.path}.subject`;
  if (named !== null && named.name.length > 0 && named.name.length <= 128) {
    const before = collector.nameSpace(named.name, named.space);
    if (before === named.space) return named.name;
    if (required)
      throw new ReadError("fhir-subject", path, `${quote(named.name)} of ${quote(before)} as before`, `of ${quote(named.space)}`);
    return null;
  }
  if (!required) return null;
  const expected = "a reference to a Patient, or an identifier, of at most 128 characters";
  const reference = subject === null ? null : optionalText(subject, "reference");
  throw new ReadError("fhir-subject", path, expected, reference === null ? "none" : quote(reference));
}

/** The subject's name, and where it is one: the same number of two hospitals is two patients. */
function nameOf(subject: Element): { name: string; space: string } | null {
  const reference = optionalText(subject, "reference");
  if ((optionalText(subject, "type") ?? "Patient") !== "Patient") return null;
  if (reference === null) {
    const identifier = optionalElement(subject, "identifier");
    const name = identifier === null ? null : optionalText(identifier, "value");
    return identifier === null || name === null ? null : { name, space: optionalText(identifier, "system") ?? "no system" };
  }
  const pseudonym = /^Patient\/([A-Za-z0-9.-]{1,64})(?:\/_history\/.*)?$/.exec(reference)?.[1];
  if (pseudonym !== undefined) return { name: pseudonym, space: "Patient" };
  return /^(?:urn:|https?:\/\/.*\/Patient\/[^/?#]+(?:\/_history\/.*)?$)/.test(reference) ? { name: reference, space: "references" } : null;
}
