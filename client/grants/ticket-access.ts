import { elements, optionalText, toElement, type Element } from "../read/fhir-elements.ts";
import { quote } from "../read/problems.ts";
import { channelsOf, type Inexact } from "./fhir-terms.ts";

/**
 * The channels that a ticket's access permits to be read; null for any. Two drafts word the same union: `smart_scopes`
 * holds SMART v2 scopes, `permissions` objects.
 */
export function channelsPermitted(access: Element, inexact: Inexact): string[] | null {
  const scopes = access.map.get("smart_scopes");
  if ((scopes === undefined) !== access.map.has("permissions"))
    throw inexact(`${access.path}.smart_scopes`, "this or permissions", "both or none");
  if (scopes !== undefined && !Array.isArray(scopes)) throw inexact(`${access.path}.smart_scopes`, "a list", "another value");
  const entries =
    scopes === undefined
      ? elements(access, "permissions").map((one) => permissionOf(one, inexact))
      : scopes.map((scope, i) => scopeOf(scope, `${access.path}.smart_scopes[${i}]`, inexact));
  const readable = entries.filter((one) => one !== null);
  if (readable.length === 0)
    throw inexact(`${access.path}.${scopes === undefined ? "permissions" : "smart_scopes"}`, "Observation to be read", "none");
  const concepts = readable.flatMap((codes) => codes ?? ANY);
  const channels = channelsOf(
    concepts.filter((one) => one !== "any"),
    inexact,
  );
  if (concepts.includes("any")) return null;
  if (channels.length > MOST_CHANNELS) throw inexact(access.path, `at most ${MOST_CHANNELS} channels`, `${channels.length}`);
  return channels;
}

/** What one entry lets be read of observations: CodeableConcepts, or anything; null where nothing that a grant gives. */
type Entry = readonly (Element | "any")[] | null;

/** SMART App Launch 2.2 §3.0.2: patient/TYPE.cruds?query. Anything in the query but codes could narrow. */
function scopeOf(scope: unknown, path: string, inexact: Inexact): Entry {
  const text = typeof scope === "string" ? scope : "";
  const match = /^patient\/(\*|[A-Z][A-Za-z]{0,63})\.(c?r?u?d?s?)(?:\?(.*))?$/s.exec(text);
  const [, type = "", letters = "", query] = match ?? [];
  if (match === null || letters === "") throw inexact(path, "patient/TYPE.rs", typeof scope === "string" ? quote(text) : "no text");
  if (type !== "Observation" && type !== "*") return null;
  if (query !== undefined && type === "*") throw inexact(path, "no query over all resources", quote(query));
  const codes = query === undefined ? ANY : tokensOf(query, path, inexact);
  return letters.includes("r") ? codes : null;
}

/** FHIR R4 §3.1.1.4.10: system|code, several with commas between. Escapes and encodings are left to nobody's guess. */
function tokensOf(query: string, path: string, inexact: Inexact): Element[] {
  const list = /^code=([^&%\\+#]+)$/.exec(query)?.[1];
  if (list === undefined) throw inexact(path, "no query but code=system|code", quote(query));
  return list.split(",").map((token) => {
    const [, system, code] = /^([^|]+)\|([^|]+)$/.exec(token) ?? [];
    if (system === undefined || code === undefined) throw inexact(path, "system|code", quote(token));
    return concept(
      new Map([
        ["system", system],
        ["code", code],
      ]),
      path,
    );
  });
}

function permissionOf(permission: Element, inexact: Inexact): Entry {
  const { map, path } = permission;
  for (const key of map.keys()) if (!PERMISSION.has(key)) throw inexact(`${path}.${key}`, "a member that a grant can say", "another");
  const kind = optionalText(permission, "kind");
  if (kind !== "data") throw inexact(`${path}.kind`, "data", quote(kind ?? "none"));
  const type = optionalText(permission, "resource_type");
  const interactions = map.get("interactions");
  if (!Array.isArray(interactions)) throw inexact(`${path}.interactions`, "a list", "another value");
  if (type !== "Observation" && type !== "*") return null;
  const codes = map.has("code_any_of") ? elements(permission, "code_any_of") : ANY;
  if (codes.length === 0) throw inexact(`${path}.code_any_of`, "codes", "none");
  if (codes !== ANY && type === "*") throw inexact(`${path}.code_any_of`, "no codes over all resources", "codes");
  if (!interactions.includes("read")) return null;
  return codes.map((coding) => (coding === "any" ? coding : concept(coding.map, coding.path)));
}

function concept(coding: Element["map"], path: string): Element {
  return toElement(new Map([["coding", [coding]]]), path);
}

const ANY: readonly "any"[] = ["any"];
const PERMISSION: ReadonlySet<string> = new Set(["kind", "resource_type", "interactions", "code_any_of"]);
/** A grant lists no more. */
const MOST_CHANNELS = 64;
