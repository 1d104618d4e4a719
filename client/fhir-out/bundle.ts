import type { EvidenceClaims, Verdict } from "@caladrius/attestation-verifier";
import {
  toBase64,
  toHex,
  type Coverage,
  type DisclosureValues,
  type Finding,
  type Identity,
  type Measurement,
  type ResultClaims,
} from "@caladrius/wire";
import type {
  Bundle,
  CodeableConcept,
  Coding,
  DetectedIssue,
  Device,
  Observation,
  Provenance,
  Quantity,
  Reference,
  Resource,
} from "./resources.ts";
import { absent, channelConcept, codeOf, concept, identifier, instant, MASKED, period, SYSTEM, textOf, UCUM } from "./terms.ts";

/** What of a result goes into a bundle. Everything that is null or missing was withheld, or was never there. */
export interface FhirInput {
  /** null: nothing was verified */
  readonly verdict: Pick<Verdict<unknown, string>, "status" | "code" | "sentence" | "notChecked"> | null;
  readonly result: Omit<ResultClaims, "disclosureDigests">;
  readonly software: Identity["software"];
  /** null: nothing was verified */
  readonly evidence: EvidenceClaims | null;
  readonly disclosed: {
    readonly findings: readonly Finding[];
    readonly coverage: Coverage | null;
    readonly "alarm-summary": DisclosureValues["alarm-summary"] | null;
    readonly subject: string | null;
    readonly detectors: DisclosureValues["detectors"] | null;
    readonly input: DisclosureValues["input"] | null;
    readonly denial: string | null;
  };
  /** the result statement (COSE_Sign1) as it stands in the file */
  readonly statement: Uint8Array;
  /** SHA-256 of some text, for ids */
  readonly sha256: (text: string) => Uint8Array;
  /** SHA-256 of the result file */
  readonly fileSha256: Uint8Array;
}

/**
 * A result as a FHIR R4 Bundle: a DetectedIssue per finding, an Observation per value that led to it, per channel named and
 * per span that was not assessed, the program as Device, and Provenance with the enclave's signature. Ids follow from the
 * result's signature, so that the same result gives the same bundle. Nothing is made up: what the result withholds is absent, with its reason.
 */
export function bundleOf(input: FhirInput): Bundle {
  const { result, disclosed } = input;
  const { coverage, denial } = disclosed;
  const base = toHex(input.sha256(toBase64(input.statement)));
  const idOf = (name: string): string => uuidOf(input.sha256(`${base} ${name}`));
  const reference = (name: string): Reference => ({ reference: `urn:uuid:${idOf(name)}` });
  const subject: Reference = disclosed.subject === null ? MASKED : { identifier: identifier(SYSTEM.subject, disclosed.subject) };
  const program = reference("program");
  const entries: (readonly [string, Resource])[] = [];
  const observe = (name: string, rest: Omit<Observation, "resourceType" | "id" | "status" | "subject">): Reference => {
    entries.push([name, { resourceType: "Observation", id: idOf(name), status: "final", subject, ...rest }]);
    return reference(name);
  };

  const covered = coverage === null ? {} : { effectivePeriod: period(coverage.fromMs, coverage.toMs) };
  const recording = observe("recording", {
    ...(disclosed.input === null ? {} : { identifier: [identifier(SYSTEM.recordingSha256, toHex(disclosed.input.recordingDigest))] }),
    code: concept(SYSTEM.statement, "recording"),
    ...covered,
    dataAbsentReason: absent("masked", "the samples are in the recording, which is no part of a result"),
  });
  const channels = new Map<string, Reference>();
  const channelOf = (channel: string | null): Reference => {
    if (channel === null) return recording;
    const known =
      channels.get(channel) ??
      observe(`channel ${channel}`, {
        code: channelConcept(channel),
        ...covered,
        dataAbsentReason: absent("masked", "the samples are in the recording, which is no part of a result"),
        derivedFrom: [recording],
      });
    channels.set(channel, known);
    return known;
  };

  if (denial === null) {
    observe("alarm-summary", { ...alarmSummary(disclosed["alarm-summary"]), ...covered, device: program, derivedFrom: [recording] });
    disclosed.findings.forEach((finding, i) => {
      const source = channelOf(finding.channel);
      const values = finding.evidence.map((measure, j) =>
        observe(`finding ${i} value ${j}`, {
          code: concept(SYSTEM.measure, measure.name),
          effectivePeriod: period(finding.onsetMs, finding.endMs),
          valueQuantity: quantity(measure),
          device: program,
          derivedFrom: [source],
        }),
      );
      const name = `finding ${i}`;
      entries.push([name, issueOf(finding, idOf(name), subject, program, values)]);
    });
    coverage?.unassessed.forEach((span, i) => {
      observe(`not assessed ${i}`, {
        code: concept(SYSTEM.statement, "not-assessed"),
        effectivePeriod: period(span.fromMs, span.toMs),
        dataAbsentReason: absent("not-performed", `${span.detector}: ${span.reason}`),
        device: program,
        derivedFrom: [channelOf(span.channel)],
      });
    });
  } else {
    entries.push([
      "denial",
      {
        resourceType: "OperationOutcome",
        id: idOf("denial"),
        issue: [{ severity: "error", code: "forbidden", details: concept(SYSTEM.denial, denial) }],
      },
    ]);
  }
  const targets = entries.map(([name]) => reference(name));
  entries.push(["program", deviceOf(input, idOf("program"))]);
  entries.push(["provenance", provenanceOf(input, idOf("provenance"), targets, program)]);
  return {
    resourceType: "Bundle",
    id: idOf("bundle"),
    meta: { tag: tagsOf(input) },
    identifier: identifier(SYSTEM.resultSha256, toHex(input.fileSha256)),
    type: "collection",
    timestamp: instant(result.interval.toMs),
    entry: entries.map(([name, resource]) => ({ fullUrl: `urn:uuid:${idOf(name)}`, resource })),
  };
}

