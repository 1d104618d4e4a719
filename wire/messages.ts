import { fleetName } from "./fleet.ts";
import {
  array,
  bool,
  bytes,
  decodeWith,
  encodeWith,
  int,
  literal,
  nullable,
  oneOf,
  struct,
  text,
  version,
  type Schema,
} from "./schema/index.ts";
import { MAX_MESSAGE_BYTES } from "./frame.ts";

/** Version of the protocol on the `serve` socket, stated in the first message of a connection by both sides. */
export const PROTOCOL_VERSION = 1;

/** First message of a connection, both ways. */
export interface Hello {
  version: number;
  maxMessageBytes: number;
}
const hello: Schema<Hello> = struct<Hello>({
  version: ["version", version(PROTOCOL_VERSION)],
  maxMessageBytes: ["maxMessageBytes", int(1024, 2 ** 31)],
});
/** Writes a hello. */
export const encodeHello = (value: Hello): Uint8Array => encodeWith(hello, value);
/** Reads a hello of at most 256 bytes. @throws WireError, LimitError; schema-version for another protocol */
export const decodeHello = (body: Uint8Array): Hello => decodeWith(hello, body, "hello", { maxBytes: 256 });

/** Largest constitution in bytes that an enclave reads. */
export const MAX_CONSTITUTION_BYTES: number = 256 * 1024;
/** Largest policy bundle in bytes that an enclave reads. */
export const MAX_BUNDLE_BYTES: number = 1024 * 1024;
/** Largest status list in bytes that an enclave reads. */
export const MAX_STATUS_LIST_BYTES: number = 1024 * 1024;

/** What the host hands over once, before anything else. Constitution and bundle are measured before they are read. */
export interface BootMessage {
  protocol: number;
  /** statement bytes; SHA-384 of them is extended into PCR16 */
  constitution: Uint8Array;
  /** statement bytes; SHA-384 of them is extended into PCR17 */
  bundle: Uint8Array;
  bundleApprovals: Uint8Array[];
  /** statement with the approvals over it, encoded by `encodeApproved`; without one nothing starts */
  statusList: Uint8Array;
}
const boot: Schema<BootMessage> = struct<BootMessage>({
  protocol: ["protocol", version(PROTOCOL_VERSION)],
  constitution: ["constitution", bytes(1, MAX_CONSTITUTION_BYTES)],
  bundle: ["bundle", bytes(1, MAX_BUNDLE_BYTES)],
  bundleApprovals: ["bundleApprovals", array(bytes(1, 4096), 0, 64)],
  statusList: ["statusList", bytes(1, MAX_STATUS_LIST_BYTES)],
});
/** Writes what the host hands over. */
export const encodeBootMessage = (value: BootMessage): Uint8Array => encodeWith(boot, value);
/** Reads what the host handed over; its statements stay bytes. @throws WireError, LimitError */
export const decodeBootMessage = (body: Uint8Array): BootMessage =>
  decodeWith(boot, body, "boot", { maxBytes: MAX_CONSTITUTION_BYTES + MAX_BUNDLE_BYTES + MAX_STATUS_LIST_BYTES + 512 * 1024 });

/** Answer to boot. */
export interface BootReply {
  state: "booted";
  /** 32 random bytes of this boot: a status list that repeats them was made for it */
  bootNonce: Uint8Array;
}
const bootReply: Schema<BootReply> = struct<BootReply>({ state: ["state", literal("booted")], bootNonce: ["bootNonce", bytes(32)] });
/** Writes the answer to boot. */
export const encodeBootReply = (value: BootReply): Uint8Array => encodeWith(bootReply, value);
/** Reads the answer to boot. @throws WireError, LimitError */
export const decodeBootReply = (body: Uint8Array): BootReply => decodeWith(bootReply, body, "boot reply", { maxBytes: 128 });

