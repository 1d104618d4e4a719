import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { ConfigurationError, decodeGrant, decodeStatement, type SigningPublicKey } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrantError, parseTicketIssuerKey, parseVerifyingKey, readTicket, signGrant, type TicketOptions } from "../index.ts";

const NOW = Date.UTC(2026, 5, 1) / 1000;
const SELF_ACCESS = "https://smarthealthit.org/permission-ticket-type/patient-self-access-v1";
const issuer = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const edIssuer = generateKeyPairSync("ed25519");
const holder = generateKeyPairSync("ed25519");
const pem = (key: KeyObject): string => key.export({ format: "pem", type: "spki" }).toString();
const jwk = (key: KeyObject, more: object = {}): string => JSON.stringify({ ...key.export({ format: "jwk" }), ...more });
const rawOf = (key: KeyObject): SigningPublicKey => parseVerifyingKey(pem(key));
/** RFC 7638 §3, written out by hand for each kind of key */
const thumbprint = (key: KeyObject): string => {
  const { crv, kty, x, y } = key.export({ format: "jwk" });
  const text = kty === "OKP" ? `{"crv":"${crv}","kty":"${kty}","x":"${x}"}` : `{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`;
  return createHash("sha256").update(text).digest("base64url");
};
const b64 = (text: string): string => Buffer.from(text).toString("base64url");

type Json = Record<string, unknown>;
const claims = (change: Json = {}, access: Json = {}): Json => ({
  iss: "https://issuer.example",
  aud: "https://hospital.example/fhir",
  aud_type: "data_holder_url",
  exp: NOW + 3600,
  iat: NOW - 60,
  jti: "ticket-1",
  ticket_type: SELF_ACCESS,
  presenter_binding: { method: "jkt", jkt: thumbprint(holder.publicKey) },
  subject: { patient: { resourceType: "Patient", birthDate: "1980-01-01" }, patient_reference: "Patient/p-7" },
  access: { smart_scopes: ["patient/Observation.rs?code=http://loinc.org|8867-4"], ...access },
  ...change,
});
const ticketOf = (payload: string, header: string = '{"alg":"ES256","typ":"JWT"}', key: KeyObject = issuer.privateKey): Uint8Array => {
  const signed = `${b64(header)}.${b64(payload)}`;
  const signature =
    key.asymmetricKeyType === "ed25519"
      ? sign(null, Buffer.from(signed), key)
      : sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return new TextEncoder().encode(`${signed}.${signature.toString("base64url")}`);
};
const ticket = (value: unknown, header?: string, key?: KeyObject): Uint8Array => ticketOf(JSON.stringify(value), header, key);
const OPTIONS: TicketOptions = {
  issuerKey: parseTicketIssuerKey(pem(issuer.publicKey)),
  iss: "https://issuer.example",
  aud: "https://hospital.example/fhir",
  holder: rawOf(holder.publicKey),
  nowMs: NOW * 1000,
};
const read = (bytes: Uint8Array, change: Partial<TicketOptions> = {}): ReturnType<typeof readTicket> =>
  readTicket(bytes, { ...OPTIONS, ...change });
const refused = (bytes: Uint8Array, change: Partial<TicketOptions> = {}): Promise<string> =>
  read(bytes, change).then(
    () => "mapped",
    (error: unknown) => {
      if (error instanceof GrantError) return `${error.code} ${error.where ?? ""}`.trim();
      throw error;
    },
  );

