import { concatBytes } from "./bytes.ts";
import { decodeForeignCbor, encodeCbor, type CborValue } from "./cbor/index.ts";
import { WireError } from "./errors.ts";

/** A request to the Nitro Security Module (aws-nitro-enclaves-nsm-api). */
export type NsmRequest =
  | { kind: "DescribeNSM" }
  | { kind: "GetRandom" }
  | { kind: "DescribePCR"; index: number }
  | { kind: "ExtendPCR"; index: number; data: Uint8Array }
  | { kind: "LockPCR"; index: number }
  | { kind: "LockPCRs"; range: number }
  | { kind: "Attestation"; userData: Uint8Array | null; nonce: Uint8Array | null; publicKey: Uint8Array | null };

/** Its answer. */
export type NsmResponse =
  | {
      kind: "DescribeNSM";
      versionMajor: number;
      versionMinor: number;
      versionPatch: number;
      moduleId: string;
      maxPcrs: number;
      lockedPcrs: number[];
      digest: string;
    }
  | { kind: "GetRandom"; random: Uint8Array }
  | { kind: "DescribePCR"; lock: boolean; data: Uint8Array }
  | { kind: "ExtendPCR"; data: Uint8Array }
  | { kind: "LockPCR" }
  | { kind: "LockPCRs" }
  | { kind: "Attestation"; document: Uint8Array }
  | { kind: "Error"; error: NsmErrorCode };

/** Error names in the order of their C codes 1 to 8. */
export const NSM_ERRORS = [
  "InvalidArgument",
  "InvalidIndex",
  "InvalidResponse",
  "ReadOnlyIndex",
  "InvalidOperation",
  "BufferTooSmall",
  "InputTooLarge",
  "InternalError",
] as const;
/** The name of an error that NSM answers with. */
export type NsmErrorCode = (typeof NSM_ERRORS)[number];

/** Largest request in bytes (the driver's NSM_REQUEST_MAX_SIZE). */
export const NSM_MAX_REQUEST = 4096;
/** Largest response in bytes (the driver's NSM_RESPONSE_MAX_SIZE). */
export const NSM_MAX_RESPONSE = 12288;

const LIMITS = { maxBytes: NSM_MAX_RESPONSE, maxDepth: 4, maxItems: 256 };

/** Encodes a request with the fields in the order of AWS's client. */
export function encodeNsmRequest(request: NsmRequest): Uint8Array {
  switch (request.kind) {
    case "DescribeNSM":
    case "GetRandom":
      return encodeCbor(request.kind);
    case "DescribePCR":
    case "LockPCR":
      return call(request.kind, [["index", request.index]]);
    case "LockPCRs":
      return call(request.kind, [["range", request.range]]);
    case "ExtendPCR":
      return call(request.kind, [
        ["index", request.index],
        ["data", request.data],
      ]);
    case "Attestation":
      return call(request.kind, [
        ["user_data", request.userData],
        ["nonce", request.nonce],
        ["public_key", request.publicKey],
      ]);
  }
}

/** Decodes a request; fields are read by key, in any order. @throws WireError, LimitError */
export function decodeNsmRequest(bytes: Uint8Array): NsmRequest {
  const { name, fields } = variant(decodeForeignCbor(bytes, { ...LIMITS, maxBytes: NSM_MAX_REQUEST }));
  switch (name) {
    case "DescribeNSM":
    case "GetRandom":
      expectFields(name, fields, null);
      return { kind: name };
    case "DescribePCR":
    case "LockPCR":
      return { kind: name, index: u16(expectFields(name, fields, ["index"]), "index") };
    case "LockPCRs":
      return { kind: name, range: u16(expectFields(name, fields, ["range"]), "range") };
    case "ExtendPCR": {
      const map = expectFields(name, fields, ["index", "data"]);
      return { kind: name, index: u16(map, "index"), data: byteString(map, "data") };
    }
    case "Attestation": {
      const map = expectFields(name, fields, ["user_data", "nonce", "public_key"]);
      return {
        kind: name,
        userData: optionalBytes(map, "user_data"),
        nonce: optionalBytes(map, "nonce"),
        publicKey: optionalBytes(map, "public_key"),
      };
    }
    default:
      throw new WireError("nsm-shape", "an operation that NSM does not have");
  }
}

/** Encodes a response as the NSM does. */
export function encodeNsmResponse(response: NsmResponse): Uint8Array {
  switch (response.kind) {
    case "LockPCR":
    case "LockPCRs":
      return encodeCbor(response.kind);
    case "GetRandom":
      return call(response.kind, [["random", response.random]]);
    case "DescribePCR":
      return call(response.kind, [
        ["lock", response.lock],
        ["data", response.data],
      ]);
    case "ExtendPCR":
      return call(response.kind, [["data", response.data]]);
    case "Attestation":
      return call(response.kind, [["document", response.document]]);
    case "Error":
      return encodeCbor(new Map([["Error", response.error]]));
    case "DescribeNSM":
      return call(response.kind, [
        ["version_major", response.versionMajor],
        ["version_minor", response.versionMinor],
        ["version_patch", response.versionPatch],
        ["module_id", response.moduleId],
        ["max_pcrs", response.maxPcrs],
        ["locked_pcrs", response.lockedPcrs],
        ["digest", response.digest],
      ]);
  }
}