function issueOf(finding: Finding, id: string, patient: Reference, author: Reference, values: readonly Reference[]): DetectedIssue {
  const { code, priority, onsetMs, endMs, technical, confidencePermille, detector } = finding;
  const severity = SEVERITY[priority];
  const said: CodeableConcept[] = [{ text: textOf(`found by ${detector}`) }];
  if (technical) said.push(concept(SYSTEM.statement, "technical-alarm-condition"));
  if (confidencePermille !== null) said.push({ text: `confidence ${confidencePermille / 1000}` });
  return {
    resourceType: "DetectedIssue",
    id,
    status: "final",
    code: concept(SYSTEM.finding, code),
    ...(severity === null ? {} : { severity }),
    patient,
    identifiedPeriod: period(onsetMs, endMs),
    author,
    evidence: [{ code: said, ...(values.length === 0 ? {} : { detail: values }) }],
  };
}

function alarmSummary(
  summary: DisclosureValues["alarm-summary"] | null,
): Pick<Observation, "code" | "valueBoolean" | "dataAbsentReason" | "component"> {
  const code = concept(SYSTEM.statement, "any-alarm");
  if (summary === null) return { code, dataAbsentReason: absent("masked", "the alarm summary was withheld") };
  return {
    code,
    valueBoolean: summary.anyAlarm,
    component: [
      { code: concept(SYSTEM.statement, "highest-priority"), valueString: summary.highestPriority },
      {
        code: concept(SYSTEM.statement, "not-assessed"),
        valueQuantity: { value: summary.secondsNotAssessed, unit: "s", system: UCUM, code: "s" },
      },
    ],
  };
}

/** The fixed-point value as the nearest decimal; UCUM code as the result has it. */
function quantity({ value, decimals, unit }: Measurement): Quantity {
  return { value: Number((value / 10 ** decimals).toFixed(decimals)), unit: textOf(unit), system: UCUM, code: codeOf(unit) };
}

function deviceOf({ software, evidence, disclosed }: FhirInput, id: string): Device {
  return {
    resourceType: "Device",
    id,
    ...(evidence === null
      ? {}
      : {
          identifier: [
            ...evidence.matchedPcrs.map((index) =>
              identifier(`${SYSTEM.pcr}-${index}`, toHex(evidence.pcrs.get(index) ?? new Uint8Array(0))),
            ),
            identifier(SYSTEM.moduleId, evidence.moduleId),
          ],
        }),
    deviceName: [{ name: textOf(software.name), type: "model-name" }],
    version: [
      { type: { text: "program" }, value: textOf(software.version) },
      ...(software.commit === null ? [] : [{ type: { text: "commit" }, value: textOf(software.commit) }]),
      ...(disclosed.detectors ?? []).map(({ id: detector, version, parametersDigest }) => ({
        type: { text: textOf(`detector ${detector}`) },
        component: identifier(SYSTEM.parametersSha256, toHex(parametersDigest)),
        value: textOf(version),
      })),
    ],
    note: [{ text: "Not a medical device." }],
  };
}

function provenanceOf(input: FhirInput, id: string, target: readonly Reference[], who: Reference): Provenance {
  const { result, disclosed, fileSha256, statement } = input;
  const source: Reference =
    disclosed.input === null ? MASKED : { identifier: identifier(SYSTEM.recordingSha256, toHex(disclosed.input.recordingDigest)) };
  return {
    resourceType: "Provenance",
    id,
    target,
    occurredPeriod: period(result.interval.fromMs, result.interval.toMs),
    recorded: instant(result.interval.toMs),
    agent: [
      { type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", code: "assembler" }] }, who },
    ],
    entity: [
      { role: "source", what: source },
      { role: "derivation", what: { identifier: identifier(SYSTEM.resultSha256, toHex(fileSha256)) } },
    ],
    signature: [
      {
        // ASTM E1762-95, as FHIR's signature-type value set has it
        type: [{ system: "urn:iso-astm:E1762-95:2013", code: "1.2.840.10065.1.12.1.14", display: "Source Signature" }],
        when: instant(result.interval.toMs),
        who,
        sigFormat: "application/cose",
        data: toBase64(statement),
      },
    ],
  };
}

/** The verdict, what it reserves, and what it leaves open. */
function tagsOf({ verdict, evidence }: FhirInput): readonly Coding[] {
  if (verdict === null) return [{ system: SYSTEM.verdict, code: "not-verified", display: "Nothing of this was verified" }];
  return [
    { system: SYSTEM.verdict, code: verdict.status, display: textOf(verdict.sentence) },
    { system: SYSTEM.verdict, code: verdict.code },
    ...(evidence?.simulated === true && verdict.code !== "simulator" ? [{ system: SYSTEM.verdict, code: "simulator" }] : []),
    ...verdict.notChecked.map((one) => ({ system: SYSTEM.verdict, code: `not-checked-${one.replaceAll(" ", "-")}` })),
  ];
}

/** A UUID of version 8 (RFC 9562 §5.8) from the first 16 bytes of a digest. */
function uuidOf(digest: Uint8Array): string {
  const bytes = digest.slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const SEVERITY: Readonly<Record<Finding["priority"], "high" | "moderate" | "low" | null>> = {
  high: "high",
  medium: "moderate",
  low: "low",
  none: null,
};
