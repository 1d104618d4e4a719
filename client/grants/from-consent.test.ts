import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrantError, readConsent, type ConsentOptions } from "../index.ts";

/** Installed with: npm ci --prefix test/fhir-examples */
const examples = fileURLToPath(new URL("../../test/fhir-examples/node_modules/hl7.fhir.r4.examples/", import.meta.url));

const LOINC = "http://loinc.org";
const REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const PERIOD = { start: "2026-01-01T00:00:00Z", end: "2026-12-31T23:59:59Z" };

const rule = (change: object = {}): Record<string, unknown> => ({
  type: "permit",
  period: PERIOD,
  purpose: [{ system: REASON, code: "HRESCH" }],
  code: [{ coding: [{ system: LOINC, code: "8867-4" }] }],
  ...change,
});
const consent = (change: object = {}, provision: object = rule()): Record<string, unknown> => ({
  resourceType: "Consent",
  status: "active",
  scope: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "patient-privacy" }] },
  category: [{ coding: [{ system: LOINC, code: "59284-0" }] }],
  patient: { reference: "Patient/p-7" },
  provision,
  ...change,
});
const read = (value: unknown, options: ConsentOptions = {}): ReturnType<typeof readConsent> =>
  readConsent(new TextEncoder().encode(JSON.stringify(value)), options);
const refused = (value: unknown, options: ConsentOptions = {}): string => {
  try {
    read(value, options);
  } catch (error) {
    if (error instanceof GrantError) return `${error.code} ${error.where ?? ""}`;
    throw error;
  }
  return "mapped";
};

describe("a consent that a grant can say", () => {
  it("becomes its terms", () => {
    expect(read(consent({}, rule({ dataPeriod: { start: "2026-02-01T00:00:00+01:00", end: "2026-02-02T00:00:00.5Z" } })))).toEqual({
      subject: "p-7",
      purposes: ["HRESCH"],
      channels: ["loinc:8867-4"],
      notBefore: Date.UTC(2026, 0, 1) / 1000,
      notAfter: Date.UTC(2026, 11, 31, 23, 59, 59) / 1000,
      samples: { fromMs: Date.UTC(2026, 0, 31, 23), toMs: Date.UTC(2026, 1, 2) + 500 },
      source: { kind: "fhir-consent", digest: expect.any(Uint8Array) as Uint8Array },
    });
  });

  it("may be the one exception to a refusal, within the times of both", () => {
    const outer = { type: "deny", period: { start: "2026-03-01T00:00:00Z", end: "2027-12-31T00:00:00Z" }, provision: [rule()] };
    expect(read(consent({}, outer))).toMatchObject({
      notBefore: Date.UTC(2026, 2, 1) / 1000,
      notAfter: Date.UTC(2026, 11, 31, 23, 59, 59) / 1000,
    });
    const optOut = { policyRule: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "OPTOUT" }] } };
    expect(read(consent(optOut, { provision: [rule()] }))).toMatchObject({ purposes: ["HRESCH"] });
  });

  it("gives dates without a time their whole days, where the offset is said", () => {
    const dated = consent({}, rule({ period: { start: "2026-01-01", end: "2026-01-02" } }));
    expect(refused(dated)).toBe("consent-inexact Consent.provision.period.start");
    const { notBefore, notAfter } = read(dated, { offset: "+01:00" });
    expect([notBefore, notAfter]).toEqual([Date.UTC(2025, 11, 31, 23) / 1000, Date.UTC(2026, 0, 2, 23) / 1000 - 1]);
  });

  it("names the holder among its actors, and purposes can be taken out", () => {
    const actor = [{ role: { coding: [{ code: "IRCP" }] }, reference: { reference: "Organization/lab" } }];
    const purpose = [
      { system: REASON, code: "HRESCH" },
      { system: REASON, code: "TREAT" },
    ];
    const value = consent({}, rule({ actor, purpose }));
    expect(read(value, { actor: "Organization/lab", purposes: ["TREAT"] }).purposes).toEqual(["TREAT"]);
    expect(refused(value)).toBe("consent-inexact Consent.provision.actor");
    expect(refused(value, { actor: "Organization/other" })).toBe("consent-inexact Consent.provision.actor");
    expect(() => read(value, { actor: "Organization/other" })).toThrow(
      'Consent.provision.actor: expected "Organization/other" among the actors, found "Organization/lab"',
    );
    expect(() => read(value)).toThrow(`expected to be told which actor is the grant's holder, found "Organization/lab"`);
    const many = Array.from({ length: 10 }, (_, i) => ({ ...actor[0], reference: i === 0 ? {} : { reference: `Device/${i}` } }));
    expect(() => read(consent({}, rule({ actor: many })))).toThrow(/found one without a reference, "Device\/1", .*"Device\/7" and 2 more$/);
    expect(refused(value, { actor: "Organization/lab", purposes: ["HPAYMT"] })).toBe("consent-inexact Consent.provision.purpose");
  });
});

