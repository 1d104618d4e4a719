import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseTrustFile, verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { makeResultFile, VALUES, type NamedValue } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { NOW_MS, pcr } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { decodeResultFile, encodeResultFile, fromBase64, toBase64, toHex, type Finding } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bundleOf, type FhirInput } from "./bundle.ts";
import type { DetectedIssue, Observation, Resource } from "./resources.ts";
import { violations } from "./test-support/r4.ts";

const sha256 = (bytes: Uint8Array | string): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

const FINDING: Finding = {
  code: "news2-high",
  detector: "news2",
  channel: "loinc:8310-5",
  onsetMs: NOW_MS - 1_800_000,
  endMs: NOW_MS - 600_000,
  priority: "high",
  technical: true,
  confidencePermille: 985,
  evidence: [
    { name: "score", value: 9, decimals: 0, unit: "{score}" },
    { name: "temperature", value: 391, decimals: 1, unit: "Cel" },
  ],
};
const HOSTILE = `<img src=x onerror=alert(1)>"'  \u202eexe\u0007`;
const FULL: readonly NamedValue[] = [
  ...VALUES,
  ["finding", FINDING],
  ["finding", { ...FINDING, priority: "none", channel: "mdc:131330", evidence: [], technical: false, confidencePermille: null }],
  ["detectors", [{ id: "news2", version: "1.0.0", parametersDigest: new Uint8Array(32).fill(7) }]],
  [
    "coverage",
    {
      fromMs: NOW_MS - 3_600_000,
      toMs: NOW_MS,
      samplesReceived: 100,
      rejected: [],
      gaps: 0,
      notAssessedMs: 60_000,
      unassessed: [{ detector: "thresholds", channel: "loinc:8867-4", fromMs: NOW_MS - 60_000, toMs: NOW_MS, reason: "no-value" }],
    },
  ],
];

async function input(values: readonly NamedValue[]): Promise<FhirInput> {
  const { bytes, trust } = makeResultFile({ values });
  const verdict = await verifyResultFile(bytes, parseTrustFile(trust), {}, signatures);
  if (verdict.status === "contraindicated") throw new Error(verdict.sentence);
  const { disclosed, ...claims } = verdict.claims;
  return {
    verdict,
    ...claims,
    disclosed: { ...disclosed, findings: disclosed.finding },
    statement: decodeResultFile(bytes).result,
    sha256,
    fileSha256: sha256(bytes),
  };
}

const resources = (given: FhirInput): readonly Resource[] => bundleOf(given).entry.map(({ resource }) => resource);
const observations = (given: FhirInput): Observation[] => resources(given).filter((one) => one.resourceType === "Observation");
const issues = (given: FhirInput): DetectedIssue[] => resources(given).filter((one) => one.resourceType === "DetectedIssue");