/** Answer to a status list that was taken: what is in force now. */
export interface StatusListReply {
  number: number;
  /** it repeats the boot nonce */
  fresh: boolean;
  /** as in the answer to boot, for a host that did not hear that one */
  bootNonce: Uint8Array;
}
const statusListReply: Schema<StatusListReply> = struct<StatusListReply>({
  number: ["number", int(1, 2 ** 40)],
  fresh: ["fresh", bool],
  bootNonce: ["bootNonce", bytes(32)],
});
/** Writes the answer to a status list. */
export const encodeStatusListReply = (value: StatusListReply): Uint8Array => encodeWith(statusListReply, value);
/** Reads the answer to a status list. @throws WireError, LimitError */
export const decodeStatusListReply = (body: Uint8Array): StatusListReply =>
  decodeWith(statusListReply, body, "status list reply", { maxBytes: 128 });

/** Asks for evidence; the nonce is the caller's. */
export interface AttestRequest {
  nonce: Uint8Array | null;
  /** which identity: the one whose keys are this boot's alone, or the one with the newest keys of the fleet */
  keys: "boot" | "fleet";
}
const attestRequest: Schema<AttestRequest> = struct<AttestRequest>({
  nonce: ["nonce", nullable(bytes(8, 64))],
  keys: ["keys", oneOf("boot", "fleet")],
});
/** Writes a request for evidence. */
export const encodeAttestRequest = (value: AttestRequest): Uint8Array => encodeWith(attestRequest, value);
/** Reads a request for evidence; a nonce has 8 to 64 bytes. @throws WireError, LimitError */
export const decodeAttestRequest = (body: Uint8Array): AttestRequest => decodeWith(attestRequest, body, "attest", { maxBytes: 256 });

/** Evidence and the identity that its user_data commits to. */
export interface AttestReply {
  evidence: Uint8Array;
  identity: Uint8Array;
  sequence: number;
}
const attestReply: Schema<AttestReply> = struct<AttestReply>({
  evidence: ["evidence", bytes(1, 16 * 1024)],
  identity: ["identity", bytes(1, 16 * 1024)],
  sequence: ["sequence", int(0, 2 ** 32 - 1)],
});
/** Writes evidence with its identity. */
export const encodeAttestReply = (value: AttestReply): Uint8Array => encodeWith(attestReply, value);
/** Reads evidence with its identity, of which nothing is verified yet. @throws WireError, LimitError */
export const decodeAttestReply = (body: Uint8Array): AttestReply => decodeWith(attestReply, body, "attestation", { maxBytes: 64 * 1024 });

/** Answer to a sealed job: the outer status statement, and one sealed reply for each recipient, the submitter's first. */
export interface JobReply {
  status: Uint8Array;
  replies: Uint8Array[];
  /** one sealed notice for each auditor where emergencies are allowed, of one size whether or not something happened */
  notices: Uint8Array[];
}
const jobReply: Schema<JobReply> = struct<JobReply>({
  status: ["status", bytes(1, 4096)],
  replies: ["replies", array(bytes(1, MAX_MESSAGE_BYTES), 0, 8)],
  notices: ["notices", array(bytes(1, 16 * 1024), 0, 8)],
});
/** Writes the answer to a sealed job. */
export const encodeJobReply = (value: JobReply): Uint8Array => encodeWith(jobReply, value);
/** Reads the answer to a sealed job; at most 8 replies. @throws WireError, LimitError */
export const decodeJobReply = (body: Uint8Array): JobReply => decodeWith(jobReply, body, "job reply", { maxBytes: MAX_MESSAGE_BYTES });

/** KMS credentials, handed in by the host at any time and treated as hostile. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiresMs: number;
}
const credentials: Schema<Credentials> = struct<Credentials>({
  accessKeyId: ["accessKeyId", text(16, 128)],
  secretAccessKey: ["secretAccessKey", text(1, 256)],
  sessionToken: ["sessionToken", text(0, 8192)],
  expiresMs: ["expires", int(0, 2 ** 53 - 1)],
});
/** Writes KMS credentials. */
export const encodeCredentials = (value: Credentials): Uint8Array => encodeWith(credentials, value);
/** Reads KMS credentials. @throws WireError, LimitError */
export const decodeCredentials = (body: Uint8Array): Credentials => decodeWith(credentials, body, "credentials", { maxBytes: 16 * 1024 });

