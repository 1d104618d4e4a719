import { encodeRecording } from "@caladrius/wire";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readFhir, readInputs, type ReadResult } from "./index.ts";

/** Installed with: npm ci --prefix test/fhir-examples */
const examples = fileURLToPath(new URL("../../test/fhir-examples/node_modules/hl7.fhir.r4.examples/", import.meta.url));
const cases = fileURLToPath(new URL("../../../shared/vitals/fhir/validator-cases/", import.meta.url));

const NOW_MS = Date.UTC(2026, 0, 1);
const readFile = (path: string): ReadResult => readFhir(readFileSync(path), { file: path, nowMs: NOW_MS });
const reasonsOf = ({ problems, notUsed }: ReadResult): string[] => [
  ...new Set([...problems.map(({ code }) => code), ...notUsed.map(({ reason }) => reason)]),
];

describe("hl7.fhir.r4.examples 4.0.1", () => {
  const names = existsSync(examples) ? readdirSync(examples).filter((name) => name.startsWith("Observation-")) : [];
  const isVitalSign = (name: string): boolean => readFileSync(join(examples, name), "utf8").includes('"vital-signs"');

  it.skipIf(names.length === 0)("reads every observation of vital signs, or says why not", () => {
    const found = new Map<string, string[]>();
    for (const name of names.filter(isVitalSign)) {
      const result = readFile(join(examples, name));
      for (const { recording } of result.recordings) encodeRecording(recording);
      const reasons = result.recordings.length > 0 ? "read" : reasonsOf(result).join(" ");
      found.set(reasons, [...(found.get(reasons) ?? []), name.slice("Observation-".length, -".json".length)]);
    }
    expect(Object.fromEntries(found)).toEqual({
      read: ["satO2"],
      // the profile demands a day, and an analysis a moment
      "fhir-time": ["blood-pressure-dar", "blood-pressure", "body-temperature", "heart-rate", "mbp", "respiratory-rate"],
      "file-empty status-withdrawn": ["blood-pressure-cancel", "f202"],
      "file-empty code-not-read": [
        "bmi-using-related",
        "bmi",
        "body-height",
        "body-length",
        "example",
        "head-circumference",
        "vitals-panel",
      ],
    });
  });

  it.skipIf(names.length === 0)("reads or refuses all other observations, and throws for none", () => {
    const others = names.filter((name) => !isVitalSign(name));
    expect(others).toHaveLength(48);
    const read = others.filter((name) => {
      const result = readFile(join(examples, name));
      expect(result.recordings.length + result.problems.length).toBeGreaterThan(0);
      return result.recordings.length > 0;
    });
    expect(read).toEqual(["f001", "gcs-qa", "glasgow", "map-sitting"].map((name) => `Observation-${name}.json`));
  });

  it.skipIf(names.length === 0)("reads the vital signs of the same examples once a moment stands where the day did", () => {
    const day = /"effectiveDateTime"\s*:\s*"(\d{4}-\d{2}-\d{2})"/;
    const read = names.filter(isVitalSign).flatMap((name) => {
      const text = readFileSync(join(examples, name), "utf8").replace(day, '"effectiveDateTime":"$1T08:00:00Z"');
      const { recordings } = readFhir(new TextEncoder().encode(text), { file: name, nowMs: NOW_MS });
      return recordings.flatMap(({ recording }) =>
        recording.channels.map(
          ({ code, samples, scale, missing }) => `${code} ${samples[0] === missing ? "missing" : (samples[0] ?? 0) / scale.denominator}`,
        ),
      );
    });
    expect(read.toSorted()).toEqual([
      "loinc:2708-6 95",
      "loinc:8310-5 36.5",
      "loinc:8462-4 60",
      "loinc:8462-4 missing",
      "loinc:8478-0 80",
      "loinc:8480-6 107",
      "loinc:8480-6 107",
      "loinc:8867-4 44",
      "loinc:9279-1 26",
    ]);
  });
});

describe("cases of the official validator", () => {
  const present = existsSync(cases);

  it.skipIf(!present)("refuses XML with what to ask for instead", async () => {
    const names = readdirSync(cases).filter((name) => name.endsWith(".xml"));
    expect(names).toHaveLength(8);
    for (const name of names) {
      expect(readFile(join(cases, name)).problems).toMatchObject([{ code: "fhir-xml" }]);
      const { problems } = await readInputs([join(cases, name)]);
      expect(problems).toMatchObject([{ code: "fhir-xml", where: "file name" }]);
      expect(problems[0]?.message).toContain("application/fhir+json");
    }
  });

  it.skipIf(!present)("names the fault of each JSON case", () => {
    const of = (name: string): [string, string][] => readFile(join(cases, name)).problems.map(({ code, where }) => [code, where]);
    expect(of("Observation-ex-pain.json")).toEqual([["file-empty", "file"]]);
    expect(of("obs-vital-signs-mdc.json")).toEqual([]);
    expect(of("observation-with-trailing-dot.json")).toEqual([["json-syntax", "line 22, column 21"]]);
  });
});
