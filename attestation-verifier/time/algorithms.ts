import { toHex } from "@caladrius/wire";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { TAG, type DerReader } from "../evidence/der.ts";
import type { HashName } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import { readInside } from "./form.ts";

/** Keys that a token or its certificates may be signed with. */
export type KeyKind = "P-256" | "P-384" | "RSA";

export interface SignatureAlgorithm {
  readonly kind: KeyKind;
  /** null where another field says it (rsaEncryption, RFC 3370 §3.2) */
  readonly hash: HashName | null;
}

/** Digests by name. SHA-1 only ever names a certificate (ESSCertID, RFC 5035 §5); no signature is accepted over it. */
export const DIGEST: Readonly<Record<HashName | "SHA-1", (message: Uint8Array) => Uint8Array>> = {
  "SHA-1": sha1,
  "SHA-256": sha256,
  "SHA-384": sha384,
  "SHA-512": sha512,
};

/** Reads the AlgorithmIdentifier of a hash; parameters are absent or NULL (RFC 5754 §2). Null for one that is not in the table. */
export function readHash(reader: DerReader, what: string): HashName | null {
  return HASHES.get(readIdentifier(reader, what).replace(/:0500$/, ":")) ?? null;
}

/** @throws Refusal time-evidence-unsupported for a hash that is not in the table */
export function requireHash(hash: HashName | null, what: string): HashName {
  if (hash === null) throw new Refusal("time-evidence-unsupported", { subject: what, expected: "SHA-256, SHA-384 or SHA-512" });
  return hash;
}

/**
 * Reads the AlgorithmIdentifier of a signature. ECDSA has no parameters (RFC 5754 §3.2), RSA has NULL or none (RFC 4055 §5).
 * @throws Refusal time-evidence-unsupported for one that is not in the table
 */
export function readSignatureAlgorithm(reader: DerReader, what: string): SignatureAlgorithm {
  const identifier = readIdentifier(reader, what);
  const algorithm = SIGNATURES.get(identifier) ?? SIGNATURES.get(identifier.replace(/:$/, ":0500"));
  if (algorithm === undefined)
    throw new Refusal("time-evidence-unsupported", {
      subject: what,
      expected: "ECDSA on P-256 with SHA-256 or on P-384 with SHA-384, or RSA (PKCS #1 v1.5) with SHA-256, SHA-384 or SHA-512",
      actual: identifier.slice(0, 48),
    });
  return algorithm;
}

/** "oid:parameters" of an AlgorithmIdentifier, both in hex. */
function readIdentifier(reader: DerReader, what: string): string {
  return readInside(reader, TAG.sequence, what, () => {
    const oid = reader.content(TAG.oid, what);
    const parameters = reader.bytes.subarray(reader.at, reader.end); // known ones are constants, others are refused unread
    reader.at = reader.end;
    return `${toHex(oid)}:${toHex(parameters)}`;
  });
}

/** RFC 5754 §2 */
const HASHES: ReadonlyMap<string, HashName> = new Map([
  ["608648016503040201:", "SHA-256"],
  ["608648016503040202:", "SHA-384"],
  ["608648016503040203:", "SHA-512"],
]);
/** ecdsa-with-SHA2 (RFC 5758 §3.2), rsaEncryption and SHA-2 with RSA (RFC 4055 §5) */
const SIGNATURES: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ["2a8648ce3d040302:", { kind: "P-256", hash: "SHA-256" }],
  ["2a8648ce3d040303:", { kind: "P-384", hash: "SHA-384" }],
  ["2a864886f70d010101:0500", { kind: "RSA", hash: null }],
  ["2a864886f70d01010b:0500", { kind: "RSA", hash: "SHA-256" }],
  ["2a864886f70d01010c:0500", { kind: "RSA", hash: "SHA-384" }],
  ["2a864886f70d01010d:0500", { kind: "RSA", hash: "SHA-512" }],
]);
