import { WireError } from "./errors.ts";
import { signingPublicKey, sealingPublicKey, type SealingPublicKey, type SigningPublicKey } from "./keys.ts";
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
  /** how many persons of which role must approve what */
  quorums: { bundle: RoleThreshold[]; release: RoleThreshold[]; fleet: RoleThreshold[]; succession: RoleThreshold[] };
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
}

/** How many persons of a role must approve. */
export interface RoleThreshold {
  role: string;
  threshold: number;
}

const name: Schema<string> = text(1, 128);
const thresholds: Schema<RoleThreshold[]> = array(
  struct<RoleThreshold>({ role: ["role", name], threshold: ["threshold", int(1, 32)] }),
  1,
  16,
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
  approvers: [
    "approvers",
    array(struct<Approver>({ person: ["person", name], role: ["role", name], key: ["key", signingPublicKey] }), 1, 256),
  ],
  quorums: [
    "quorums",
    struct<Constitution["quorums"]>({
      bundle: ["bundle", thresholds],
      release: ["release", thresholds],
      fleet: ["fleet", thresholds],
      succession: ["succession", thresholds],
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
  decodeWith(constitution, payload, "constitution", { maxBytes: 256 * 1024, maxDepth: 6, maxItems: 8192 });
