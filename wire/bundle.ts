import type { CborValue } from "./cbor/index.ts";
import { WireError } from "./errors.ts";
import { disclosureLevelSchema, type DisclosureLevel } from "./findings.ts";
import { signingPublicKey, type SigningPublicKey } from "./keys.ts";
import {
  anyValue,
  array,
  bool,
  bytes,
  decodeWith,
  encodeWith,
  int,
  refine,
  struct,
  text,
  tuple,
  version,
  type Schema,
} from "./schema/index.ts";

/** What is allowed under a constitution; its digest stands in PCR17. */
export interface Bundle {
  version: number;
  /** counts up; requests and status lists name floors */
  policyVersion: number;
  /** SHA-384 of the constitution that it stands under */
  constitutionDigest: Uint8Array;
  /** Unix seconds */
  notBefore: number;
  notAfter: number;
  /** Cedar schema and policies as text */
  cedar: { schema: string; policies: string };
  purposes: PurposeRule[];
  /** parameters of each detector that runs under this policy, by id; a detector that is not named is not allowed */
  detectors: DetectorRule[];
  grantIssuers: SigningPublicKey[];
  /** whether a job without a grant is denied */
  grantsRequired: boolean;
  /** whether recordings without a device signature are taken */
  unsignedRecordings: boolean;
  /** ARNs of the KMS keys under whose data keys jobs may come; none: such jobs are not opened */
  dataKeys: string[];
  /** how long a stale status list still answers purposes of care, seconds, at most 72 h */
  careGraceSeconds: number;
  /** what may leave besides results */
  telemetry: CborValue;
}

/** A purpose that may be asked for, and how much it may disclose. */
export interface PurposeRule {
  /** HL7 v3 PurposeOfUse code */
  code: string;
  care: boolean;
  /** widest level of the submitter */
  submitterLevel: DisclosureLevel;
  /** widest level of further recipients */
  recipientLevel: DisclosureLevel;
}

/** How a detector runs under this bundle. */
export interface DetectorRule {
  id: string;
  parameters: CborValue;
}

const fields: Schema<Bundle> = struct<Bundle>({
  version: ["v", version(1)],
  policyVersion: ["policyVersion", int(1, 2 ** 40)],
  constitutionDigest: ["constitution", bytes(48)],
  notBefore: ["notBefore", int(0, 2 ** 40)],
  notAfter: ["notAfter", int(0, 2 ** 40)],
  cedar: ["cedar", struct<Bundle["cedar"]>({ schema: ["schema", text(0, 256 * 1024)], policies: ["policies", text(0, 512 * 1024)] })],
  purposes: [
    "purposes",
    array(
      struct<PurposeRule>({
        code: ["code", text(1, 32)],
        care: ["care", bool],
        submitterLevel: ["submitterLevel", disclosureLevelSchema],
        recipientLevel: ["recipientLevel", disclosureLevelSchema],
      }),
      0,
      64,
    ),
  ],
  detectors: ["detectors", array(struct<DetectorRule>({ id: ["id", text(1, 64)], parameters: ["parameters", anyValue] }), 0, 64)],
  grantIssuers: ["grantIssuers", array(signingPublicKey, 0, 64)],
  grantsRequired: ["grantsRequired", bool],
  unsignedRecordings: ["unsignedRecordings", bool],
  dataKeys: ["dataKeys", array(text(20, 256), 0, 16)],
  careGraceSeconds: ["careGrace", int(0, 72 * 3600)],
  telemetry: ["telemetry", anyValue],
});

/** Of two rules for one purpose or detector, a reader and the enclave might each take another. */
const bundle: Schema<Bundle> = refine(fields, unambiguous, unambiguous);

function unambiguous(value: Bundle): Bundle {
  const { purposes, detectors } = value;
  if (new Set(purposes.map(({ code }) => code)).size < purposes.length || new Set(detectors.map(({ id }) => id)).size < detectors.length)
    throw new WireError("schema-range", "bundle: two rules for one purpose or detector");
  return value;
}

/** Encodes the payload of a bundle statement. */
export const encodeBundle = (value: Bundle): Uint8Array => encodeWith(bundle, value);
/** Reads the payload of a bundle statement. @throws WireError, LimitError */
export const decodeBundle = (payload: Uint8Array): Bundle =>
  decodeWith(bundle, payload, "bundle", { maxBytes: 1024 * 1024, maxDepth: 10, maxItems: 16_384 });

/** A statement with the approvals over it, as it lies on disk. Approvals are not measured: more of them change no PCR. */
export interface Approved {
  statement: Uint8Array;
  approvals: Uint8Array[];
}

const approved: Schema<Approved> = tuple<Approved>([
  ["statement", bytes(1, 1024 * 1024)],
  ["approvals", array(bytes(1, 4096), 0, 64)],
]);

/** Encodes a statement and its approvals as one file. */
export const encodeApproved = (value: Approved): Uint8Array => encodeWith(approved, value);
/** @throws WireError, LimitError */
export const decodeApproved = (file: Uint8Array): Approved =>
  decodeWith(approved, file, "approved statement", { maxBytes: 2 * 1024 * 1024, maxDepth: 2 });
