import { createHash } from "node:crypto";
import { parseJson, type JsonValue } from "../read/json.ts";
import { DEFAULT_READ_LIMITS } from "../read/limits.ts";
import { elements, optionalElement, optionalText, toElement, type Element } from "../read/fhir-elements.ts";
import { quote, ReadError } from "../read/problems.ts";
import { GrantError } from "./errors.ts";
import { channelsOf, pseudonymOf, spanOf, type Span } from "./fhir-terms.ts";
import type { GrantTerms } from "./sign-grant.ts";

/** What a consent says of a grant. What it leaves open (holder, level, uses, ward, detectors) is its issuer's to decide. */
export type ConsentTerms = Pick<GrantTerms, "subject" | "purposes" | "channels" | "notBefore" | "notAfter" | "samples" | "source">;

/** What is known of a consent from elsewhere. */
export interface ConsentOptions {
  /** reference of the actor that the grant's holder is, such as Organization/analytics; needed where the consent names actors */
  readonly actor?: string | null;
  /** only these of its purposes */
  readonly purposes?: readonly string[];
  /** offset of its dates without a time, such as +01:00; without it such dates are refused, as they are no moments */
  readonly offset?: string | null;
}

/**
 * Reads a FHIR R4 Consent as the terms of a grant that allows exactly what the consent permits. Whatever a grant cannot
 * say exactly is refused, with the element's path: denials inside a permission, security labels, data by reference,
 * modifier extensions, actions without disclosure (a grant's holder may name further recipients), an open end. Elements
 * that this does not know are refused too; nothing is ever widened.
 *
 * @param bytes JSON, attacker-controlled
 * @throws GrantError consent-form, consent-inexact
 */
export function readConsent(bytes: Uint8Array, options: ConsentOptions = {}): ConsentTerms {
  try {
    const consent = toElement(parse(bytes), "Consent");
    return termsOf(consent, options, new Uint8Array(createHash("sha256").update(bytes).digest()));
  } catch (error) {
    if (error instanceof ReadError)
      throw new GrantError("consent-form", { where: error.where, expected: error.expected, actual: error.actual });
    throw error;
  }
}

function parse(bytes: Uint8Array): JsonValue {
  if (bytes.length > MAX_BYTES) throw new GrantError("consent-form", { expected: `at most ${MAX_BYTES} bytes`, actual: `${bytes.length}` });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new GrantError("consent-form", { expected: "UTF-8" });
  }
  return parseJson(text, DEFAULT_READ_LIMITS);
}

function termsOf(consent: Element, options: ConsentOptions, digest: Uint8Array): ConsentTerms {
  if (optionalText(consent, "resourceType") !== "Consent")
    throw new GrantError("consent-form", { where: "resourceType", expected: "Consent" });
  refuseOthers(consent, CONSENT_ELEMENTS);
  const status = optionalText(consent, "status");
  if (status !== "active") throw inexact(`${consent.path}.status`, "active", status === null ? "none" : quote(status));
  refuseScope(consent);
  refuseUnverified(consent);
  const { provision, outer } = permission(consent);
  refuseOthers(provision, PROVISION_ELEMENTS);
  refuseActors(provision, options.actor ?? null);
  refuseActions(provision);
  refuseClasses(provision);
  const windows = outer === null ? [provision] : [outer, provision];
  const period = narrowest(windows, "period", options.offset ?? null);
  if (period === null) throw inexact(`${provision.path}.period`, "start and end: a grant ends", "none");
  const terms: ConsentTerms = {
    subject: subjectOf(consent),
    purposes: purposesOf(provision, options.purposes ?? []),
    channels: channelsIn(provision),
    notBefore: Math.ceil(period.fromMs / 1000),
    notAfter: Math.floor(period.toMs / 1000),
    samples: narrowest(windows, "dataPeriod", options.offset ?? null),
    source: { kind: "fhir-consent", digest },
  };
  if (terms.notAfter <= terms.notBefore) throw inexact(`${provision.path}.period`, "an end behind the start", "none of both in common");
  return terms;
}

/**
 * The one rule that permits: the consent's own, or the one exception to its refusal. A root rule without a type means what
 * policyRule says (opt in or opt out).
 */
