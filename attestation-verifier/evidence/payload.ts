import { decodeForeignCbor, type CborValue } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";
import { MAX_PAYLOAD_BYTES } from "./envelope.ts";
import { parsePcrValue, PCR_COUNT, type PcrValue } from "./pcr.ts";

/** The fields of an attestation document (AWS attestation_process.md §3.2), typed and within limits, not verified. */
export interface DecodedEvidence {
  readonly moduleId: string;
  /** Unix ms */
  readonly timestampMs: number;
  readonly pcrs: ReadonlyMap<number, PcrValue>;
  readonly certificate: Uint8Array;
  /** root first */
  readonly cabundle: readonly Uint8Array[];
  /** null, empty or up to 1024 bytes */
  readonly publicKey: Uint8Array | null;
  /** null, empty or up to 512 bytes */
  readonly userData: Uint8Array | null;
  /** null, empty or up to 512 bytes */
  readonly nonce: Uint8Array | null;
  /** names of fields that this version does not know; they are covered by the signature and otherwise ignored */
  readonly unknownFields: readonly string[];
}

/**
 * Reads the payload of a document. Keys may come in any order and maps may be indefinite, as AWS writes them since
 * August 2025; optional fields may be null, empty or left out.
 * @throws Refusal payload-*
 */
export function parsePayload(payload: Uint8Array): DecodedEvidence {
  const map = decodeMap(payload);
  // EC2 NitroTPM documents chain to the same root and name their registers differently
  if (map.has("nitrotpm_pcrs")) throw new Refusal("payload-nitrotpm");
  const digest = required(map, "digest");
  if (digest !== "SHA384") throw new Refusal("payload-digest", { expected: "SHA384" });
  const timestampMs = required(map, "timestamp");
  if (typeof timestampMs !== "number") throw new Refusal("payload-field-type", { subject: "timestamp", expected: "an integer" });
  if (timestampMs <= 0 || timestampMs > MAX_TIMESTAMP_MS)
    throw new Refusal("payload-field-limit", { subject: "timestamp", expected: `1 to ${MAX_TIMESTAMP_MS}`, actual: `${timestampMs}` });
  const cabundle = required(map, "cabundle");
  if (!Array.isArray(cabundle)) throw new Refusal("payload-field-type", { subject: "cabundle", expected: "an array" });
  return {
    moduleId: parseModuleId(required(map, "module_id")),
    timestampMs,
    pcrs: parsePcrs(required(map, "pcrs")),
    certificate: parseBytes(required(map, "certificate"), "certificate"),
    cabundle: (cabundle as readonly CborValue[]).map((entry, i) => parseBytes(entry, `cabundle[${i}]`)),
    publicKey: optionalBytes(map, "public_key", 1024),
    userData: optionalBytes(map, "user_data", 512),
    nonce: optionalBytes(map, "nonce", 512),
    unknownFields: [...map.keys()].filter((key) => !FIELDS.has(key)),
  };
}

function decodeMap(payload: Uint8Array): ReadonlyMap<string, CborValue> {
  let value: CborValue;
  try {
    value = decodeForeignCbor(payload, { maxBytes: MAX_PAYLOAD_BYTES, maxDepth: 4, maxItems: 256 });
  } catch (error) {
    throw new Refusal("payload-cbor", { actual: (error as Error).message });
  }
  if (!(value instanceof Map)) throw new Refusal("payload-cbor", { expected: "a map" });
  const map = value as ReadonlyMap<number | string, CborValue>;
  for (const key of map.keys())
    if (typeof key !== "string") throw new Refusal("payload-cbor", { expected: "text keys", actual: `key ${key}` });
  return map as ReadonlyMap<string, CborValue>;
}

function required(map: ReadonlyMap<string, CborValue>, name: string): CborValue {
  const value = map.get(name) ?? null;
  if (value === null) throw new Refusal("payload-field-missing", { subject: name });
  return value;
}

function parseModuleId(value: CborValue): string {
  if (typeof value !== "string") throw new Refusal("payload-field-type", { subject: "module_id", expected: "a text" });
  if (value.length === 0 || value.length > 128)
    throw new Refusal("payload-field-limit", { subject: "module_id", expected: "1 to 128 characters", actual: `${value.length}` });
  return value;
}

function parseBytes(value: CborValue, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Refusal("payload-field-type", { subject: name, expected: "a byte string" });
  if (value.length === 0 || value.length > 1024)
    throw new Refusal("payload-field-limit", { subject: name, expected: "1 to 1024 bytes", actual: `${value.length}` });
  return value;
}

function optionalBytes(map: ReadonlyMap<string, CborValue>, name: string, max: number): Uint8Array | null {
  const value = map.get(name) ?? null;
  if (value === null) return null;
  if (!(value instanceof Uint8Array)) throw new Refusal("payload-field-type", { subject: name, expected: "a byte string or null" });
  if (value.length > max)
    throw new Refusal("payload-field-limit", { subject: name, expected: `at most ${max} bytes`, actual: `${value.length}` });
  return value;
}

function parsePcrs(value: CborValue): ReadonlyMap<number, PcrValue> {
  if (!(value instanceof Map)) throw new Refusal("payload-field-type", { subject: "pcrs", expected: "a map" });
  const map = value as ReadonlyMap<number | string, CborValue>;
  if (map.size === 0 || map.size > PCR_COUNT)
    throw new Refusal("payload-pcrs", { expected: `1 to ${PCR_COUNT} registers`, actual: `${map.size}` });
  const pcrs = new Map<number, PcrValue>();
  for (const [index, register] of map) {
    if (typeof index !== "number" || index < 0 || index >= PCR_COUNT)
      throw new Refusal("payload-pcrs", {
        subject: "pcrs",
        expected: "indexes 0 to 31",
        actual: typeof index === "number" ? `${index}` : "a text",
      });
    const parsed = register instanceof Uint8Array ? parsePcrValue(register) : null;
    if (parsed === null)
      throw new Refusal("payload-pcrs", {
        subject: `PCR${index}`,
        expected: "48 bytes",
        actual: register instanceof Uint8Array ? `${register.length} bytes` : "another type",
      });
    pcrs.set(index, parsed);
  }
  return pcrs;
}

const FIELDS: ReadonlySet<string> = new Set([
  "module_id",
  "digest",
  "timestamp",
  "pcrs",
  "certificate",
  "cabundle",
  "public_key",
  "user_data",
  "nonce",
]);
const MAX_TIMESTAMP_MS = 253_402_300_799_999; // the end of the year 9999
