import { optionalText, type Element } from "../read/fhir-elements.ts";
import { meaningOf } from "../read/fhir-coding.ts";
import { MAX_TIME_MS, parseInstantMs } from "../read/instant.ts";
import { quote } from "../read/problems.ts";
import type { GrantError } from "./errors.ts";

/** Makes the refusal of a place in a document that a grant cannot say exactly. */
export type Inexact = (where: string, expected: string, actual: string) => GrantError;

/** Times in Unix ms, both ends included. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A FHIR R4 Period with both ends. @param offset of dates without a time; null: they are refused, as they are no moments */
export function spanOf(period: Element, offset: string | null, inexact: Inexact): Span {
  const other = [...period.map.keys()].find((key) => !PERIOD_ELEMENTS.has(key));
  if (other !== undefined) throw inexact(`${period.path}.${other}`, "start and end", "another element");
  const span = { fromMs: momentOf(period, "start", offset, inexact), toMs: momentOf(period, "end", offset, inexact) };
  if (span.toMs < span.fromMs) throw inexact(period.path, "an end behind the start", "none");
  return span;
}

/** A date without a time begins and ends with its day, where the offset is known (FHIR R4 Period). */
function momentOf(period: Element, key: "start" | "end", offset: string | null, inexact: Inexact): number {
  const text = optionalText(period, key);
  const path = `${period.path}.${key}`;
  if (text === null) throw inexact(path, `a ${key}`, "none");
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  if (day && offset === null) throw inexact(path, "a time with its offset, or an offset for dates", quote(text));
  const atMs = parseInstantMs(day ? `${text}T00:00:00${offset ?? ""}` : text);
  if (atMs === null) throw inexact(path, "a date, or a time with its offset, from 1970 on", quote(text));
  return Math.min(day && key === "end" ? atMs + DAY_MS - 1 : atMs, MAX_TIME_MS);
}

/** Channel codes of CodeableConcepts, each once. */
export function channelsOf(concepts: readonly Element[], inexact: Inexact): string[] {
  const channels = concepts.map((concept) => {
    const meaning = meaningOf(concept);
    if (meaning === null || meaning.kind !== "signal")
      throw inexact(concept.path, "LOINC or IEEE 11073 of a signal that recordings have", "another code");
    return meaning.signal.code;
  });
  return [...new Set(channels)];
}

/** How recordings name the subject of a reference, as they are read from FHIR; null where it names none. */
export function pseudonymOf(reference: string | null): string | null {
  const pseudonym = /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(reference ?? "")?.[1];
  const foreign = reference !== null && /^(urn:|https?:\/\/)/.test(reference) ? reference : null;
  const name = pseudonym ?? foreign;
  return name === null || name.length > MOST_SUBJECT ? null : name;
}

const PERIOD_ELEMENTS: ReadonlySet<string> = new Set(["id", "extension", "start", "end"]);
/** Characters; a grant's subject has no more. */
const MOST_SUBJECT = 128;
const DAY_MS = 86_400_000;