describe("a result as a FHIR bundle", () => {
  it("has the structure of R4, and every reference leads to an entry", async () => {
    const bundle = bundleOf(await input(FULL));
    expect(violations(bundle, "Bundle")).toEqual([]);
    const urls = bundle.entry.map(({ fullUrl }) => fullUrl);
    expect(new Set(urls).size).toBe(urls.length);
    const references = [...JSON.stringify(bundle).matchAll(/"reference":"([^"]*)"/g)].map(([, url]) => url ?? "");
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((url) => !urls.includes(url))).toEqual([]);
    expect(bundle.entry.filter(({ fullUrl, resource }) => fullUrl !== `urn:uuid:${resource.id}`)).toEqual([]);
    expect(bundle.type).toBe("collection");
  });

  it("says each finding with severity, period and the values that led to it, derived from what was measured", async () => {
    const given = await input(FULL);
    const issue = issues(given).find(({ severity }) => severity === "high");
    expect(issue).toMatchObject({
      status: "final",
      code: { coding: [{ system: "https://caladrius.example/fhir/CodeSystem/finding", code: "news2-high" }], text: "news2-high" },
      identifiedPeriod: { start: new Date(FINDING.onsetMs).toISOString(), end: new Date(FINDING.endMs).toISOString() },
      patient: { identifier: { value: "pseudonym-1" } },
    });
    expect(issues(given).map(({ severity }) => severity)).toEqual(["moderate", "high", undefined]);
    const temperature = observations(given).find(({ code }) => code.text === "temperature");
    expect(temperature?.valueQuantity).toEqual({ value: 39.1, unit: "Cel", system: "http://unitsofmeasure.org", code: "Cel" });
    const channel = observations(given).find(
      ({ code }) => code.coding?.[0]?.system === "http://loinc.org" && code.coding[0].code === "8310-5",
    );
    expect(temperature?.derivedFrom).toEqual([{ reference: `urn:uuid:${channel?.id}` }]);
    expect(issue?.evidence?.[0]?.detail).toContainEqual({ reference: `urn:uuid:${temperature?.id}` });
    expect(JSON.stringify(issue)).toContain("confidence 0.985");
  });

  it("names the program by its measurement and carries the enclave's signature", async () => {
    const given = await input(FULL);
    const device = resources(given).find((one) => one.resourceType === "Device");
    expect(device?.identifier).toContainEqual({
      system: "https://caladrius.example/fhir/NamingSystem/nitro-pcr-0",
      value: toHex(pcr(0x10)),
    });
    expect(device?.version).toContainEqual({
      type: { text: "detector news2" },
      component: { system: "https://caladrius.example/fhir/NamingSystem/detector-parameters-sha256", value: "07".repeat(32) },
      value: "1.0.0",
    });
    const provenance = resources(given).find((one) => one.resourceType === "Provenance");
    expect(provenance?.signature[0]).toMatchObject({
      sigFormat: "application/cose",
      data: toBase64(given.statement),
      who: { reference: `urn:uuid:${device?.id}` },
    });
    expect(provenance?.entity[0]?.what.identifier?.value).toBe("01".repeat(32));
    expect(provenance?.target).toHaveLength(resources(given).length - 2);
  });

  it("holds the very bytes whose signature the verifier checks", async () => {
    const { bytes, file, trust } = makeResultFile({ values: FULL });
    const given = await input(FULL);
    const provenance = resources({ ...given, statement: file.result }).find((one) => one.resourceType === "Provenance");
    const signed = fromBase64(provenance?.signature[0]?.data ?? "");
    const status = async (result: Uint8Array): Promise<string> =>
      (await verifyResultFile(encodeResultFile({ ...decodeResultFile(bytes), result }), parseTrustFile(trust), {}, signatures)).status;
    expect(await status(signed)).toBe("warning");
    const changed = signed.map((byte, i) => (i === signed.length - 1 ? byte ^ 1 : byte));
    expect(await status(changed)).toBe("contraindicated");
  });

  it("says what was not assessed, and the verdict with what it leaves open", async () => {
    const given = await input(FULL);
    expect(observations(given).find(({ dataAbsentReason }) => dataAbsentReason?.text === "thresholds: no-value")).toMatchObject({
      effectivePeriod: { end: new Date(NOW_MS).toISOString() },
    });
    const codes = bundleOf(given).meta.tag.map(({ code }) => code);
    expect(codes.slice(0, 2)).toEqual(["warning", "time-not-proved"]);
    expect(codes).toContain("not-checked-input-provenance");
    expect(bundleOf({ ...given, verdict: null, evidence: null }).meta.tag).toMatchObject([{ code: "not-verified" }]);
    expect(violations(bundleOf({ ...given, verdict: null, evidence: null }), "Bundle")).toEqual([]);
  });

  it("leaves out what is withheld, with its reason, and makes nothing up", async () => {
    const given = await input([["level", "alarm"]]);
    const bundle = bundleOf(given);
    expect(violations(bundle, "Bundle")).toEqual([]);
    expect(issues(given)).toEqual([]);
    const alarm = observations(given).find(({ code }) => code.text === "any-alarm");
    expect(alarm).toMatchObject({ dataAbsentReason: { coding: [{ code: "masked" }] }, subject: { extension: [{ valueCode: "masked" }] } });
    expect(alarm).not.toHaveProperty("valueBoolean");
    expect(alarm).not.toHaveProperty("effectivePeriod");
    expect(JSON.stringify(bundle)).not.toContain("recording-sha256");
  });

  it("says a denial as an outcome, and no alarm summary", async () => {
    const given = await input([["denial", "purpose-unknown"]]);
    expect(violations(bundleOf(given), "Bundle")).toEqual([]);
    expect(resources(given)).toContainEqual(expect.objectContaining({ resourceType: "OperationOutcome" }));
    expect(observations(given).map(({ code }) => code.text)).toEqual(["recording"]);
  });

  it("is the same for the same result, and another for another", async () => {
    const [one, same, other] = [await input(FULL), await input(FULL), await input(VALUES)];
    expect(bundleOf(same)).toEqual(bundleOf({ ...one, fileSha256: same.fileSha256 }));
    expect(bundleOf(other).id).not.toBe(bundleOf(one).id);
  });

  it("keeps R4's grammar whatever texts an enclave signed", async () => {
    const given = await input(FULL);
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), (text) => {
        const finding = {
          ...FINDING,
          code: text,
          detector: text,
          channel: text,
          evidence: [{ name: text, value: -5, decimals: 9, unit: text }],
        };
        const disclosed = { ...given.disclosed, subject: text, findings: [finding] };
        expect(violations(bundleOf({ ...given, disclosed, software: { name: text, version: text, commit: text } }), "Bundle")).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the structural check", () => {
  it("finds what is missing, unknown, empty or of another type", () => {
    const wrong = { resourceType: "Observation", id: "a b", status: "final", subject: {}, extra: 1, derivedFrom: [] };
    expect(violations(wrong, "Resource", "it")).toEqual([
      "it.code: missing",
      'it.id: "a b" is no id',
      "it.subject: empty",
      "it.extra: Observation has no such element",
      "it.derivedFrom: no list, or an empty one",
    ]);
  });
});

/** Installed with: mvn -q -f test/fhir-validator/pom.xml package */
const JAVA = "java";
const validator = fileURLToPath(new URL("../../test/fhir-validator/dist/", import.meta.url));

describe("HL7's validator", () => {
  it.skipIf(!existsSync(join(validator, "lib")))(
    "finds no error in any bundle, nor in any value set or UCUM code",
    async () => {
      const full = await input(FULL);
      const hostile = { ...FINDING, code: HOSTILE, detector: HOSTILE, channel: HOSTILE };
      const bundles: Readonly<Record<string, unknown>> = {
        full: bundleOf(full),
        unverified: bundleOf({ ...full, verdict: null, evidence: null }),
        alarm: bundleOf(await input([["level", "alarm"]])),
        denied: bundleOf(await input([["denial", "purpose-unknown"]])),
        hostile: bundleOf({ ...full, disclosed: { ...full.disclosed, subject: HOSTILE, findings: [hostile] } }),
        // What it must find: a status that R4 does not have.
        wrong: { resourceType: "Observation", status: "perhaps", code: { text: "x" } },
      };
      const folder = mkdtempSync(join(tmpdir(), "caladrius-fhir-"));
      try {
        const files = Object.entries(bundles).map(([name, bundle]) => {
          writeFileSync(join(folder, `${name}.json`), JSON.stringify(bundle));
          return join(folder, `${name}.json`);
        });
        const classPath = [join(validator, "classes"), join(validator, "lib", "*")].join(":");
        const { stdout, status, stderr } = spawnSync(JAVA, ["-Xmx1g", "-cp", classPath, "Validate", ...files], { encoding: "utf8" });
        expect(status, stderr).toBe(0);
        const messages = stdout
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => line.split("\t"));
        expect(messages.filter(([, what]) => what === "done")).toHaveLength(files.length);
        const errors = messages.filter(([, severity]) => severity === "error" || severity === "fatal");
        expect(errors.filter(([file]) => !file?.endsWith("wrong.json"))).toEqual([]);
        expect(errors.length).toBeGreaterThan(0);
        // All that it recommends and a bundle does not have.
        const advice = messages
          .filter(([file, severity]) => severity === "warning" && !file?.endsWith("wrong.json"))
          .map(([, , , text = ""]) => text);
        const known = [/annotations like \{score\}/, /should have a performer/, /should have an effective/, /should have narrative/];
        expect(advice.filter((text) => !known.some((one) => one.test(text)))).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    300_000,
  );
});