describe("a ticket that a grant can say", () => {
  it("becomes its terms, and a grant that decodes", async () => {
    const bytes = ticket(claims({}, { data_period: { start: "2026-02-01T00:00:00Z", end: "2026-02-02T00:00:00Z" } }));
    const terms = await read(bytes);
    expect(terms).toEqual({
      holder: rawOf(holder.publicKey),
      subject: "p-7",
      purposes: ["PATRQT"],
      channels: ["loinc:8867-4"],
      notBefore: NOW - 60,
      notAfter: NOW + 3599,
      samples: { fromMs: Date.UTC(2026, 1, 1), toMs: Date.UTC(2026, 1, 2) },
      source: { kind: "smart-permission-ticket", digest: new Uint8Array(createHash("sha256").update(bytes).digest()) },
    });
    const signer = {
      publicKey: rawOf(edIssuer.publicKey),
      sign: (text: Uint8Array) => new Uint8Array(sign(null, text, edIssuer.privateKey)),
    };
    const { statement } = signGrant({ ...terms, detectors: null, level: "alarm", uses: 1, ward: null }, signer);
    expect(decodeGrant(decodeStatement(statement, "grant").payload)).toMatchObject(terms);
    const saved = new Uint8Array([...bytes, 0x0a]);
    expect((await read(saved)).source).toEqual(terms.source);
  });

  it("may be signed with Ed25519, name its key, and be bound to a key of P-256", async () => {
    const issuerKey = parseTicketIssuerKey(jwk(edIssuer.publicKey, { kid: "k1", use: "sig", alg: "EdDSA" }));
    const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).publicKey;
    const bound = claims({ presenter_binding: { method: "jkt", jkt: thumbprint(p256) } });
    for (const alg of ["EdDSA", "Ed25519"]) {
      const bytes = ticket(bound, JSON.stringify({ alg, kid: "k1" }), edIssuer.privateKey);
      expect((await read(bytes, { issuerKey, holder: rawOf(p256) })).holder).toEqual(rawOf(p256));
    }
    expect(await refused(ticket(bound, '{"alg":"EdDSA","kid":"k2"}', edIssuer.privateKey), { issuerKey, holder: rawOf(p256) })).toBe(
      "ticket-signature header.kid",
    );
  });

  it("unites its scopes, as any of the drafts words them, and leaves other resources out", async () => {
    const codes = "http://loinc.org|8867-4,http://loinc.org|9279-1";
    const channels = async (access: Json): Promise<unknown> => (await read(ticket(claims({ access })))).channels;
    const scope = `patient/Observation.rs?code=${codes}`;
    expect(await channels({ smart_scopes: ["patient/Condition.rs?category=a|b", scope, scope] })).toEqual(["loinc:8867-4", "loinc:9279-1"]);
    expect(await channels({ smart_scopes: [scope, "patient/*.cruds"] })).toBeNull();
    const permission = { kind: "data", resource_type: "Observation", interactions: ["read", "search"] };
    expect(await channels({ permissions: [permission] })).toBeNull();
    const code_any_of = [{ system: "http://loinc.org", code: "8867-4", display: "Heart rate" }];
    expect(
      await channels({
        permissions: [
          { ...permission, code_any_of },
          { ...permission, resource_type: "Condition" },
        ],
      }),
    ).toEqual(["loinc:8867-4"]);
  });

  it("takes the subject as its reader knows the patient where there is no reference, and never against one", async () => {
    const { patient_reference: _, ...described } = claims()["subject"] as Json;
    const bytes = ticket(claims({ subject: described }));
    expect(await refused(bytes)).toBe("ticket-inexact $.subject.patient_reference");
    expect((await read(bytes, { subject: "p-9" })).subject).toBe("p-9");
    expect(await refused(ticket(claims()), { subject: "p-9" })).toBe("ticket-claims $.subject.patient_reference");
    const both = { ...(claims()["subject"] as Json), recipient_record: { reference: "Patient/p-8", type: "Patient" } };
    expect(await refused(ticket(claims({ subject: both })))).toBe("ticket-claims $.subject.recipient_record.reference");
  });

  it("counts from its first second to its last, by the clock given", async () => {
    const bytes = ticket(claims({ nbf: NOW - 10 }));
    expect(await read(bytes)).toMatchObject({ notBefore: NOW - 10, notAfter: NOW + 3599 });
    const at = (second: number): Promise<string> => refused(bytes, { nowMs: second * 1000 });
    expect(await at(NOW - 11)).toBe("ticket-claims $.nbf");
    expect(await at(NOW - 61)).toBe("ticket-claims $.iat");
    expect(await at(NOW + 3599)).toBe("mapped");
    expect(await at(NOW + 3600)).toBe("ticket-claims $.exp");
  });
});