/** Decodes a response; unknown fields are refused. @throws WireError, LimitError */
export function decodeNsmResponse(bytes: Uint8Array): NsmResponse {
  const { name, fields } = variant(decodeForeignCbor(bytes, LIMITS));
  switch (name) {
    case "LockPCR":
    case "LockPCRs":
      expectFields(name, fields, null);
      return { kind: name };
    case "GetRandom":
      return { kind: name, random: byteString(expectFields(name, fields, ["random"]), "random") };
    case "ExtendPCR":
      return { kind: name, data: byteString(expectFields(name, fields, ["data"]), "data") };
    case "Attestation":
      return { kind: name, document: byteString(expectFields(name, fields, ["document"]), "document") };
    case "DescribePCR": {
      const map = expectFields(name, fields, ["lock", "data"]);
      const lock = map.get("lock");
      if (typeof lock !== "boolean") throw new WireError("nsm-shape", "lock: expected a boolean");
      return { kind: name, lock, data: byteString(map, "data") };
    }
    case "Error": {
      const error = NSM_ERRORS.find((one) => one === fields);
      if (error === undefined) throw new WireError("nsm-shape", "an error code that NSM does not have");
      return { kind: name, error };
    }
    case "DescribeNSM": {
      const map = expectFields(name, fields, [
        "version_major",
        "version_minor",
        "version_patch",
        "module_id",
        "max_pcrs",
        "locked_pcrs",
        "digest",
      ]);
      const locked = map.get("locked_pcrs");
      if (!Array.isArray(locked)) throw new WireError("nsm-shape", "locked_pcrs: expected an array");
      return {
        kind: name,
        versionMajor: u16(map, "version_major"),
        versionMinor: u16(map, "version_minor"),
        versionPatch: u16(map, "version_patch"),
        moduleId: textField(map, "module_id"),
        maxPcrs: u16(map, "max_pcrs"),
        lockedPcrs: (locked as readonly CborValue[]).map((value) => u16(new Map([["locked_pcrs", value]]), "locked_pcrs")),
        digest: textField(map, "digest"),
      };
    }
    default:
      throw new WireError("nsm-shape", "a response that NSM does not give");
  }
}

type FieldMap = ReadonlyMap<number | string, CborValue>;

// serde's external tagging: a unit variant is its name, any other a map of one entry, name -> fields.
function variant(value: CborValue): { name: string; fields: CborValue } {
  if (typeof value === "string") return { name: value, fields: null };
  if (value instanceof Map && value.size === 1) {
    for (const [name, fields] of value as FieldMap) if (typeof name === "string") return { name, fields };
  }
  throw new WireError("nsm-shape", "neither a name nor a map of one name");
}

function expectFields(name: string, fields: CborValue, expected: readonly string[] | null): FieldMap {
  if (expected === null) {
    if (fields !== null) throw new WireError("nsm-shape", `${name} takes no fields`);
    return new Map();
  }
  if (!(fields instanceof Map)) throw new WireError("nsm-shape", `${name} needs fields`);
  const map = fields as FieldMap;
  for (const key of map.keys())
    if (typeof key !== "string" || !expected.includes(key)) throw new WireError("nsm-shape", `${name}: unknown field`);
  return map;
}

function u16(map: FieldMap, key: string): number {
  const value = map.get(key);
  if (typeof value !== "number" || value < 0 || value > 0xffff)
    throw new WireError("nsm-shape", `${key}: expected an integer of 0 to 65535`);
  return value;
}

function byteString(map: FieldMap, key: string): Uint8Array {
  const value = map.get(key);
  if (!(value instanceof Uint8Array)) throw new WireError("nsm-shape", `${key}: expected bytes`);
  return value;
}

function optionalBytes(map: FieldMap, key: string): Uint8Array | null {
  const value = map.get(key);
  if (value === undefined || value === null) return null;
  return byteString(map, key);
}

function textField(map: FieldMap, key: string): string {
  const value = map.get(key);
  if (typeof value !== "string") throw new WireError("nsm-shape", `${key}: expected a text`);
  return value;
}

// AWS's field order is kept, so this cannot go through the sorting encoder: heads of these maps are all short.
function call(name: string, fields: readonly (readonly [string, CborValue])[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0xa1), encodeCbor(name), Uint8Array.of(0xa0 | fields.length)];
  for (const [key, value] of fields) parts.push(encodeCbor(key), encodeCbor(value));
  return concatBytes(...parts);
}