describe("a consent that a grant cannot say is refused with the place", () => {
  const cases: [name: string, value: unknown, where: string][] = [
    ["withdrawn", consent({ status: "inactive" }), "Consent.status"],
    ["no status", consent({ status: undefined }), "Consent.status"],
    [
      "other scope",
      consent({ scope: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "adr" }] } }),
      "Consent.scope",
    ],
    ["modifier", consent({ modifierExtension: [{ url: "urn:x", valueBoolean: true }] }), "Consent.modifierExtension"],
    ["implicit rules", consent({ implicitRules: "urn:rules" }), "Consent.implicitRules"],
    ["labelled", consent({ meta: { security: [{ code: "R" }] } }), "Consent.meta.security"],
    ["not verified", consent({ verification: [{ verified: false }] }), "Consent.verification[0].verified"],
    ["no rule", consent({ provision: undefined }), "Consent.provision"],
    ["denial", consent({}, rule({ type: "deny" })), "Consent.provision.purpose"],
    ["denial alone", consent({}, { type: "deny" }), "Consent.provision.type"],
    ["no type", consent({}, rule({ type: undefined })), "Consent.provision.type"],
    ["denied within", consent({}, rule({ provision: [{ type: "deny", code: [] }] })), "Consent.provision.provision[0]"],
    ["permitted within", consent({}, rule({ provision: [rule()] })), "Consent.provision.provision[0]"],
    ["two exceptions", consent({}, { type: "deny", provision: [rule(), rule()] }), "Consent.provision.provision[1]"],
    ["exception denies", consent({}, { type: "deny", provision: [rule({ type: "deny" })] }), "Consent.provision.provision[0].type"],
    [
      "three deep",
      consent({}, { type: "deny", provision: [rule({ provision: [{ type: "deny" }] })] }),
      "Consent.provision.provision[0].provision[0]",
    ],
    ["refusal of some", consent({}, { type: "deny", code: [], provision: [rule()] }), "Consent.provision.code"],
    ["rule modifier", consent({}, rule({ modifierExtension: [{ url: "urn:x" }] })), "Consent.provision.modifierExtension"],
    ["label", consent({}, rule({ securityLabel: [{ code: "N" }] })), "Consent.provision.securityLabel"],
    [
      "by reference",
      consent({}, rule({ data: [{ meaning: "instance", reference: { reference: "Observation/1" } }] })),
      "Consent.provision.data",
    ],
    ["open end", consent({}, rule({ period: { start: PERIOD.start } })), "Consent.provision.period.end"],
    ["no period", consent({}, rule({ period: undefined })), "Consent.provision.period"],
    ["turned", consent({}, rule({ period: { start: PERIOD.end, end: PERIOD.start } })), "Consent.provision.period"],
    ["year", consent({}, rule({ period: { start: "2026", end: "2027" } })), "Consent.provision.period.start"],
    ["hidden end", consent({}, rule({ period: { ...PERIOD, _end: { extension: [] } } })), "Consent.provision.period._end"],
    ["no purpose", consent({}, rule({ purpose: [] })), "Consent.provision.purpose"],
    ["foreign purpose", consent({}, rule({ purpose: [{ system: "urn:own", code: "TREAT" }] })), "Consent.provision.purpose[0]"],
    ["unknown code", consent({}, rule({ code: [{ coding: [{ system: LOINC, code: "1-8" }] }] })), "Consent.provision.code[0]"],
    ["text code", consent({}, rule({ code: [{ text: "heart rate" }] })), "Consent.provision.code[0]"],
    [
      "documents",
      consent({}, rule({ class: [{ system: "urn:ietf:bcp:13", code: "application/hl7-cda+xml" }] })),
      "Consent.provision.class",
    ],
    [
      "no disclosure",
      consent({}, rule({ action: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentaction", code: "use" }] }] })),
      "Consent.provision.action",
    ],
    [
      "custodian",
      consent({}, rule({ actor: [{ role: { coding: [{ code: "CST" }] }, reference: { reference: "Organization/1" } }] })),
      "Consent.provision.actor[0].role",
    ],
    ["no patient", consent({ patient: undefined }), "Consent.patient.reference"],
    ["unknown element", consent({}, rule({ limit: 3 })), "Consent.provision.limit"],
  ];
  it.each(cases)("%s", (_name, value, where) => {
    expect(refused(value)).toBe(`consent-inexact ${where}`);
  });

  it("and what is no consent says so", () => {
    for (const text of [
      "",
      "[]",
      "null",
      '{"resourceType":"Patient"}',
      '{"resourceType":"Consent","status":"active","status":"active"}',
      "\ud800",
    ])
      expect(() => readConsent(new TextEncoder().encode(text))).toThrow(GrantError);
    expect(() => readConsent(Uint8Array.of(0xff))).toThrow(/UTF-8/);
    expect(() => readConsent(new Uint8Array(1024 * 1024 + 1).fill(0x20))).toThrow(/at most/);
  });

  it("or throws nothing but a refusal, whatever stands in it", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(...Object.keys(rule()), "actor", "action", "class", "dataPeriod", "provision"),
        (value, key) => {
          const said = refused(consent({}, rule({ [key]: value })));
          expect(said).toMatch(/^(mapped|consent-(form|inexact) Consent\.|consent-form line )/); // by line: a name such as __proto__
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("hl7.fhir.r4.examples 4.0.1", () => {
  const names = existsSync(examples) ? readdirSync(examples).filter((name) => /^Consent-.*\.json$/.test(name)) : [];

  it.skipIf(names.length === 0)("has no consent that a grant could say, and each is refused with its first place", () => {
    const found = names.map((name) => {
      const value = JSON.parse(readFileSync(join(examples, name), "utf8")) as unknown;
      return `${name.slice("Consent-".length, -".json".length)}: ${refused(value, { offset: "Z" })}`;
    });
    expect(found).toMatchInlineSnapshot(`
      [
        "consent-example-Emergency: consent-inexact Consent.provision.actor",
        "consent-example-Out: consent-inexact Consent.provision.actor",
        "consent-example-basic: consent-inexact Consent.provision.period.start",
        "consent-example-grantor: consent-inexact Consent.provision.actor",
        "consent-example-notAuthor: consent-inexact Consent.provision.actor[0].role",
        "consent-example-notOrg: consent-inexact Consent.provision.actor",
        "consent-example-notThem: consent-inexact Consent.provision.actor",
        "consent-example-notThis: consent-inexact Consent.provision.data",
        "consent-example-notTime: consent-inexact Consent.provision.purpose",
        "consent-example-pkb: consent-inexact Consent.provision.actor",
        "consent-example-signature: consent-inexact Consent.provision.provision[0]",
        "consent-example-smartonfhir: consent-inexact Consent.provision.provision[0]",
      ]
    `);
  });
});
