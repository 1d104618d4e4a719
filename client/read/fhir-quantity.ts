import type { Collector } from "./collect.ts";
import { optionalText, type Element } from "./fhir-elements.ts";
import { quote, ReadError } from "./problems.ts";
import { parseDecimal, type Rational } from "./rational.ts";

/** Where a value stands, for whom and from when. */
export interface Context {
  collector: Collector;
  file: string;
  subject: string;
  startMs: number;
  /** of effectivePeriod, where given */
  endMs: number | null;
  /** corrected and amended before final */
  rank: number;
  /** of the resource, by which it may be withdrawn; null where it has none */
  id: string | null;
}

/** UCUM by system and code: the printed `unit` is for people. */
export function unitOf(quantity: Element): string {
  const system = optionalText(quantity, "system");
  if (system !== UCUM) throw new ReadError("fhir-unit", `${quantity.path}.system`, UCUM, system === null ? "nothing" : quote(system));
  return optionalText(quantity, "code") ?? "";
}

export function decimalOf(text: string, path: string): Rational {
  const value = parseDecimal(text);
  if (value === null) throw new ReadError("value-range", path, "a number of at most 30 digits", quote(text));
  return value;
}

const UCUM = "http://unitsofmeasure.org";
