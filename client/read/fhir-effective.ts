import { optionalElement, optionalText, type Element } from "./fhir-elements.ts";
import { parseInstantMs } from "./instant.ts";
import { quote, ReadError } from "./problems.ts";

/**
 * When an observation was made: one moment, or the start of a period and its end where it has one.
 * @throws ReadError fhir-time, fhir-shape
 */
export function parseEffective(observation: Element): { startMs: number; endMs: number | null } {
  const where = `${observation.path}.effective[x]`;
  const given = [...observation.map.keys()].filter((key) => /^effective[A-Z]/.test(key));
  const [kind = "none"] = given;
  if (given.length !== 1 || !EFFECTIVE.has(kind))
    throw new ReadError(
      "fhir-time",
      where,
      "one of effectiveDateTime, effectiveInstant and effectivePeriod",
      given.length > 1 ? given.join(", ") : kind,
    );
  if (kind !== "effectivePeriod")
    return { startMs: instantOf(optionalText(observation, kind) ?? "", `${observation.path}.${kind}`), endMs: null };
  const period = optionalElement(observation, kind);
  const [start, end] = ["start", "end"].map((key) => (period === null ? null : optionalText(period, key)));
  const path = `${observation.path}.effectivePeriod`;
  if (start === null || start === undefined) throw new ReadError("fhir-time", `${path}.start`, "a start", "none");
  const startMs = instantOf(start, `${path}.start`);
  const endMs = end === null || end === undefined ? null : instantOf(end, `${path}.end`);
  if (endMs !== null && endMs < startMs) throw new ReadError("fhir-time", `${path}.end`, "an end behind the start", quote(end ?? ""));
  return { startMs, endMs };
}

function instantOf(text: string, path: string): number {
  const atMs = parseInstantMs(text);
  if (atMs === null) throw new ReadError("fhir-time", path, "date and time with offset, from 1970 on", quote(text));
  return atMs;
}

const EFFECTIVE: ReadonlySet<string> = new Set(["effectiveDateTime", "effectiveInstant", "effectivePeriod"]);
