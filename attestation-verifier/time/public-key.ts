import { toHex } from "@caladrius/wire";
import { TAG } from "../evidence/der.ts";
import { positiveInteger } from "../evidence/x509-parts.ts";
import type { HashName, RsaPublicKey, SignatureBackend } from "../signatures/backend.ts";
import type { SignatureAlgorithm } from "./algorithms.ts";
import { readBits, readFields, readFrom, refuseForm, refuseUnsupported, type Element } from "./form.ts";

/** A key of a time-stamping authority or its issuer. Whether a point lies on its curve is seen when it is used. */
export type PublicKey = { readonly kind: "P-256" | "P-384"; readonly point: Uint8Array } | ({ readonly kind: "RSA" } & RsaPublicKey);

/**
 * Reads a SubjectPublicKeyInfo: P-256 or P-384 (RFC 5480 §2), or RSA of 2048 to 4096 bits (RFC 4055 §1.2).
 * @throws Refusal time-evidence-form, time-evidence-unsupported for others
 */
export function readPublicKey(spki: Element): PublicKey {
  const [algorithm, key] = readFields(spki, TAG.sequence, TAG.bitString);
  const kind = KINDS.get(toHex(algorithm.content));
  const bits = readBits(key);
  if (kind === undefined) throw refuseUnsupported(spki, toHex(algorithm.content));
  if (kind !== "RSA") return { kind, point: bits };
  const [pair] = readFields(readFrom(bits, spki.name), TAG.sequence);
  const [modulus, exponent] = readFields(pair, TAG.integer, TAG.integer).map(({ content }) => positiveInteger(content));
  if (!modulus || !exponent || modulus.length < 256 || modulus.length > 512) throw refuseUnsupported(spki, "RSA not of 2048 to 4096 bits");
  return { kind, modulus, exponent };
}

/** What a signature was made with. */
export interface Signed {
  readonly key: PublicKey;
  readonly algorithm: SignatureAlgorithm;
  /** the hash that stands beside the algorithm; null for none */
  readonly hash: HashName | null;
}

/** Whether key, algorithm and hash belong together: no algorithm is taken for another's key, or with a hash of its own. */
export function fits({ key, algorithm, hash }: Signed): boolean {
  return key.kind === algorithm.kind && hash !== null && hash === (algorithm.hash ?? hash);
}

/**
 * Whether a signature holds. ECDSA signatures are Ecdsa-Sig-Value (RFC 3279 §2.2.3).
 * @throws Refusal time-evidence-form for an ECDSA signature that is none
 */
export async function verifySignature(
  { key, hash }: Signed,
  message: Uint8Array,
  signature: Uint8Array,
  signatures: SignatureBackend,
): Promise<boolean> {
  if (key.kind === "RSA") return hash !== null && signatures.verifyRsa(key, hash, message, signature);
  const size = key.kind === "P-256" ? 32 : 48;
  const [pair] = readFields(readFrom(signature, "ECDSA signature"), TAG.sequence);
  const raw = new Uint8Array(2 * size);
  readFields(pair, TAG.integer, TAG.integer).forEach(({ content }, i) => {
    const value = positiveInteger(content);
    if (!value || value.length > size) throw refuseForm(pair, "a number out of range");
    raw.set(value, (i + 1) * size - value.length);
  });
  return key.kind === "P-256" ? signatures.verifyEs256(key.point, message, raw) : signatures.verifyEs384(key.point, message, raw);
}

/** AlgorithmIdentifiers with their parameters: named curves, NULL for RSA */
const KINDS: ReadonlyMap<string, PublicKey["kind"]> = new Map([
  ["06072a8648ce3d020106082a8648ce3d030107", "P-256"],
  ["06072a8648ce3d020106052b81040022", "P-384"],
  ["06092a864886f70d0101010500", "RSA"],
]);