/** Asks for keys of a fleet's epoch; nobody is served with them before the quorum's record. */
export interface FleetBirthRequest {
  fleet: string;
  epoch: number;
}
const fleetBirth: Schema<FleetBirthRequest> = struct<FleetBirthRequest>({
  fleet: ["fleet", fleetName],
  epoch: ["epoch", int(1, 2 ** 31 - 1)],
});
/** Writes a request for a fleet's keys. */
export const encodeFleetBirth = (value: FleetBirthRequest): Uint8Array => encodeWith(fleetBirth, value);
/** Reads a request for a fleet's keys. @throws WireError, LimitError */
export const decodeFleetBirth = (body: Uint8Array): FleetBirthRequest => decodeWith(fleetBirth, body, "fleet birth", { maxBytes: 256 });

/** A candidate and the evidence that commits to it: what approvers look at. */
export interface FleetBirthReply {
  candidate: Uint8Array;
  evidence: Uint8Array;
}
const fleetBirthReply: Schema<FleetBirthReply> = struct<FleetBirthReply>({
  candidate: ["candidate", bytes(1, 64 * 1024)],
  evidence: ["evidence", bytes(1, 16 * 1024)],
});
/** Writes a candidate with its evidence. */
export const encodeFleetBirthReply = (value: FleetBirthReply): Uint8Array => encodeWith(fleetBirthReply, value);
/** Reads a candidate with its evidence, of which nothing is verified yet. @throws WireError, LimitError */
export const decodeFleetBirthReply = (body: Uint8Array): FleetBirthReply =>
  decodeWith(fleetBirthReply, body, "fleet candidate", { maxBytes: 96 * 1024 });

/** Answer to an epoch that was handed over: it is being served under this key id. */
export interface FleetServeReply {
  /** SHA-256 of the key set */
  keyId: Uint8Array;
  /** Unix seconds */
  notAfter: number;
}
const fleetServeReply: Schema<FleetServeReply> = struct<FleetServeReply>({
  keyId: ["kid", bytes(32)],
  notAfter: ["notAfter", int(0, 2 ** 40)],
});
/** Writes the answer to an epoch. */
export const encodeFleetServeReply = (value: FleetServeReply): Uint8Array => encodeWith(fleetServeReply, value);
/** Reads the answer to an epoch. @throws WireError, LimitError */
export const decodeFleetServeReply = (body: Uint8Array): FleetServeReply =>
  decodeWith(fleetServeReply, body, "fleet reply", { maxBytes: 128 });

/** All that an enclave says about a refusal before a job is opened. Nothing here depends on opened content. */
export const ENCLAVE_ERROR = {
  "not-booted": 1,
  "already-booted": 2,
  "boot-refused": 3,
  "unknown-message": 4,
  "malformed-message": 5,
  "unknown-key": 6,
  "job-expired": 7,
  "dependency-failed": 8,
  "time-unknown": 9,
  "no-kms": 10,
  "status-list-refused": 11,
  overloaded: 12,
  internal: 13,
  "no-fleet": 14,
  "kms-credentials": 15,
  "kms-unreachable": 16,
  "kms-denied": 17,
  "kms-throttled": 18,
  "kms-answer-refused": 19,
  "fleet-record-refused": 20,
  "fleet-keys-differ": 21,
  "fleet-epoch-ended": 22,
} as const;
/** The name of a refusal. */
export type EnclaveErrorName = keyof typeof ENCLAVE_ERROR;

/** A refusal: a number of the table above and a correlation id, nothing more. */
export interface ErrorReply {
  code: number;
  correlation: Uint8Array;
}
const errorReply: Schema<ErrorReply> = struct<ErrorReply>({ code: ["code", int(1, 255)], correlation: ["correlation", bytes(8)] });
/** Writes a refusal. */
export const encodeErrorReply = (value: ErrorReply): Uint8Array => encodeWith(errorReply, value);
/** Reads a refusal; its number may be one that this build does not know. @throws WireError, LimitError */
export const decodeErrorReply = (body: Uint8Array): ErrorReply => decodeWith(errorReply, body, "error", { maxBytes: 64 });

/** The name of an error number, "internal" for one that this build does not know. */
export function enclaveErrorName(code: number): EnclaveErrorName {
  const found = (Object.keys(ENCLAVE_ERROR) as EnclaveErrorName[]).find((name) => ENCLAVE_ERROR[name] === code);
  return found ?? "internal";
}
