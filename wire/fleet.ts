import { encodeCbor } from "./cbor/index.ts";
import { WireError } from "./errors.ts";
import { array, bytes, decodeWith, encodeWith, int, refine, struct, text, tuple, version, type Schema } from "./schema/index.ts";

/** A part of a fleet's seed as KMS encrypted it; only an enclave that the key's policy admits gets it back. */
export interface WrappedSeed {
  /** the full ARN of the KMS key */
  keyArn: string;
  /** KMS ciphertext of a data key of 32 bytes */
  blob: Uint8Array;
}

/** Keys that an enclave made for an epoch of a fleet. They serve nobody until the quorum signs a record that names them. */
export interface FleetCandidate {
  version: number;
  /** a to z, 0 to 9 and hyphens, 1 to 64 */
  fleet: string;
  epoch: number;
  /** SHA-384 of the constitution's statement bytes */
  constitutionDigest: Uint8Array;
  /** encoded key set that names the fleet; its SHA-256 is the key id of jobs */
  keySet: Uint8Array;
  /** one for each KMS key of the constitution, in its order */
  wrapped: WrappedSeed[];
  /** 16 bytes: of the enclave that made it */
  bootId: Uint8Array;
}

/** What the quorum signs: which keys a fleet's epoch has, and behind which KMS keys they lie. */
export interface FleetRecord {
  version: number;
  fleet: string;
  epoch: number;
  constitutionDigest: Uint8Array;
  /** SHA-256 of the encoded key set */
  keySetDigest: Uint8Array;
  /** SHA-256 of each blob, in the constitution's order of keys */
  wrapped: { keyArn: string; digest: Uint8Array }[];
  /** Unix seconds */
  notBefore: number;
  /** Unix seconds */
  notAfter: number;
}

/** All that an enclave needs to serve an epoch, as one file: nothing in it is secret. */
export interface FleetEpoch {
  /** bytes of a FleetCandidate */
  candidate: Uint8Array;
  /** statement of kind fleet-record */
  record: Uint8Array;
  approvals: Uint8Array[];
}

/** Longest ciphertext that KMS gives (Decrypt API, CiphertextBlob). */
export const MAX_KMS_BLOB_BYTES = 6144;
/** Longest time that an epoch may serve, seconds: overlapping epochs of 30 days leave one day to change over. */
export const MAX_EPOCH_SECONDS: number = 31 * 24 * 3600;

const FLEET_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
/** Schema of a fleet's name. */
export const fleetName: Schema<string> = refine(text(1, 64), named, named);
const epoch: Schema<number> = int(1, 2 ** 31 - 1);
const keyArn: Schema<string> = text(20, 256);

function named(value: string, path = "fleet"): string {
  if (!FLEET_NAME.test(value)) throw new WireError("schema-range", `${path}: a fleet is named by a to z, 0 to 9 and hyphens`);
  return value;
}

const candidate: Schema<FleetCandidate> = struct<FleetCandidate>({
  version: ["v", version(1)],
  fleet: ["fleet", fleetName],
  epoch: ["epoch", epoch],
  constitutionDigest: ["constitution", bytes(48)],
  keySet: ["keySet", bytes(1, 8192)],
  wrapped: ["wrapped", array(struct<WrappedSeed>({ keyArn: ["keyArn", keyArn], blob: ["blob", bytes(1, MAX_KMS_BLOB_BYTES)] }), 1, 8)],
  bootId: ["boot", bytes(16)],
});

const record: Schema<FleetRecord> = struct<FleetRecord>({
  version: ["v", version(1)],
  fleet: ["fleet", fleetName],
  epoch: ["epoch", epoch],
  constitutionDigest: ["constitution", bytes(48)],
  keySetDigest: ["keySetDigest", bytes(32)],
  wrapped: ["wrapped", array(struct<FleetRecord["wrapped"][number]>({ keyArn: ["keyArn", keyArn], digest: ["digest", bytes(32)] }), 1, 8)],
  notBefore: ["notBefore", int(0, 2 ** 40)],
  notAfter: ["notAfter", int(0, 2 ** 40)],
});

const fleetEpoch: Schema<FleetEpoch> = tuple<FleetEpoch>([
  ["candidate", bytes(1, 64 * 1024)],
  ["record", bytes(1, 16 * 1024)],
  ["approvals", array(bytes(1, 4096), 0, 64)],
]);

/** Encodes a candidate: the bytes that its evidence commits to. */
export const encodeFleetCandidate = (value: FleetCandidate): Uint8Array => encodeWith(candidate, value);
/** @throws WireError, LimitError */
export const decodeFleetCandidate = (encoded: Uint8Array): FleetCandidate =>
  decodeWith(candidate, encoded, "fleet candidate", { maxBytes: 64 * 1024, maxDepth: 3, maxItems: 64 });

/** Encodes the payload of a fleet record. */
export const encodeFleetRecord = (value: FleetRecord): Uint8Array => encodeWith(record, value);
/** Reads the payload of a fleet record. @throws WireError, LimitError */
export const decodeFleetRecord = (payload: Uint8Array): FleetRecord =>
  decodeWith(record, payload, "fleet record", { maxBytes: 16 * 1024, maxDepth: 3, maxItems: 64 });

/** Encodes what an enclave needs to serve an epoch. */
export const encodeFleetEpoch = (value: FleetEpoch): Uint8Array => encodeWith(fleetEpoch, value);
/** Reads what an enclave needs to serve an epoch; nothing of it is verified. @throws WireError, LimitError */
export const decodeFleetEpoch = (file: Uint8Array): FleetEpoch =>
  decodeWith(fleetEpoch, file, "fleet epoch", { maxBytes: MAX_FLEET_EPOCH_BYTES, maxDepth: 2, maxItems: 128 });

/** Largest file of an epoch. */
export const MAX_FLEET_EPOCH_BYTES: number = 512 * 1024;

/** What user_data of evidence for a candidate is the SHA-384 of; no identity passes for one. */
export function fleetCommitment(candidateBytes: Uint8Array): Uint8Array {
  return encodeCbor(["caladrius fleet candidate", candidateBytes]);
}

/** The encryption context of a fleet's seed: KMS authenticates it with each blob, and key policies may demand it. */
export function fleetContext(fleet: string, number: number, constitutionHex: string): Readonly<Record<string, string>> {
  return { "caladrius-constitution": constitutionHex, "caladrius-epoch": String(number), "caladrius-fleet": fleet };
}
