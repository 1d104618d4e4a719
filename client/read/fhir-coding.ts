import { elements, optionalText, type Element } from "./fhir-elements.ts";
import { quote, ReadError } from "./problems.ts";
import { signalOfLoinc, signalOfMdc, type Signal } from "./signals.ts";

/** What the code of an observation or component says: a signal with a channel, or a state that becomes an event. */
export type Meaning =
  | { kind: "signal"; signal: Signal }
  | { kind: "oxygen-flow" }
  | { kind: "oxygen-fraction" }
  | { kind: "consciousness" };

/**
 * Finds the meaning of a CodeableConcept. Known LOINC codes decide; codes of IEEE 11073-10101 beside them must be ones of
 * the same signal, alone they count by themselves. Returns null for what is not read.
 * @throws ReadError fhir-coding where codings contradict each other
 */
export function meaningOf(concept: Element | null): Meaning | null {
  if (concept === null) return null;
  let found: Meaning | null = null;
  const mdc: { code: string; path: string }[] = [];
  for (const coding of elements(concept, "coding")) {
    const system = optionalText(coding, "system");
    const code = optionalText(coding, "code") ?? "";
    if (MDC_SYSTEMS.has(system ?? "")) mdc.push({ code, path: coding.path });
    if (system !== LOINC) continue;
    const meaning = meaningOfLoinc(code);
    if (meaning === null) continue;
    if (found !== null && keyOf(found) !== keyOf(meaning)) {
      throw new ReadError("fhir-coding", coding.path, `a code that means ${keyOf(found)}`, quote(code));
    }
    found = meaning;
  }
  for (const { code, path } of mdc) {
    const signal = signalOfMdc(code);
    if (found === null) {
      if (signal !== null) found = { kind: "signal", signal };
    } else if (found.kind === "signal" && found.signal.mdc.length > 0) {
      if (!found.signal.mdc.includes(code))
        throw new ReadError("fhir-coding", path, `${found.signal.mdc.join(" or ")} beside ${found.signal.code}`, quote(code));
    } else if (signal !== null) throw new ReadError("fhir-coding", path, `a code that means ${keyOf(found)}`, quote(code));
  }
  return found;
}

/**
 * The consciousness letter of a CodeableConcept: LOINC answers of 67775-7 or SNOMED CT findings; null for others.
 * @throws ReadError fhir-coding where codings contradict each other
 */
export function consciousnessOf(concept: Element): string | null {
  let found: string | null = null;
  for (const coding of elements(concept, "coding")) {
    const system = optionalText(coding, "system");
    const code = optionalText(coding, "code") ?? "";
    const letter = (system === LOINC ? LOINC_ANSWERS : system === SNOMED ? SNOMED_FINDINGS : undefined)?.get(code);
    if (letter === undefined) continue;
    if (found !== null && found !== letter) throw new ReadError("fhir-coding", coding.path, `a code that means ${found}`, quote(code));
    found = letter;
  }
  return found;
}

function meaningOfLoinc(code: string): Meaning | null {
  if (code === "3151-8") return { kind: "oxygen-flow" };
  if (code === "3150-6") return { kind: "oxygen-fraction" };
  if (code === "67775-7") return { kind: "consciousness" };
  const signal = signalOfLoinc(code);
  return signal === null ? null : { kind: "signal", signal };
}

function keyOf(meaning: Meaning): string {
  return meaning.kind === "signal" ? meaning.signal.code : meaning.kind;
}

const LOINC = "http://loinc.org";
const SNOMED = "http://snomed.info/sct";
/** HL7's OID for IEEE 11073-10101 and its URI; both are in use. */
const MDC_SYSTEMS: ReadonlySet<string> = new Set(["urn:oid:2.16.840.1.113883.6.24", "urn:iso:std:iso:11073:10101"]);
/** LOINC answer list of 67775-7; new confusion as LA6560-2, as FHIR guides for NEWS2 code it. */
const LOINC_ANSWERS: ReadonlyMap<string, string> = new Map([
  ["LA9340-6", "A"],
  ["LA6560-2", "C"],
  ["LA17108-4", "V"],
  ["LA17107-6", "P"],
  ["LA9343-0", "U"],
]);
const SNOMED_FINDINGS: ReadonlyMap<string, string> = new Map([
  ["248234008", "A"],
  ["130987000", "C"],
  ["300202002", "V"],
  ["450847001", "P"],
  ["422768004", "U"],
]);
