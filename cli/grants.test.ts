import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeResultFile } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { decodeGrant, decodeResultFile, decodeStatement } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "./test-support/call.ts";

let folder: string;
const path = (name: string): string => join(folder, name);
const objects = (stdout: string): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-cli-grants-"));
  const made = await call("key", "show", "--key", path("holder.key"), "--out", path("holder.pub"));
  expect(made).toMatchObject({ code: 0, stderr: "" });
  for (const [name, algorithm] of [
    ["monitor", "Ed25519"],
    ["pump", "P-256"],
  ] as const)
    expect((await call("device", "new", "--name", name, "--algorithm", algorithm, "--out", path(`${name}.pem`))).code).toBe(0);
  const issuer = readFileSync(path("pump.pem"), "utf8");
  writeFileSync(path("issuer.pem"), issuer, { mode: 0o600 });
  writeFileSync(path("issuer.pub"), createPublicKey(issuer).export({ type: "spki", format: "pem" }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const grantNew = (...more: string[]): ReturnType<typeof call> =>
  call(
    "grant",
    "new",
    "--issuer-key",
    path("issuer.pem"),
    "--holder",
    path("holder.pub"),
    "--subject",
    "p-7",
    "--until",
    "2036-01-01",
    ...more,
  );

describe("caladrius grant", () => {
  it("makes, shows and verifies what an issuer allows one key", async () => {
    const out = path("night.grant");
    const made = await grantNew(
      "--purpose",
      "HRESCH",
      "--channel",
      "loinc:8867-4",
      "--detector",
      "news2",
      "--uses",
      "3",
      "--level",
      "alarm",
      "--out",
      out,
    );
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const shown = await call("grant", "show", out);
    expect(shown.stdout).toMatch(/purposes +HRESCH\n.*loinc:8867-4\n.*news2\n.*at most alarm/s);
    expect(shown.stdout).toMatch(/until 2036-01-01T00:00:00\.000Z, 3 times/);
    expect(shown.stdout).toMatch(/not verified/);
    const verified = await call("grant", "verify", out, "--issuer", path("issuer.pub"), "--holder", path("holder.pub"), "--json");
    expect(verified.code).toBe(0);
    expect(objects(verified.stdout)).toMatchObject({ verified: true, subject: "p-7", uses: 3, detectors: ["news2"] });
    expect(objects(verified.stdout)["digest"]).toBe(objects((await call("grant", "show", out, "--json")).stdout)["digest"]);
    expect(decodeGrant(decodeStatement(readFileSync(out), "grant").payload).source).toEqual({ kind: "direct", digest: null });
  });

  it("exits 10 for another issuer, another holder, another time, 30 for what is no grant, 2 for what no grant says", async () => {
    const out = path("one.grant");
    expect((await grantNew("--purpose", "TREAT", "--out", out)).code).toBe(0);
    const verify = (...words: string[]): ReturnType<typeof call> => call("grant", "verify", out, "--json", ...words);
    const codeOf = async (ended: ReturnType<typeof call>): Promise<[number, unknown]> => {
      const { code, stdout } = await ended;
      return [code, objects(stdout)["code"]];
    };
    expect(await codeOf(verify("--issuer", path("holder.pub")))).toEqual([10, "grant-signature"]);
    expect(await codeOf(verify("--issuer", path("issuer.pub"), "--holder", path("issuer.pub")))).toEqual([10, "grant-holder"]);
    expect(await codeOf(verify("--issuer", path("issuer.pub"), "--at", "2020-01-01"))).toEqual([10, "grant-window"]);
    const bytes = readFileSync(out);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    writeFileSync(path("flipped.grant"), bytes);
    expect(await codeOf(call("grant", "verify", path("flipped.grant"), "--issuer", path("issuer.pub"), "--json"))).toEqual([
      10,
      "grant-signature",
    ]);
    expect(await codeOf(call("grant", "show", path("issuer.pub"), "--json"))).toEqual([30, "grant-form"]);
    for (const words of [
      ["--purpose", "TREAT", "--channel", "heart rate"],
      ["--purpose", "TREAT", "--samples-from", "2026-01-01"],
      ["--purpose", "TREAT", "--from", "2040-01-01"],
      ["--purpose", "TREAT", "--detector", "none-such"],
      [],
    ])
      expect((await grantNew(...words, "--out", path("never.grant"))).code).toBe(2);
    expect((await grantNew("--purpose", "TREAT", "--out", out)).stderr).toMatch(/--force overwrites/);
  });

  it("makes one from a consent, or says where the consent says more than a grant can", async () => {
    const consent = {
      resourceType: "Consent",
      status: "active",
      scope: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "research" }] },
      patient: { reference: "Patient/p-7" },
      provision: {
        type: "permit",
        period: { start: "2026-01-01", end: "2035-12-31" },
        purpose: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActReason", code: "HRESCH" }],
      },
    };
    writeFileSync(path("consent.json"), JSON.stringify(consent));
    const from = (file: string, ...words: string[]): ReturnType<typeof call> =>
      call(
        "grant",
        "from",
        path(file),
        "--issuer-key",
        path("issuer.pem"),
        "--holder",
        path("holder.pub"),
        "--out",
        path("from.grant"),
        "--json",
        ...words,
      );
    const made = await from("consent.json", "--offset", "Z");
    expect(objects(made.stdout)).toMatchObject({ subject: "p-7", purposes: ["HRESCH"], source: { kind: "fhir-consent" } });
    const denied = { ...consent, provision: { ...consent.provision, provision: [{ type: "deny" }] } };
    writeFileSync(path("denied.json"), JSON.stringify(denied));
    const refused = await from("denied.json", "--offset", "Z", "--force");
    expect([refused.code, objects(refused.stdout)["code"]]).toEqual([10, "consent-inexact"]);
    expect(objects(refused.stdout)["sentence"]).toMatch(/Consent\.provision\.provision\[0\]/);
    expect((await from("issuer.pub", "--force")).code).toBe(30);
  });

  it("makes one from a SMART Permission Ticket that its issuer signed for us and the holder", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    writeFileSync(path("ticket-issuer.jwk"), JSON.stringify(publicKey.export({ format: "jwk" })));
    const { signing } = JSON.parse(readFileSync(path("holder.pub"), "utf8")) as { signing: string };
    const x = Buffer.from(signing, "hex").toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const ticket = (change: object = {}): string => {
      const claims = {
        iss: "https://issuer.example",
        aud: "https://hospital.example",
        exp: now + 3600,
        iat: now - 5,
        jti: "1",
        ticket_type: "https://smarthealthit.org/permission-ticket-type/patient-self-access-v1",
        presenter_binding: {
          method: "jkt",
          jkt: createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url"),
        },
        subject: { patient: { resourceType: "Patient" }, patient_reference: "Patient/p-7" },
        access: { smart_scopes: ["patient/Observation.rs"] },
        ...change,
      };
      const parts = [{ alg: "EdDSA", typ: "JWT" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
      return `${parts.join(".")}.${sign(null, Buffer.from(parts.join(".")), privateKey).toString("base64url")}\n`;
    };
    const from = async (text: string, ...words: string[]): Promise<[number, Record<string, unknown>]> => {
      writeFileSync(path("ticket.jwt"), text);
      const keys = ["--issuer-key", path("issuer.pem"), "--holder", path("holder.pub"), "--out", path("ticket.grant"), "--force", "--json"];
      const { code, stdout } = await call("grant", "from", path("ticket.jwt"), ...keys, ...words);
      return [code, stdout === "" ? {} : objects(stdout)];
    };
    const known = ["--ticket-issuer", path("ticket-issuer.jwk"), "--iss", "https://issuer.example", "--aud", "https://hospital.example"];
    const [code, made] = await from(ticket(), ...known);
    expect([code, made]).toMatchObject([0, { subject: "p-7", purposes: ["PATRQT"], source: { kind: "smart-permission-ticket" } }]);
    const verified = await call("grant", "verify", path("ticket.grant"), "--issuer", path("issuer.pub"), "--holder", path("holder.pub"));
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining("a SMART Permission Ticket") as string]);

    expect(await from(ticket({ exp: now - 1 }), ...known)).toMatchObject([10, { code: "ticket-claims" }]);
    expect(await from(ticket({ revocation: {} }), ...known)).toMatchObject([10, { code: "ticket-inexact" }]);
    const other = known.with(1, path("holder.pub"));
    expect(await from(ticket(), ...other)).toMatchObject([10, { code: "ticket-signature" }]);
    expect(await from("no ticket", ...known)).toMatchObject([30, { code: "ticket-form" }]);
    expect((await from(ticket()))[0]).toBe(2); // as a consent
    expect((await from(ticket(), ...known.slice(0, 4)))[0]).toBe(2);
  });
});

