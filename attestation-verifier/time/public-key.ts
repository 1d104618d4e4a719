import { equalBytes, fromHex } from "@caladrius/wire";
import { TAG, type DerReader } from "../evidence/der.ts";
import { positiveInteger } from "../evidence/x509-parts.ts";
import type { HashName, RsaPublicKey, SignatureBackend } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import type { SignatureAlgorithm } from "./algorithms.ts";
import { readInside, readWhole } from "./form.ts";

/** A key of a time-stamping authority or its issuer. Whether a point lies on its curve is seen when it is used. */
export type PublicKey = { readonly kind: "P-256" | "P-384"; readonly point: Uint8Array } | ({ readonly kind: "RSA" } & RsaPublicKey);

/**
 * Reads a SubjectPublicKeyInfo: P-256 or P-384 with an uncompressed point (RFC 5480 §2), or RSA of 2048 to 4096 bits.
 * @throws Refusal time-evidence-unsupported for others
 */
export function readPublicKey(reader: DerReader): PublicKey {
  const spki = reader.element(TAG.sequence, "public key");
  for (const { kind, head, bytes } of CURVES)
    if (spki.length === head.length + bytes && startsWith(spki, head)) return { kind, point: spki.subarray(-bytes) };
  return readRsaKey(spki);
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
 * Whether a signature holds under a key that fits.
 * @throws Refusal time-evidence-form, time-evidence-signature for an ECDSA signature that is no pair of such numbers
 */
export async function verifySignature(
  { key, hash }: Signed,
  message: Uint8Array,
  signature: Uint8Array,
  signatures: SignatureBackend,
): Promise<boolean> {
  if (key.kind === "RSA") return hash !== null && signatures.verifyRsa(key, hash, message, signature);
  const pair = readEcdsaSignature(signature, key.kind === "P-256" ? 32 : 48);
  return key.kind === "P-256" ? signatures.verifyEs256(key.point, message, pair) : signatures.verifyEs384(key.point, message, pair);
}

function readRsaKey(spki: Uint8Array): PublicKey {
  return readWhole(spki, "public key", (reader) =>
    readInside(reader, TAG.sequence, "public key", () => {
      if (!equalBytes(reader.element(TAG.sequence, "key algorithm"), RSA_ENCRYPTION)) throw unsupportedKey();
      const bits = reader.content(TAG.bitString, "public key");
      if (bits[0] !== 0) throw reader.refuse("public key", "unused bits");
      return readWhole(bits.subarray(1), "RSA key", (inner) =>
        readInside(inner, TAG.sequence, "RSA key", () => {
          const modulus = positiveInteger(inner.content(TAG.integer, "modulus"));
          const exponent = positiveInteger(inner.content(TAG.integer, "exponent"));
          if (modulus === null || exponent === null || modulus.length < 256 || modulus.length > 512) throw unsupportedKey();
          return { kind: "RSA" as const, modulus, exponent };
        }),
      );
    }),
  );
}

/** Ecdsa-Sig-Value (RFC 3279 §2.2.3) as r || s. */
function readEcdsaSignature(der: Uint8Array, size: number): Uint8Array {
  return readWhole(der, "ECDSA signature", (reader) =>
    readInside(reader, TAG.sequence, "ECDSA signature", () => {
      const pair = new Uint8Array(2 * size);
      for (const end of [size, 2 * size]) {
        const value = positiveInteger(reader.content(TAG.integer, "integer"));
        if (value === null || value.length > size)
          throw new Refusal("time-evidence-signature", { subject: reader.name, actual: "an integer out of range" });
        pair.set(value, end - value.length);
      }
      return pair;
    }),
  );
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, head.length), head);
}

function unsupportedKey(): Refusal {
  return new Refusal("time-evidence-unsupported", { subject: "public key", expected: "P-256, P-384 or RSA of 2048 to 4096 bits" });
}

// SubjectPublicKeyInfo up to the uncompressed point (RFC 5480 §2)
const CURVES = [
  { kind: "P-256", head: fromHex("3059301306072a8648ce3d020106082a8648ce3d030107034200"), bytes: 65 },
  { kind: "P-384", head: fromHex("3076301006072a8648ce3d020106052b81040022036200"), bytes: 97 },
] as const;
// AlgorithmIdentifier of rsaEncryption, whose parameters are NULL (RFC 4055 §1.2)
const RSA_ENCRYPTION: Uint8Array = fromHex("300d06092a864886f70d0101010500");