describe("a ticket that a grant cannot say, or that is not for here, is refused with the place", () => {
  const subject = claims()["subject"] as Json;
  const scopes = (...smart_scopes: unknown[]): Json => claims({ access: { smart_scopes } });
  const permission = { kind: "data", resource_type: "Observation", interactions: ["read"] };
  const permitted = (change: Json): Json => claims({ access: { permissions: [{ ...permission, ...change }] } });
  it.each<[string, Json, string]>([
    ["another issuer", claims({ iss: "https://other.example" }), "ticket-claims $.iss"],
    ["another audience", claims({ aud: ["https://other.example"] }), "ticket-claims $.aud"],
    ["no audience", claims({ aud: undefined }), "ticket-claims $.aud"],
    ["an audience of another kind", claims({ aud_type: "resource_server" }), "ticket-inexact $.aud_type"],
    ["no end", claims({ exp: undefined }), "ticket-claims $.exp"],
    ["an end in words", claims({ exp: "tomorrow" }), "ticket-form $.exp"],
    ["an end of half seconds", claims({ exp: NOW + 0.5 }), "ticket-claims $.exp"],
    ["no id", claims({ jti: undefined }), "ticket-inexact $.jti"],
    ["another type", claims({ ticket_type: SELF_ACCESS.replace("self", "delegated") }), "ticket-inexact $.ticket_type"],
    ["a requester", claims({ requester: { resourceType: "RelatedPerson" } }), "ticket-inexact $.requester"],
    ["a list of revocations that nobody here asks", claims({ revocation: { url: "https://x", index: 1 } }), "ticket-inexact $.revocation"],
    ["a claim that nobody knows", claims({ limit: 3 }), "ticket-inexact $.limit"],
    ["what must be understood", claims({ must_understand: ["iss", "limit"] }), "ticket-inexact $.must_understand[1]"],
    ["a context", claims({ context: { study: 1 } }), "ticket-inexact $.context.study"],
    ["no holder", claims({ presenter_binding: undefined }), "ticket-inexact $.presenter_binding"],
    ["a holder by name", claims({ presenter_binding: { method: "trust_framework_client" } }), "ticket-inexact $.presenter_binding.method"],
    [
      "another holder",
      claims({ presenter_binding: { method: "jkt", jkt: thumbprint(issuer.publicKey) } }),
      "ticket-claims $.presenter_binding.jkt",
    ],
    ["a second binding", claims({ presenter_binding: { method: "jkt", jkt: "a", cnf: 1 } }), "ticket-inexact $.presenter_binding.cnf"],
    ["a group", claims({ subject: { ...subject, patient: { resourceType: "Group" } } }), "ticket-inexact $.subject.patient.resourceType"],
    [
      "a modifier",
      claims({ subject: { ...subject, patient: { resourceType: "Patient", modifierExtension: [] } } }),
      "ticket-inexact $.subject.patient.modifierExtension",
    ],
    [
      "a reference to somebody else",
      claims({ subject: { ...subject, patient_reference: "Group/1" } }),
      "ticket-inexact $.subject.patient_reference",
    ],
    [
      "a constraint that nobody knows",
      claims({}, { "https://example.org/encounter-class": {} }),
      "ticket-inexact $.access.https://example.org/encounter-class",
    ],
    ["a filter of data holders", claims({}, { data_holder_filter: [] }), "ticket-inexact $.access.data_holder_filter"],
    ["sensitive data left out", claims({}, { sensitive_data: "exclude" }), "ticket-inexact $.access.sensitive_data"],
    ["two wordings at once", claims({}, { permissions: [permission] }), "ticket-inexact $.access.smart_scopes"],
    ["no access", claims({ access: {} }), "ticket-inexact $.access.smart_scopes"],
    ["an open period", claims({}, { data_period: { start: "2026-01-01" } }), "ticket-inexact $.access.data_period.start"],
    ["scopes of nothing read here", scopes("patient/Condition.rs"), "ticket-inexact $.access.smart_scopes"],
    ["scopes to write", scopes("patient/Observation.cu"), "ticket-inexact $.access.smart_scopes"],
    ["a scope of all patients", scopes("system/Observation.rs"), "ticket-inexact $.access.smart_scopes[0]"],
    ["a scope of version 1", scopes("patient/Observation.read"), "ticket-inexact $.access.smart_scopes[0]"],
    ["a scope that is none", scopes("patient/Observation.rs", 7), "ticket-inexact $.access.smart_scopes[1]"],
    ["a category", scopes("patient/Observation.rs?category=a|b"), "ticket-inexact $.access.smart_scopes[0]"],
    [
      "a code and a category",
      scopes("patient/Observation.rs?code=http://loinc.org|8867-4&category=a|b"),
      "ticket-inexact $.access.smart_scopes[0]",
    ],
    ["a code encoded", scopes("patient/Observation.rs?code=http://loinc.org%7C8867-4"), "ticket-inexact $.access.smart_scopes[0]"],
    ["a code without its system", scopes("patient/Observation.rs?code=8867-4"), "ticket-inexact $.access.smart_scopes[0]"],
    ["a modifier of search", scopes("patient/Observation.rs?code:not=http://loinc.org|8867-4"), "ticket-inexact $.access.smart_scopes[0]"],
    [
      "a code of no signal, beside everything",
      scopes("patient/Observation.rs?code=http://loinc.org|718-7", "patient/*.rs"),
      "ticket-inexact $.access.smart_scopes[0]",
    ],
    ["an operation", permitted({ kind: "operation" }), "ticket-inexact $.access.permissions[0].kind"],
    ["a category of permissions", permitted({ category_any_of: [] }), "ticket-inexact $.access.permissions[0].category_any_of"],
    ["no codes", permitted({ code_any_of: [] }), "ticket-inexact $.access.permissions[0].code_any_of"],
    ["no reading", permitted({ interactions: ["create"] }), "ticket-inexact $.access.permissions"],
  ])("%s", async (_name, value, expected) => {
    expect(await refused(ticket(value))).toBe(expected);
  });

  it("another purpose than a patient's own", async () => {
    expect(await refused(ticket(claims()), { purposes: ["HRESCH"] })).toBe("ticket-inexact $.ticket_type");
  });
});

