import { createHash } from "node:crypto";
import type { SigningPublicKey } from "@caladrius/wire";
import { optionalElement, optionalNumber, optionalText, type Element } from "../read/fhir-elements.ts";
import { quote } from "../read/problems.ts";
import { GrantError } from "./errors.ts";
import { pseudonymOf, spanOf } from "./fhir-terms.ts";
import type { GrantTerms } from "./sign-grant.ts";
import { channelsPermitted } from "./ticket-access.ts";
import { asForm, openTicket, type TicketIssuerKey } from "./ticket-jws.ts";

/** What a ticket says of a grant. Level, uses, ward and detectors are the grant's issuer's to decide. */
export type TicketTerms = Pick<
  GrantTerms,
  "holder" | "subject" | "purposes" | "channels" | "notBefore" | "notAfter" | "samples" | "source"
>;

/** Against what a ticket is verified. */
export interface TicketOptions {
  /** whose signature counts */
  readonly issuerKey: TicketIssuerKey;
  /** its `iss` must be this */
  readonly iss: string;
  /** and its `aud` this, or hold it */
  readonly aud: string;
  /** the ticket must be bound to this key */
  readonly holder: SigningPublicKey;
  /** Unix ms */
  readonly nowMs: number;
  /** how recordings name the patient whom the ticket describes; needed where it has no reference, as descriptions are not exact */
  readonly subject?: string | null;
  /** only these of its purposes */
  readonly purposes?: readonly string[];
  /** offset of its dates without a time, such as +01:00; without it such dates are refused, as they are no moments */
  readonly offset?: string | null;
}

/**
 * Verifies a SMART Permission Ticket (draft) of type patient-self-access and reads it as the terms of a grant that allows no
 * more than it does. Whatever a grant cannot say exactly is refused with its JSON path: an access constraint or claim that this does
 * not know ("unrecognized means reject"), data holder filters, revocation by the ticket issuer's own list, requesters,
 * bindings to anything but a key, scopes narrowed by anything but codes. Scopes of other resources than Observation are
 * left out: nothing that a grant gives is in them.
 *
 * @param bytes compact JWS, attacker-controlled
 * @throws GrantError ticket-form, ticket-signature, ticket-claims, ticket-inexact
 */
export async function readTicket(bytes: Uint8Array, options: TicketOptions): Promise<TicketTerms> {
  const { claims, digest } = await openTicket(bytes, options.issuerKey);
  return asForm(() => termsOf(claims, options, digest));
}

function termsOf(claims: Element, options: TicketOptions, digest: Uint8Array): TicketTerms {
  refuseOthers(claims, CLAIMS);
  refuseForeign(claims, options);
  const { notBefore, notAfter } = windowOf(claims, Math.floor(options.nowMs / 1000));
  const type = requiredText(claims, "ticket_type");
  if (type !== SELF_ACCESS) throw inexact("$.ticket_type", SELF_ACCESS, quote(type));
  refuseMembers(claims);
  refuseBinding(claims, options.holder);
  const access = requiredElement(claims, "access");
  refuseOthers(access, ACCESS);
  const period = optionalElement(access, "data_period");
  return {
    holder: options.holder,
    subject: subjectOf(requiredElement(claims, "subject"), options.subject ?? null),
    purposes: purposesOf(options.purposes ?? []),
    channels: channelsPermitted(access, inexact),
    notBefore,
    notAfter,
    samples: period === null ? null : spanOf(period, options.offset ?? null, inexact),
    source: { kind: "smart-permission-ticket", digest },
  };
}

/** RFC 7519 §4.1.1 and §4.1.3. */
function refuseForeign(claims: Element, { iss, aud }: TicketOptions): void {
  const issuer = requiredText(claims, "iss");
  if (issuer !== iss) throw unfit("$.iss", quote(iss), quote(issuer));
  const given = claims.map.get("aud");
  const audiences: unknown[] = Array.isArray(given) ? given : [given];
  if (!audiences.includes(aud)) throw unfit("$.aud", quote(aud), given === undefined ? "none" : "others");
  const type = optionalText(claims, "aud_type");
  if (type !== null && !AUDIENCE_TYPES.has(type)) throw inexact("$.aud_type", [...AUDIENCE_TYPES].join(" or "), quote(type));
  requiredText(claims, "jti");
}

/** A ticket counts from nbf until before exp (RFC 7519 §4.1.4, §4.1.5), a grant up to its last second. */
function windowOf(claims: Element, now: number): { notBefore: number; notAfter: number } {
  const [issued, from, end] = ["iat", "nbf", "exp"].map((claim) => secondsOf(claims, claim));
  if (end === null || end === undefined) throw unfit("$.exp", "a time: a grant ends", "none");
  if (now >= end) throw unfit("$.exp", `later than ${now}`, `${end}`);
  for (const [claim, at] of [["iat", issued] as const, ["nbf", from] as const])
    if (at !== null && at !== undefined && at > now) throw unfit(`$.${claim}`, `not later than ${now}`, `${at}`);
  const window = { notBefore: from ?? issued ?? now, notAfter: end - 1 };
  if (window.notAfter <= window.notBefore) throw unfit("$.exp", "more than a second", "less");
  return window;
}

