import { toHex, type Grant } from "@caladrius/wire";
import { thumbprintOf } from "./sign-grant.ts";

/** What a grant allows, in words: pairs of a label and a sentence. Texts of the grant are not escaped. */
export function describeGrant(grant: Grant): [label: string, words: string][] {
  const { subject, purposes, channels, detectors, level, notBefore, notAfter, samples, uses, ward, source } = grant;
  return [
    ["subject", subject],
    ["holder", `the key ${toHex(thumbprintOf(grant.holder))} and nobody else`],
    ["issuer", `the key ${toHex(grant.issuer)}`],
    ["purposes", purposes.join(", ")],
    ["channels", channels === null ? "any" : `no others than ${channels.join(", ")}`],
    ["detectors", detectors === null ? "any that the policy allows" : `no others than ${detectors.join(", ")}`],
    ["level", `at most ${level}, for anyone who gets a reply`],
    ["ward", ward ?? "any"],
    ["use", `from ${iso(notBefore * 1000)} until ${iso(notAfter * 1000)}, ${uses === 1 ? "once" : `${uses} times`}`],
    ["samples", samples === null ? "of any time" : `of ${iso(samples.fromMs)} to ${iso(samples.toMs)}`],
    ["made from", `${SOURCE[source.kind]}${source.digest === null ? "" : `, SHA-256 ${toHex(source.digest)}`}`],
    ["id", `${toHex(grant.id)}, by which a status list revokes it`],
  ];
}

/** The format allows times beyond what dates can say. */
function iso(ms: number): string {
  return ms > LAST_DATE_MS ? "the end of the calendar" : new Date(ms).toISOString();
}

const LAST_DATE_MS = 8_640_000_000_000_000;
const SOURCE: Readonly<Record<Grant["source"]["kind"], string>> = {
  direct: "the issuer's own word",
  "fhir-consent": "a FHIR Consent",
  "smart-permission-ticket": "a SMART Permission Ticket",
};
