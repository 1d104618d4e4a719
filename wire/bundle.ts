import type { CborValue } from "./cbor/index.ts";
import { toHex } from "./bytes.ts";
import { WireError } from "./errors.ts";
import { disclosureLevelSchema, type DisclosureLevel } from "./findings.ts";
import { signingPublicKey, type SigningPublicKey } from "./keys.ts";
import { roleThreshold, roleThresholds, type RoleThreshold } from "./role-threshold.ts";
import {
  anyValue,
  array,
  bool,
  bytes,
  decodeWith,
  encodeWith,
  int,
  nullable,
  oneOf,
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
  grantIssuers: GrantIssuer[];
  devices: DeviceRules;
  /** null: no emergency opens anything */
  breakGlass: BreakGlassRule | null;
  /** ARNs of the KMS keys under whose data keys jobs may come; none: such jobs are not opened */
  dataKeys: string[];
  /** how long a stale status list still answers purposes of care, seconds, at most 72 h */
  careGraceSeconds: number;
  /** whether purposes other than care need a status list that repeats the boot nonce */
  freshStatus: boolean;
  /** what may leave besides results */
  telemetry: CborValue;
}

/** A purpose that may be asked for, and how much it may disclose. */
export interface PurposeRule {
  /** HL7 v3 PurposeOfUse code */
  code: string;
  care: boolean;
  /** whether a job for this purpose is denied without a grant; one that carries a grant is always held to it */
  grantRequired: boolean;
  /** widest level of the submitter */
  submitterLevel: DisclosureLevel;
  /** widest level of further recipients */
  recipientLevel: DisclosureLevel;
}

/** Who may give grants. */
export interface GrantIssuer {
  /** as policies name it */
  name: string;
  key: SigningPublicKey;
}

/** What is done about recordings by what their device signed. */
export interface DeviceRules {
  registered: RegisteredDevice[];
  /** recordings without a device's statement */
  unsigned: "accept" | "deny";
  /** a genuine signature by a key that is not registered */
  unknown: "flag" | "deny";
  /** a sequence number that leaves some out */
  gap: "flag" | "deny";
  /** a sequence number that was seen before with other content, or an older one */
  replay: "flag" | "deny";
}

/** A device whose recordings count as its own. */
export interface RegisteredDevice {
  /** as recordings name it */
  name: string;
  key: SigningPublicKey;
  /** the only subject it records, null for any */
  subject: string | null;
}

/** Who opens what without a grant in an emergency, and how loudly. */
export interface BreakGlassRule {
  /** who decides first */
  first: RoleThreshold[];
  /** who may decide as well once nobody of `first` has answered for `escalateSeconds`; empty for nobody */
  second: RoleThreshold[];
  escalateSeconds: number;
  /** how long an emergency lasts from its approval */
  validSeconds: number;
  /** codes of `purposes` for which an emergency may be opened */
  purposes: string[];
  /** widest level of anyone under an emergency */
  level: DisclosureLevel;
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
        grantRequired: ["grantRequired", bool],
        submitterLevel: ["submitterLevel", disclosureLevelSchema],
        recipientLevel: ["recipientLevel", disclosureLevelSchema],
      }),
      0,
      64,
    ),
  ],
  detectors: ["detectors", array(struct<DetectorRule>({ id: ["id", text(1, 64)], parameters: ["parameters", anyValue] }), 0, 64)],
  grantIssuers: ["grantIssuers", array(struct<GrantIssuer>({ name: ["name", text(1, 128)], key: ["key", signingPublicKey] }), 0, 64)],
  devices: [
    "devices",
    struct<DeviceRules>({
      registered: [
        "registered",
        array(
          struct<RegisteredDevice>({
            name: ["name", text(1, 128)],
            key: ["key", signingPublicKey],
            subject: ["subject", nullable(text(1, 128))],
          }),
          0,
          1024,
        ),
      ],
      unsigned: ["unsigned", oneOf("accept", "deny")],
      unknown: ["unknown", oneOf("flag", "deny")],
      gap: ["gap", oneOf("flag", "deny")],
      replay: ["replay", oneOf("flag", "deny")],
    }),
  ],
  breakGlass: [
    "breakGlass",
    nullable(
      struct<BreakGlassRule>({
        first: ["first", roleThresholds],
        second: ["second", array(roleThreshold, 0, 16)],
        escalateSeconds: ["escalateSeconds", int(0, 3600)],
        validSeconds: ["validSeconds", int(60, 24 * 3600)],
        purposes: ["purposes", array(text(1, 32), 1, 16)],
        level: ["level", disclosureLevelSchema],
      }),
    ),
  ],
  dataKeys: ["dataKeys", array(text(20, 256), 0, 16)],
  careGraceSeconds: ["careGrace", int(0, 72 * 3600)],
  freshStatus: ["freshStatus", bool],
  telemetry: ["telemetry", anyValue],
});

/** Of two rules for one purpose, detector, issuer or device, a reader and the enclave might each take another. */
const bundle: Schema<Bundle> = refine(fields, unambiguous, unambiguous);

function unambiguous(value: Bundle): Bundle {
  const { purposes, detectors, grantIssuers, devices, breakGlass } = value;
  const lists: Record<string, readonly string[]> = {
    purpose: purposes.map(({ code }) => code),
    detector: detectors.map(({ id }) => id),
    "name of an issuer": grantIssuers.map(({ name }) => name),
    "key of an issuer": grantIssuers.map(({ key }) => toHex(key.key)),
    "name of a device": devices.registered.map(({ name }) => name),
    "key of a device": devices.registered.map(({ key }) => toHex(key.key)),
    "purpose of an emergency": breakGlass?.purposes ?? [],
  };
  for (const [what, list] of Object.entries(lists))
    if (new Set(list).size < list.length) throw new WireError("schema-range", `bundle: one ${what} twice`);
  const unknown = breakGlass?.purposes.find((code) => purposes.every((rule) => rule.code !== code));
  if (unknown !== undefined) throw new WireError("schema-range", "bundle: an emergency for a purpose that has no rule");
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