/** What is there must be understood, and of this type of ticket neither a requester nor a context says anything. */
function refuseMembers(claims: Element): void {
  const named = claims.map.get("must_understand") ?? [];
  const unknown = Array.isArray(named) ? named.findIndex((one) => typeof one !== "string" || !CLAIMS.has(one)) : 0;
  if (unknown >= 0) throw inexact(`$.must_understand[${unknown}]`, "a claim that a grant can say", "another");
  const context = optionalElement(claims, "context");
  if (context !== null) refuseOthers(context, NOTHING);
}

/** The ticket names its holder by thumbprint alone (RFC 7638, RFC 8037 §2): the key itself must come with it. */
function refuseBinding(claims: Element, holder: SigningPublicKey): void {
  const binding = requiredElement(claims, "presenter_binding");
  const method = requiredText(binding, "method");
  if (method !== "jkt") throw inexact(`${binding.path}.method`, "jkt: a grant is bound to a key", quote(method));
  refuseOthers(binding, BINDING);
  const found = requiredText(binding, "jkt");
  const expected = jwkThumbprintOf(holder);
  if (found !== expected) throw unfit(`${binding.path}.jkt`, `${expected}, the holder's`, quote(found));
}

function jwkThumbprintOf({ alg, key }: SigningPublicKey): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  const jwk =
    alg === "Ed25519"
      ? { crv: "Ed25519", kty: "OKP", x: text(key) }
      : { crv: "P-256", kty: "EC", x: text(key.subarray(1, 33)), y: text(key.subarray(33)) };
  return createHash("sha256").update(JSON.stringify(jwk)).digest("base64url");
}

/** By reference; or as the grant's issuer knows the patient whom the ticket describes. Both must agree. */
function subjectOf(subject: Element, known: string | null): string {
  refuseOthers(subject, SUBJECT);
  const patient = requiredElement(subject, "patient");
  refuseOthers(patient, PATIENT);
  if (optionalText(patient, "resourceType") !== "Patient") throw inexact(`${patient.path}.resourceType`, "Patient", "another");
  const record = optionalElement(subject, "recipient_record");
  if (record !== null) refuseOthers(record, RECORD);
  const references: [path: string, reference: string | null][] = [
    [`${subject.path}.patient_reference`, optionalText(subject, "patient_reference")],
    [`${subject.path}.recipient_record.reference`, record === null ? null : optionalText(record, "reference")],
  ];
  let name = known;
  for (const [path, reference] of references) {
    if (reference === null) continue;
    const found = pseudonymOf(reference);
    if (found === null) throw inexact(path, "a reference to a Patient", quote(reference));
    if (name !== null && name !== found) throw unfit(path, quote(name), quote(found));
    name = found;
  }
  if (name === null)
    throw inexact(`${subject.path}.patient_reference`, "a reference, or the subject said beside the ticket", "a description");
  return name;
}

function purposesOf(wanted: readonly string[]): string[] {
  const foreign = wanted.find((code) => code !== PATIENT_REQUEST);
  if (foreign !== undefined) throw inexact("$.ticket_type", `${PATIENT_REQUEST}, the purpose of this type`, quote(foreign));
  return [PATIENT_REQUEST];
}

function secondsOf(claims: Element, claim: string): number | null {
  const text = optionalNumber(claims, claim);
  if (text === null) return null;
  if (!/^(0|[1-9]\d{0,11})$/.test(text)) throw unfit(`$.${claim}`, "whole seconds since 1970", quote(text));
  return Number(text);
}

function requiredText(parent: Element, key: string): string {
  const text = optionalText(parent, key);
  if (text === null || text === "") throw inexact(`${parent.path}.${key}`, "a text", "none");
  return text;
}

function requiredElement(parent: Element, key: string): Element {
  const element = optionalElement(parent, key);
  if (element === null) throw inexact(`${parent.path}.${key}`, "an object", "none");
  return element;
}

function refuseOthers(element: Element, known: ReadonlySet<string>): void {
  for (const key of element.map.keys())
    if (!known.has(key)) throw inexact(`${element.path}.${key}`, "a member that a grant can say", "another");
}

function inexact(where: string, expected: string, actual: string): GrantError {
  return new GrantError("ticket-inexact", { where, expected, actual });
}

function unfit(where: string, expected: string, actual: string): GrantError {
  return new GrantError("ticket-claims", { where, expected, actual });
}

const SELF_ACCESS = "https://smarthealthit.org/permission-ticket-type/patient-self-access-v1";
/** HL7 v3 PurposeOfUse: a patient asks for their own data. */
const PATIENT_REQUEST = "PATRQT";
const CLAIMS: ReadonlySet<string> = new Set(
  "iss aud aud_type exp iat nbf jti ticket_type presenter_binding must_understand subject access context".split(" "),
);
const AUDIENCE_TYPES: ReadonlySet<string> = new Set(["data_holder_url", "trust_framework"]);
const ACCESS: ReadonlySet<string> = new Set(["smart_scopes", "permissions", "data_period"]);
const BINDING: ReadonlySet<string> = new Set(["method", "jkt"]);
const SUBJECT: ReadonlySet<string> = new Set(["patient", "patient_reference", "recipient_record"]);
const RECORD: ReadonlySet<string> = new Set(["reference", "type", "display"]);
const PATIENT: ReadonlySet<string> = new Set("resourceType id identifier name birthDate gender telecom address".split(" "));
const NOTHING: ReadonlySet<string> = new Set();