describe("caladrius device new", () => {
  it("keeps the key private and prints its did:key and the bundle's entry", async () => {
    const { stdout } = await call("device", "new", "--name", "m-2", "--subject", "p-7", "--out", path("m-2.pem"), "--json");
    const told = objects(stdout);
    expect(told["did"]).toMatch(/^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/);
    expect(told["registered"]).toEqual({
      name: "m-2",
      key: { alg: "Ed25519", key: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      subject: "p-7",
    });
    expect(statSync(path("m-2.pem")).mode & 0o777).toBe(0o600);
    const other = await call("device", "new", "--name", "m-3", "--algorithm", "P-256", "--out", path("m-3.pem"), "--json");
    expect(objects(other.stdout)["did"]).toMatch(/^did:key:zDn[1-9A-HJ-NP-Za-km-z]{46}$/);
  });
});

describe("caladrius redact", () => {
  it("takes disclosures out, never touches the result, and what remains verifies with what was withheld told", async () => {
    const { bytes, trust } = makeResultFile();
    writeFileSync(path("whole.attested"), bytes);
    writeFileSync(path("trust.json"), trust);
    const redact = (from: string, to: string, ...words: string[]): ReturnType<typeof call> =>
      call("redact", path(from), "--out", path(to), "--json", ...words);
    const kept = await redact("whole.attested", "kept.attested", "--keep", "alarm-summary", "--keep", "level");
    expect(kept.code).toBe(0);
    expect(objects(kept.stdout)["remaining"]).toEqual({ "alarm-summary": 1, level: 1 });
    const [before, after] = [decodeResultFile(bytes), decodeResultFile(readFileSync(path("kept.attested")))];
    expect(after).toEqual({ ...before, disclosures: after.disclosures });
    const verified = objects((await call("verify", path("kept.attested"), "--trust", path("trust.json"), "--json")).stdout);
    expect(verified).toMatchObject({ status: "warning" });
    expect(verified["claims"]).toMatchObject({ withheldAtMost: objects(kept.stdout)["withheldAtMost"] });

    await redact("kept.attested", "again.attested", "--keep", "alarm-summary", "--keep", "level");
    expect(readFileSync(path("again.attested"))).toEqual(readFileSync(path("kept.attested")));
    const dropped = await redact("kept.attested", "none.attested", "--drop", "alarm-summary", "--drop", "subject");
    expect(objects(dropped.stdout)["removed"]).toEqual({ "alarm-summary": 1 });
    const silent = await call("verify", path("none.attested"), "--trust", path("trust.json"));
    expect(silent).toMatchObject({ code: 0 });
    expect(silent.stdout).toMatch(/at most \d+ disclosures withheld/);
  });

  it("exits 2 for names that nothing has, 30 for what is no result, 3 rather than overwrite", async () => {
    expect((await call("redact", path("whole.attested"), "--out", path("x.attested"))).code).toBe(2);
    expect((await call("redact", path("whole.attested"), "--keep", "name", "--out", path("x.attested"))).code).toBe(2);
    expect((await call("redact", path("issuer.pub"), "--keep", "level", "--out", path("x.attested"))).code).toBe(30);
    expect((await call("redact", path("whole.attested"), "--keep", "level", "--out", path("kept.attested"))).code).toBe(3);
  });
});

describe("caladrius verify --purpose --grant-issuer", () => {
  it("refuses a result that does not show them", async () => {
    const { bytes, trust } = makeResultFile({
      values: [
        ["alarm-summary", { anyAlarm: true, highestPriority: "medium", secondsNotAssessed: 0 }],
        ["purpose", "TREAT"],
      ],
    });
    writeFileSync(path("shown.attested"), bytes);
    writeFileSync(path("shown.json"), trust);
    const verify = (...words: string[]): ReturnType<typeof call> =>
      call("verify", path("shown.attested"), "--trust", path("shown.json"), "--json", ...words);
    expect((await verify("--purpose", "HRESCH", "--purpose", "TREAT")).code).toBe(0);
    for (const [words, code] of [
      [["--purpose", "HRESCH"], "purpose-other"],
      [["--grant-issuer", path("issuer.pub")], "grant-withheld"],
    ] as const) {
      const refused = await verify(...words);
      expect([refused.code, objects(refused.stdout)["code"]]).toEqual([10, code]);
    }
  });
});