function permission(consent: Element): { provision: Element; outer: Element | null } {
  const root = optionalElement(consent, "provision");
  if (root === null) throw inexact(`${consent.path}.provision`, "a rule that permits", "none");
  const base = optionalText(root, "type") ?? baseOf(consent);
  const nested = elements(root, "provision");
  if (base === "permit") {
    const [first] = nested;
    if (first !== undefined) throw inexact(first.path, "no rule within a rule that permits", quote(optionalText(first, "type") ?? "none"));
    return { provision: root, outer: null };
  }
  refuseOthers(root, OUTER_ELEMENTS); // what a refusal is about cannot be taken from a grant
  const [only, second] = nested;
  if (only === undefined) throw inexact(`${root.path}.type`, "permit", base);
  if (second !== undefined) throw inexact(second.path, "one rule that permits: a grant is one rule", "another");
  const type = optionalText(only, "type");
  if (type !== "permit") throw inexact(`${only.path}.type`, "permit", type === null ? "none" : quote(type));
  const [deeper] = elements(only, "provision");
  if (deeper !== undefined) throw inexact(deeper.path, "no rule within a rule that permits", quote(optionalText(deeper, "type") ?? "none"));
  return { provision: only, outer: root };
}

function baseOf(consent: Element): "permit" | "deny" {
  const rule = optionalElement(consent, "policyRule");
  const codes = rule === null ? [] : elements(rule, "coding").filter((coding) => optionalText(coding, "system") === ACT_CODE);
  const [code, another] = codes.map((coding) => optionalText(coding, "code"));
  if (another !== undefined) throw inexact(`${consent.path}.policyRule`, "one coding of v3-ActCode", "several");
  if (code === "OPTIN") return "permit";
  if (code === "OPTOUT") return "deny";
  throw inexact(`${consent.path}.provision.type`, "permit or deny, or a policyRule OPTIN or OPTOUT", "neither");
}

function refuseScope(consent: Element): void {
  const scope = optionalElement(consent, "scope");
  const codings = scope === null ? [] : elements(scope, "coding");
  const known = codings.some((one) => optionalText(one, "system") === SCOPE && SCOPES.has(optionalText(one, "code") ?? ""));
  const other = codings.find((one) => optionalText(one, "system") === SCOPE && !SCOPES.has(optionalText(one, "code") ?? ""));
  if (!known || other !== undefined)
    throw inexact(
      `${consent.path}.scope`,
      [...SCOPES].join(" or "),
      other === undefined ? "neither" : quote(optionalText(other, "code") ?? ""),
    );
}

/** A consent that somebody looked into and could not verify is none. */
function refuseUnverified(consent: Element): void {
  for (const one of elements(consent, "verification"))
    if (one.map.get("verified") !== true) throw inexact(`${one.path}.verified`, "true", "not");
}

function refuseActors(provision: Element, holder: string | null): void {
  const actors = elements(provision, "actor");
  if (actors.length === 0) return;
  const named = actors.map((actor) => {
    refuseOthers(actor, ACTOR_ELEMENTS);
    const role = optionalElement(actor, "role");
    const codes = role === null ? [] : elements(role, "coding").map((coding) => optionalText(coding, "code") ?? "");
    if (codes.length === 0 || !codes.every((code) => RECIPIENT_ROLES.has(code)))
      throw inexact(`${actor.path}.role`, [...RECIPIENT_ROLES].join(" or "), codes.length === 0 ? "none" : codes.map(quote).join(", "));
    const reference = optionalElement(actor, "reference");
    return reference === null ? null : optionalText(reference, "reference");
  });
  if (holder === null || !named.includes(holder))
    throw inexact(
      `${provision.path}.actor`,
      holder === null ? "to be told which actor is the grant's holder" : `${quote(holder)} among the actors`,
      listed(named),
    );
}

