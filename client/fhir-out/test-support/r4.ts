/** One element of a definition: its type, or several for a choice written out; how often it stands. */
type Rule = readonly [type: string, cardinality: "0..1" | "1..1" | "0..*" | "1..*"];

/**
 * Elements of FHIR R4 (4.0.1, https://hl7.org/fhir/R4/) by type, with the cardinalities of their definitions; those that no
 * bundle of ours has are left out, and refused where they stand.
 */
export const R4: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Bundle: {
    id: ["id", "0..1"],
    meta: ["Meta", "0..1"],
    identifier: ["Identifier", "0..1"],
    type: ["code", "1..1"],
    timestamp: ["instant", "0..1"],
    entry: ["Bundle.entry", "0..*"],
  },
  "Bundle.entry": { fullUrl: ["uri", "0..1"], resource: ["Resource", "0..1"] },
  Observation: {
    id: ["id", "0..1"],
    identifier: ["Identifier", "0..*"],
    status: ["code", "1..1"],
    code: ["CodeableConcept", "1..1"],
    subject: ["Reference", "0..1"],
    effectivePeriod: ["Period", "0..1"],
    valueQuantity: ["Quantity", "0..1"],
    valueBoolean: ["boolean", "0..1"],
    dataAbsentReason: ["CodeableConcept", "0..1"],
    device: ["Reference", "0..1"],
    derivedFrom: ["Reference", "0..*"],
    component: ["Observation.component", "0..*"],
  },
  "Observation.component": {
    code: ["CodeableConcept", "1..1"],
    valueQuantity: ["Quantity", "0..1"],
    valueString: ["string", "0..1"],
  },
  DetectedIssue: {
    id: ["id", "0..1"],
    status: ["code", "1..1"],
    code: ["CodeableConcept", "0..1"],
    severity: ["code", "0..1"],
    patient: ["Reference", "0..1"],
    identifiedPeriod: ["Period", "0..1"],
    author: ["Reference", "0..1"],
    evidence: ["DetectedIssue.evidence", "0..*"],
  },
  "DetectedIssue.evidence": { code: ["CodeableConcept", "0..*"], detail: ["Reference", "0..*"] },
  Device: {
    id: ["id", "0..1"],
    identifier: ["Identifier", "0..*"],
    deviceName: ["Device.deviceName", "0..*"],
    version: ["Device.version", "0..*"],
    note: ["Annotation", "0..*"],
  },
  "Device.deviceName": { name: ["string", "1..1"], type: ["code", "1..1"] },
  "Device.version": { type: ["CodeableConcept", "0..1"], component: ["Identifier", "0..1"], value: ["string", "1..1"] },
  Provenance: {
    id: ["id", "0..1"],
    target: ["Reference", "1..*"],
    occurredPeriod: ["Period", "0..1"],
    recorded: ["instant", "1..1"],
    agent: ["Provenance.agent", "1..*"],
    entity: ["Provenance.entity", "0..*"],
    signature: ["Signature", "0..*"],
  },
  "Provenance.agent": { type: ["CodeableConcept", "0..1"], who: ["Reference", "1..1"] },
  "Provenance.entity": { role: ["code", "1..1"], what: ["Reference", "1..1"] },
  OperationOutcome: { id: ["id", "0..1"], issue: ["OperationOutcome.issue", "1..*"] },
  "OperationOutcome.issue": { severity: ["code", "1..1"], code: ["code", "1..1"], details: ["CodeableConcept", "0..1"] },
  Signature: {
    type: ["Coding", "1..*"],
    when: ["instant", "1..1"],
    who: ["Reference", "1..1"],
    sigFormat: ["code", "0..1"],
    data: ["base64Binary", "0..1"],
  },
  Meta: { tag: ["Coding", "0..*"] },
  Annotation: { text: ["markdown", "1..1"] },
  Coding: { system: ["uri", "0..1"], code: ["code", "0..1"], display: ["string", "0..1"] },
  CodeableConcept: { coding: ["Coding", "0..*"], text: ["string", "0..1"] },
  Identifier: { system: ["uri", "0..1"], value: ["string", "0..1"] },
  Reference: {
    reference: ["string", "0..1"],
    identifier: ["Identifier", "0..1"],
    display: ["string", "0..1"],
    extension: ["Extension", "0..*"],
  },
  Extension: { url: ["uri", "1..1"], valueCode: ["code", "0..1"] },
  Period: { start: ["dateTime", "0..1"], end: ["dateTime", "0..1"] },
  Quantity: { value: ["decimal", "0..1"], unit: ["string", "0..1"], system: ["uri", "0..1"], code: ["code", "0..1"] },
};

const TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const TEXT = /^(?=.*\S)[^\u0000-\u0008\u000b\u000c\u000e-\u001f]{1,1048576}$/s;

/** Primitive types, as https://hl7.org/fhir/R4/datatypes.html restricts them. */
const PRIMITIVES: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: text(/^[A-Za-z0-9\-.]{1,64}$/),
  code: text(/^\S+( \S+)*$/),
  uri: text(/^\S+$/),
  string: text(TEXT),
  markdown: text(TEXT),
  instant: text(TIME),
  dateTime: text(TIME),
  base64Binary: text(/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/),
  decimal: (value) => typeof value === "number" && Number.isFinite(value),
  boolean: (value) => typeof value === "boolean",
};

function text(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && pattern.test(value);
}

/** What is wrong with a value of a type, each with its path. */
export function violations(value: unknown, type: string, path: string = type): string[] {
  const primitive = PRIMITIVES[type];
  if (primitive !== undefined) return primitive(value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${type}`];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path}: no ${type}`];
  const { resourceType, ...elements } = value as Record<string, unknown>;
  const actual = type === "Resource" ? String(resourceType) : type;
  const rules = R4[actual];
  if (rules === undefined) return [`${path}: ${actual} is not known`];
  if (Object.keys(elements).length === 0) return [`${path}: empty`]; // ele-1
  const found: string[] = [];
  for (const [name, [, cardinality]] of Object.entries(rules))
    if (cardinality.startsWith("1") && elements[name] === undefined) found.push(`${path}.${name}: missing`);
  for (const [name, element] of Object.entries(elements)) {
    const rule = rules[name];
    if (rule === undefined) found.push(`${path}.${name}: ${actual} has no such element`);
    else if (!rule[1].endsWith("*")) found.push(...violations(element, rule[0], `${path}.${name}`));
    else if (!Array.isArray(element) || element.length === 0) found.push(`${path}.${name}: no list, or an empty one`);
    else element.forEach((one, i) => found.push(...violations(one, rule[0], `${path}.${name}[${i}]`)));
  }
  return found;
}
