import { toHex } from "@caladrius/wire";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { HashName } from "../signatures/backend.ts";
import { refuseUnsupported, type Element } from "./form.ts";

/** What an AlgorithmIdentifier stands for. */
export interface SignatureAlgorithm {
  readonly kind: "P-256" | "P-384" | "RSA";
  /** null where another field says it (rsaEncryption, RFC 3370 §3.2) */
  readonly hash: HashName | null;
}

/** Digests by name. SHA-1 only ever names a certificate (ESSCertID, RFC 5035 §5); no signature over it is accepted. */
export const DIGEST: Readonly<Record<HashName | "SHA-1", (message: Uint8Array) => Uint8Array>> = {
  "SHA-1": sha1,
  "SHA-256": sha256,
  "SHA-384": sha384,
  "SHA-512": sha512,
};

/** The hash that an AlgorithmIdentifier names, parameters NULL or none (RFC 5754 §2); null for one that is not known. */
export function findHash(identifier: Element): HashName | null {
  return HASHES.get(toHex(identifier.content).replace(/0500$/, "")) ?? null;
}

/** @throws Refusal time-evidence-unsupported */
export function readHash(identifier: Element): HashName {
  const hash = findHash(identifier);
  if (hash === null) throw refuseUnsupported(identifier, `hash ${toHex(identifier.content)}`);
  return hash;
}

/**
 * The signature algorithm that an AlgorithmIdentifier names. ECDSA has no parameters (RFC 5758 §3.2), RSA has NULL or none
 * (RFC 4055 §5).
 * @throws Refusal time-evidence-unsupported
 */
export function readSignatureAlgorithm(identifier: Element): SignatureAlgorithm {
  const text = toHex(identifier.content);
  const algorithm = SIGNATURES.get(text.replace(/^(06092a864886f70d0101..)0500$/, "$1"));
  if (algorithm === undefined) throw refuseUnsupported(identifier, `signature algorithm ${text}`);
  return algorithm;
}

/** RFC 5754 §2 */
const HASHES: ReadonlyMap<string, HashName> = new Map([
  ["0609608648016503040201", "SHA-256"],
  ["0609608648016503040202", "SHA-384"],
  ["0609608648016503040203", "SHA-512"],
]);
/** ecdsa-with-SHA2 (RFC 5758 §3.2), each on its own curve; rsaEncryption and SHA-2 with RSA (RFC 4055 §5) */
const SIGNATURES: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ["06082a8648ce3d040302", { kind: "P-256", hash: "SHA-256" }],
  ["06082a8648ce3d040303", { kind: "P-384", hash: "SHA-384" }],
  ["06092a864886f70d010101", { kind: "RSA", hash: null }],
  ["06092a864886f70d01010b", { kind: "RSA", hash: "SHA-256" }],
  ["06092a864886f70d01010c", { kind: "RSA", hash: "SHA-384" }],
  ["06092a864886f70d01010d", { kind: "RSA", hash: "SHA-512" }],
]);