function listed(references: readonly (string | null)[]): string {
  const distinct = [...new Set(references)].map((one) => (one === null ? "one without a reference" : quote(one)));
  const more = distinct.length - MOST_LISTED;
  return `${distinct.slice(0, MOST_LISTED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Under a grant a holder has recordings analysed, and may name further recipients of results. */
function refuseActions(provision: Element): void {
  const actions = elements(provision, "action");
  if (actions.length === 0) return;
  const codes = actions.flatMap((action) => elements(action, "coding").filter((one) => optionalText(one, "system") === ACTION));
  const given = new Set(codes.map((coding) => optionalText(coding, "code") ?? ""));
  const lacking = ["use", "disclose"].filter((code) => !given.has(code));
  if (lacking.length > 0) throw inexact(`${provision.path}.action`, lacking.join(" and "), [...given].map(quote).join(", ") || "none");
}

function refuseClasses(provision: Element): void {
  const classes = elements(provision, "class");
  const observations = classes.some((one) => optionalText(one, "system") === RESOURCE_TYPES && optionalText(one, "code") === "Observation");
  if (classes.length > 0 && !observations) throw inexact(`${provision.path}.class`, "Observation of the resource types", "others");
}

function purposesOf(provision: Element, wanted: readonly string[]): string[] {
  const given = elements(provision, "purpose").map((coding) => {
    const [system, code] = [optionalText(coding, "system"), optionalText(coding, "code")];
    if (system !== ACT_REASON || code === null || !/^[A-Z0-9_-]{1,32}$/.test(code))
      throw inexact(coding.path, "a code of HL7 v3 ActReason", quote(`${system ?? ""}|${code ?? ""}`));
    return code;
  });
  if (given.length === 0) throw inexact(`${provision.path}.purpose`, "purposes: a grant names its own", "none");
  const foreign = wanted.find((code) => !given.includes(code));
  if (foreign !== undefined) throw inexact(`${provision.path}.purpose`, given.join(", "), quote(foreign));
  const purposes = [...new Set(wanted.length > 0 ? wanted : given)];
  if (purposes.length > MOST_PURPOSES) throw inexact(`${provision.path}.purpose`, `at most ${MOST_PURPOSES}`, `${purposes.length}`);
  return purposes;
}

function channelsIn(provision: Element): string[] | null {
  const codes = elements(provision, "code");
  return codes.length === 0 ? null : channelsOf(codes, inexact);
}

function subjectOf(consent: Element): string {
  const patient = optionalElement(consent, "patient");
  const reference = patient === null ? null : optionalText(patient, "reference");
  const name = pseudonymOf(reference);
  if (name === null)
    throw inexact(`${consent.path}.patient.reference`, "a reference to a Patient", reference === null ? "none" : quote(reference));
  return name;
}

/** What several periods have in common; null when none of them is given. */
function narrowest(rules: readonly Element[], key: "period" | "dataPeriod", offset: string | null): Span | null {
  let common: Span | null = null;
  for (const rule of rules) {
    const period = optionalElement(rule, key);
    if (period === null) continue;
    const span = spanOf(period, offset, inexact);
    common = common === null ? span : { fromMs: Math.max(span.fromMs, common.fromMs), toMs: Math.min(span.toMs, common.toMs) };
    if (common.toMs < common.fromMs) throw inexact(period.path, "an end behind the start", "none");
  }
  return common;
}

/** Elements that change what others mean, and those that this does not know, may forbid what a grant would allow. */
function refuseOthers(element: Element, known: ReadonlySet<string>): void {
  for (const [key, value] of element.map) {
    const path = `${element.path}.${key}`;
    if (key === "modifierExtension") throw inexact(path, "none", "a modifier that this does not know");
    const primitive = key.startsWith("_") ? key.slice(1) : key;
    if (!known.has(primitive)) throw inexact(path, "an element that a grant can say", "another");
    // An extension of a primitive may say that its value is unknown.
    if (key.startsWith("_") && known !== CONSENT_ELEMENTS) throw inexact(path, "none", "an extension of a primitive");
    if (key === "meta" && value instanceof Map && value.has("security")) throw inexact(`${path}.security`, "none", "security labels");
  }
}

function inexact(where: string, expected: string, actual: string): GrantError {
  return new GrantError("consent-inexact", { where, expected, actual });
}

const CONSENT_ELEMENTS: ReadonlySet<string> = new Set(
  (
    "resourceType id meta language text contained extension identifier status scope category patient dateTime performer " +
    "organization sourceAttachment sourceReference policy policyRule verification provision"
  ).split(" "),
);
const PROVISION_ELEMENTS: ReadonlySet<string> = new Set(
  "id extension type period actor action purpose class code dataPeriod provision".split(" "),
);
/** Of a rule that refuses, around the one that permits: it may limit time, and say nothing else. */
const OUTER_ELEMENTS: ReadonlySet<string> = new Set(["id", "extension", "type", "period", "dataPeriod", "provision"]);
const ACTOR_ELEMENTS: ReadonlySet<string> = new Set(["id", "extension", "role", "reference"]);
const ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope";
const ACTION = "http://terminology.hl7.org/CodeSystem/consentaction";
const RESOURCE_TYPES = "http://hl7.org/fhir/resource-types";
const SCOPES: ReadonlySet<string> = new Set(["patient-privacy", "research"]);
/** HL7 v3 participation types: those who receive, unlike custodians or authors. */
const RECIPIENT_ROLES: ReadonlySet<string> = new Set(["IRCP", "PRCP"]);
const MOST_PURPOSES = 16;
const MOST_LISTED = 8;
const MAX_BYTES = 1024 * 1024;
