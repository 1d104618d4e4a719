import { WireError } from "./errors.ts";
import { signingPublicKey, sealingPublicKey, type SealingPublicKey, type SigningPublicKey } from "./keys.ts";
import { roleThresholds, type RoleThreshold } from "./role-threshold.ts";
import { array, bytes, decodeWith, encodeWith, int, nullable, refine, struct, text, version, type Schema } from "./schema/index.ts";

/** What a deployment is founded on; its digest stands in PCR16. */
export interface Constitution {
  version: number;
  /** 1 for the first, then counting */
  number: number;
  /** SHA-384 of the one before, null for the first */
  predecessor: Uint8Array | null;
  name: string;
  /** Unix seconds */
  notBefore: number;
  notAfter: number;
  approvers: Approver[];
  /** how many persons of which role must approve what; `status`: a status list that takes something back */
  quorums: {
    bundle: RoleThreshold[];
    release: RoleThreshold[];
    fleet: RoleThreshold[];
    succession: RoleThreshold[];
    status: RoleThreshold[];
  };
  statusKeys: SigningPublicKey[];
  auditorKeys: SealingPublicKey[];
  kms: { keys: string[]; endpoint: string; tlsRoots: Uint8Array[] } | null;
  log: { origin: string; key: SigningPublicKey; witnesses: SigningPublicKey[]; witnessThreshold: number } | null;
}

/** A key of a person in a role. A person may hold several keys and roles but counts once in a quorum. */
export interface Approver {
  person: string;
  role: string;
  key: SigningPublicKey;
  /** of a key that lies in a passkey, which signs through a browser alone; null for a key that signs statements itself */
  passkey: Passkey | null;
}

/** Where a passkey may sign (W3C Web Authentication Level 3): for this relying party id, on pages of these origins. */
export interface Passkey {
  /** host name, such as "localhost" */
  rpId: string;
  /** such as "http://localhost:7311" */
  origins: string[];
}

const name: Schema<string> = text(1, 128);
const passkey: Schema<Passkey> = struct<Passkey>({ rpId: ["rpId", text(1, 253)], origins: ["origins", array(text(1, 280), 1, 8)] });

/** Of the algorithms of passkeys only P-256 is read here. */
function soundApprover(value: Approver, path = "approvers"): Approver {
  if (value.passkey !== null && value.key.alg !== "ESP256")
    throw new WireError("schema-range", `${path}.key: expected ESP256 of a passkey`);
  return value;
}

const approver: Schema<Approver> = refine(
  struct<Approver>({
    person: ["person", name],
    role: ["role", name],
    key: ["key", signingPublicKey],
    passkey: ["passkey", nullable(passkey)],
  }),
  soundApprover,
  soundApprover,
);

/** Two keys of one ARN would look like two parties that must agree. */
function distinct(keys: string[], path = "kms.keys"): string[] {
  if (new Set(keys).size < keys.length) throw new WireError("schema-range", `${path}: one key twice`);
  return keys;
}

const constitution: Schema<Constitution> = struct<Constitution>({
  version: ["v", version(1)],
  number: ["number", int(1, 2 ** 32)],
  predecessor: ["predecessor", nullable(bytes(48))],
  name: ["name", name],
  notBefore: ["notBefore", int(0, 2 ** 40)],
  notAfter: ["notAfter", int(0, 2 ** 40)],
  approvers: ["approvers", array(approver, 1, 256)],
  quorums: [
    "quorums",
    struct<Constitution["quorums"]>({
      bundle: ["bundle", roleThresholds],
      release: ["release", roleThresholds],
      fleet: ["fleet", roleThresholds],
      succession: ["succession", roleThresholds],
      status: ["status", roleThresholds],
    }),
  ],
  statusKeys: ["statusKeys", array(signingPublicKey, 1, 16)],
  auditorKeys: ["auditorKeys", array(sealingPublicKey, 0, 8)],
  kms: [
    "kms",
    nullable(
      struct<NonNullable<Constitution["kms"]>>({
        keys: ["keys", refine(array(text(20, 256), 1, 8), distinct, distinct)],
        endpoint: ["endpoint", text(1, 256)],
        tlsRoots: ["tlsRoots", array(bytes(1, 4096), 1, 16)],
      }),
    ),
  ],
  log: [
    "log",
    nullable(
      struct<NonNullable<Constitution["log"]>>({
        origin: ["origin", text(1, 256)],
        key: ["key", signingPublicKey],
        witnesses: ["witnesses", array(signingPublicKey, 0, 32)],
        witnessThreshold: ["witnessThreshold", int(0, 32)],
      }),
    ),
  ],
});

/** Encodes the payload of a constitution statement. */
export const encodeConstitution = (value: Constitution): Uint8Array => encodeWith(constitution, value);
/** Reads the payload of a constitution statement. @throws WireError, LimitError */
export const decodeConstitution = (payload: Uint8Array): Constitution =>
  decodeWith(constitution, payload, "constitution", { maxBytes: 256 * 1024, maxDepth: 6, maxItems: 16_384 });
