import { WireError } from "./errors.ts";
import { disclosureLevelSchema, type DisclosureLevel } from "./findings.ts";
import { signingPublicKey, type SigningPublicKey } from "./keys.ts";
import {
  array,
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

/** What an issuer allows one holder to have done with recordings of one subject: a consent, or an access. */
export interface Grant {
  version: number;
  /** by which a status list revokes it */
  id: Uint8Array;
  /** SHA-256 of the raw public key that signs */
  issuer: Uint8Array;
  /** who may use it: requests must be signed with this key (RFC 8747 cnf) */
  holder: SigningPublicKey;
  subject: string;
  /** HL7 v3 PurposeOfUse codes */
  purposes: string[];
  /** channel codes that a recording may hold, such as "loinc:8867-4"; null for any */
  channels: string[] | null;
  /** detectors that may run; null for any that the policy allows */
  detectors: string[] | null;
  /** widest level of anyone who gets a reply */
  level: DisclosureLevel;
  /** when it may be used, Unix seconds */
  notBefore: number;
  notAfter: number;
  /** of which time samples may be, Unix ms, both ends included; null for any */
  samples: { fromMs: number; toMs: number } | null;
  /** uses are numbered 1 to this */
  uses: number;
  ward: string | null;
  /** what it was made from */
  source: { kind: "direct" | "fhir-consent" | "smart-permission-ticket"; digest: Uint8Array | null };
}

const MS = 2 ** 48;

const fields: Schema<Grant> = struct<Grant>({
  version: ["v", version(1)],
  id: ["id", bytes(16)],
  issuer: ["iss", bytes(32)],
  holder: ["cnf", signingPublicKey],
  subject: ["subject", text(1, 128)],
  purposes: ["purposes", array(text(1, 32), 1, 16)],
  channels: ["channels", nullable(array(text(5, 40), 1, 64))],
  detectors: ["detectors", nullable(array(text(1, 64), 1, 32))],
  level: ["level", disclosureLevelSchema],
  notBefore: ["nbf", int(0, 2 ** 40)],
  notAfter: ["exp", int(0, 2 ** 40)],
  samples: [
    "samples",
    nullable(
      tuple<NonNullable<Grant["samples"]>>([
        ["fromMs", int(0, MS)],
        ["toMs", int(0, MS)],
      ]),
    ),
  ],
  uses: ["uses", int(1, 2 ** 40)],
  ward: ["ward", nullable(text(1, 64))],
  source: [
    "source",
    struct<Grant["source"]>({
      kind: ["kind", oneOf("direct", "fhir-consent", "smart-permission-ticket")],
      digest: ["digest", nullable(bytes(32))],
    }),
  ],
});

/** A grant that could never be used, or not as its words say, was made by mistake. */
function sound(value: Grant, path = "grant"): Grant {
  if (value.notAfter <= value.notBefore) throw new WireError("schema-range", `${path}.exp: not after nbf`);
  if (value.samples !== null && value.samples.toMs < value.samples.fromMs)
    throw new WireError("schema-range", `${path}.samples: ends before it begins`);
  return value;
}

const grant: Schema<Grant> = refine(fields, sound, sound);

/** Encodes the payload of a grant statement. */
export const encodeGrant = (value: Grant): Uint8Array => encodeWith(grant, value);
/** Reads the payload of a grant statement. @throws WireError, LimitError */
export const decodeGrant = (payload: Uint8Array): Grant =>
  decodeWith(grant, payload, "grant", { maxBytes: 8192, maxDepth: 3, maxItems: 256 });