describe("a ticket that is no ticket, or not this issuer's", () => {
  it.each<[string, string, string]>([
    ["no signature", '{"alg":"none"}', "header.alg"],
    ["a secret shared by both", '{"alg":"HS256"}', "header.alg"],
    ["an algorithm of other keys", '{"alg":"EdDSA"}', "header.alg"],
    ["no algorithm", '{"typ":"JWT"}', "header.alg"],
    ["another type of token", '{"alg":"ES256","typ":"at+jwt"}', "header.typ"],
    ["critical extensions", '{"alg":"ES256","crit":["exp"],"exp":1}', "header.crit"],
    ["an unencoded payload", '{"alg":"ES256","b64":false}', "header.b64"],
    ["a key of its own", '{"alg":"ES256","jwk":{}}', "header.jwk"],
    ["an address of keys", '{"alg":"ES256","jku":"https://x"}', "header.jku"],
  ])("refuses %s", async (_name, header, where) => {
    expect(await refused(ticket(claims(), header))).toBe(`ticket-signature ${where}`);
  });

  it("refuses another key's signature, and any changed byte", async () => {
    expect(await refused(ticket(claims(), undefined, generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey))).toBe(
      "ticket-signature",
    );
    const bytes = ticket(claims());
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 127 }), async (place, change) => {
        const changed = new Uint8Array(bytes);
        changed[place] = (changed[place] ?? 0) ^ change;
        expect(await refused(changed)).toMatch(/^ticket-(form|signature)/);
      }),
      { numRuns: 200 },
    );
  });

  it("refuses members twice, before or behind the signature, and what is no compact JWS over JSON", async () => {
    expect(await refused(ticket(claims(), '{"alg":"none","alg":"ES256"}'))).toMatch(/^ticket-form/);
    const text = JSON.stringify(claims());
    expect(await refused(ticketOf(text.replace("{", '{"aud":"https://other.example",')))).toMatch(/^ticket-form/);
    expect(await refused(ticketOf("[]"))).toMatch(/^ticket-form/);
    const good = new TextDecoder().decode(ticket(claims()));
    for (const wrong of ["", "a.b", `${good}.x`, `${good}=`, good.replace(".", "=."), `${good}\n\n`, ` ${good}`, "x".repeat(70_000)])
      expect(await refused(new TextEncoder().encode(wrong))).toMatch(/^ticket-form/);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await refused(bytes)).toMatch(/^ticket-/);
      }),
      { numRuns: 200 },
    );
  });

  it("is verified under one public key, and no private or foreign one", () => {
    expect(parseTicketIssuerKey(jwk(issuer.publicKey))).toEqual(OPTIONS.issuerKey);
    for (const wrong of [
      jwk(issuer.privateKey),
      jwk(edIssuer.publicKey, { use: "enc" }),
      jwk(edIssuer.publicKey, { alg: "ES256" }),
      jwk(generateKeyPairSync("ec", { namedCurve: "secp384r1" }).publicKey),
      jwk(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey),
      '{"kty":"OKP","crv":"Ed25519","x":"AA"}',
      `{"keys":[${jwk(issuer.publicKey)}]}`,
      '{"kty":"oct","k":"AA"}',
      "{",
      "",
    ])
      expect(() => parseTicketIssuerKey(wrong)).toThrow(ConfigurationError);
  });
});
