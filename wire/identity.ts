import { encodeCbor } from "./cbor/index.ts";
import { sealingPublicKey, type SealingPublicKey } from "./keys.ts";
import { array, bytes, decodeWith, encodeWith, int, nullable, struct, text, version, type Schema } from "./schema/index.ts";

/** The keys to which jobs may be sealed. */
export interface KeySet {
  keys: SealingPublicKey[];
  /** null: keys of this boot alone */
  fleet: string | null;
}

/** Who an enclave is: made at boot, committed to by its evidence. A changed key set is a new identity. */
export interface Identity {
  version: number;
  software: { name: string; version: string; commit: string | null };
  /** encoded key set; its SHA-256 is the key id of sealed jobs */
  keySet: Uint8Array;
  /** Ed25519, 32 bytes: signs results and statuses */
  resultKey: Uint8Array;
  /** SHA-384 of the bytes extended into PCR16 */
  constitutionDigest: Uint8Array;
  /** SHA-384 of the bytes extended into PCR17 */
  policyDigest: Uint8Array;
  /** 16 random bytes */
  bootId: Uint8Array;
  sequence: number;
}

const keySet: Schema<KeySet> = struct<KeySet>({ keys: ["keys", array(sealingPublicKey, 1, 4)], fleet: ["fleet", nullable(text(1, 64))] });

const identity: Schema<Identity> = struct<Identity>({
  version: ["v", version(1)],
  software: [
    "software",
    struct<Identity["software"]>({
      name: ["name", text(1, 64)],
      version: ["version", text(1, 64)],
      commit: ["commit", nullable(text(1, 64))],
    }),
  ],
  keySet: ["keySet", bytes(1, 8192)],
  resultKey: ["resultKey", bytes(32)],
  constitutionDigest: ["constitution", bytes(48)],
  policyDigest: ["policy", bytes(48)],
  bootId: ["boot", bytes(16)],
  sequence: ["sequence", int(0, 2 ** 32 - 1)],
});

/** Encodes a key set as the identity holds it. */
export const encodeKeySet = (value: KeySet): Uint8Array => encodeWith(keySet, value);
/** @throws WireError, LimitError */
export const decodeKeySet = (encoded: Uint8Array): KeySet =>
  decodeWith(keySet, encoded, "key set", { maxBytes: 8192, maxDepth: 4, maxItems: 32 });

/** Encodes an identity: the bytes that evidence commits to. */
export const encodeIdentity = (value: Identity): Uint8Array => encodeWith(identity, value);
/** @throws WireError, LimitError */
export const decodeIdentity = (encoded: Uint8Array): Identity =>
  decodeWith(identity, encoded, "identity", { maxBytes: 16 * 1024, maxDepth: 3, maxItems: 64 });

/** What user_data of evidence for callers is the SHA-384 of. */
export function identityCommitment(identityBytes: Uint8Array): Uint8Array {
  return encodeCbor(["caladrius identity", identityBytes]);
}

/** What user_data of a document for KMS is the SHA-384 of; neither kind passes for the other. */
export function kmsCommitment(bootId: Uint8Array): Uint8Array {
  return encodeCbor(["caladrius kms", bootId]);
}
