import type { CborValue } from "./cbor/index.ts";
import { WireError } from "./errors.ts";
import {
  alarmSummarySchema,
  coverageSchema,
  disclosureLevelSchema,
  findingSchema,
  seriesSchema,
  type AlarmSummary,
  type Coverage,
  type DisclosureLevel,
  type Finding,
  type Series,
} from "./findings.ts";
import { emergencyState, type EmergencyState } from "./emergency-state.ts";
import { streamPosition, type StreamPosition } from "./stream-position.ts";
import { anyValue, array, bytes, decodeWith, encodeWith, int, nullable, struct, text, tuple, type Schema } from "./schema/index.ts";

/** What may be disclosed beside a result, by name. */
export interface DisclosureValues {
  "alarm-summary": AlarmSummary;
  finding: Finding;
  series: Series;
  coverage: Coverage;
  subject: string;
  "job-id": Uint8Array;
  /** SHA-256 of the submitter's raw public key */
  submitter: Uint8Array;
  purpose: string;
  level: DisclosureLevel;
  grant: { digest: Uint8Array; issuer: Uint8Array; use: number };
  detectors: { id: string; version: string; parametersDigest: Uint8Array }[];
  input: { recordingDigest: Uint8Array; device: Uint8Array | null; sequence: number | null };
  stream: StreamPosition;
  /** emergencies that this recipient may know of: their own, or those that wait for their approval */
  emergencies: EmergencyState[];
  /** the one code of a denied job; such a result has no alarm summary */
  denial: string;
}
/** What can be disclosed, by name. */
export type DisclosureName = keyof DisclosureValues;

const SCHEMAS: { readonly [N in DisclosureName]: Schema<DisclosureValues[N]> } = {
  "alarm-summary": alarmSummarySchema,
  finding: findingSchema,
  series: seriesSchema,
  coverage: coverageSchema,
  subject: text(1, 128),
  "job-id": bytes(16),
  submitter: bytes(32),
  purpose: text(1, 32),
  level: disclosureLevelSchema,
  grant: struct<DisclosureValues["grant"]>({ digest: ["digest", bytes(32)], issuer: ["issuer", bytes(32)], use: ["use", int(1, 2 ** 40)] }),
  detectors: array(
    struct<DisclosureValues["detectors"][number]>({
      id: ["id", text(1, 64)],
      version: ["version", text(1, 32)],
      parametersDigest: ["parameters", bytes(32)],
    }),
    0,
    64,
  ),
  input: struct<DisclosureValues["input"]>({
    recordingDigest: ["recording", bytes(32)],
    device: ["device", nullable(bytes(32))],
    sequence: ["sequence", nullable(int(0, 2 ** 40))],
  }),
  stream: streamPosition,
  emergencies: array(emergencyState, 0, 32),
  denial: text(1, 64),
};

const ALARM_NAMES: readonly DisclosureName[] = ["alarm-summary", "denial", "level"];
const FINDINGS_NAMES: readonly DisclosureName[] = [
  ...ALARM_NAMES,
  "finding",
  "coverage",
  "detectors",
  "purpose",
  "grant",
  "job-id",
  "submitter",
  "stream",
  "emergencies",
];

/** The names that each level discloses; a wider one includes what a narrower one does. */
export const LEVEL_NAMES: { readonly [L in DisclosureLevel]: readonly DisclosureName[] } = {
  alarm: ALARM_NAMES,
  findings: FINDINGS_NAMES,
  full: [...FINDINGS_NAMES, "series", "subject", "input"],
};

/** One disclosed value: the pair of name and value, typed together. */
export type Disclosure = { [N in DisclosureName]: { name: N; value: DisclosureValues[N] } }[DisclosureName];

interface WireDisclosure {
  salt: Uint8Array;
  name: string;
  value: CborValue;
}
const wireDisclosure: Schema<WireDisclosure> = tuple<WireDisclosure>([
  ["salt", bytes(16)],
  ["name", text(1, 32)],
  ["value", anyValue],
]);

/** Bytes of one disclosure: [salt, name, value]. Their SHA-256 stands in the result. */
export function encodeDisclosure<N extends DisclosureName>(salt: Uint8Array, name: N, value: DisclosureValues[N]): Uint8Array {
  return encodeWith(wireDisclosure, { salt, name, value: SCHEMAS[name].encode(value) });
}

/** Reads one disclosure. @throws WireError for an unknown name or a value of another format */
export function decodeDisclosure(encoded: Uint8Array): Disclosure {
  const { name, value } = decodeWith(wireDisclosure, encoded, "disclosure", { maxBytes: 9 * 1024 * 1024, maxDepth: 8 });
  if (!Object.hasOwn(SCHEMAS, name)) throw new WireError("schema-unknown", "disclosure: a name that this build does not know");
  const known = name as DisclosureName;
  return { name: known, value: SCHEMAS[known].decode(value, known) } as Disclosure;
}
