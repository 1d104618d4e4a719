import { toBase64 } from "@caladrius/wire";
import type { SignatureBackend } from "./backend.ts";
import { hasEcdsaForm, hasEd25519Form, hasRsaForm } from "./lengths.ts";
import { DEFAULT_MOST_KEYS, RecentKeys } from "./recent-keys.ts";

/** Signature checks on WebCrypto (browsers, Deno, workers; Node too). Ed25519 needs a browser of 2025 or later. */
export const signatures: SignatureBackend = backendWith(importKey);

/**
 * The same with a memory of its own for the keys used last, already imported: for many documents or results in a row.
 * @param most how many keys it keeps
 */
export function createSignatures(most: number = DEFAULT_MOST_KEYS): SignatureBackend {
  const recent = new RecentKeys<Promise<object>>(most);
  return backendWith((publicKey, algorithm) => recent.get(publicKey, (own) => importKey(own, algorithm)));
}

type ImportKey = (publicKey: Uint8Array, algorithm: Algorithm) => Promise<object>;

function importKey(publicKey: Uint8Array, algorithm: Algorithm): Promise<object> {
  return runtime.crypto.subtle.importKey("raw", publicKey, algorithm, false, ["verify"]);
}

function backendWith(importKey: ImportKey): SignatureBackend {
  const verifyWith = async (
    keyAlgorithm: Algorithm,
    algorithm: Algorithm,
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean> => {
    let key: object;
    try {
      key = await importKey(publicKey, keyAlgorithm);
    } catch (error) {
      if (isNamed(error, "NotSupportedError")) throw error; // the browser lacks the algorithm: not a verdict about the key
      return false; // not a point of the curve
    }
    return runtime.crypto.subtle.verify(algorithm, key, signature, message);
  };
  return {
    verifyEs384(publicKey, message, signature) {
      return hasEcdsaForm(48, publicKey, signature) && verifyWith(P384, SHA384, publicKey, message, signature);
    },
    verifyEs256(publicKey, message, signature) {
      return hasEcdsaForm(32, publicKey, signature) && verifyWith(P256, SHA256, publicKey, message, signature);
    },
    verifyEd25519(publicKey, message, signature) {
      return hasEd25519Form(publicKey, signature) && verifyWith(ED25519, ED25519, publicKey, message, signature);
    },
    async verifyRsa(publicKey, hash, message, signature) {
      if (!hasRsaForm(publicKey, signature)) return false;
      const subtle = runtime.crypto.subtle;
      const algorithm: Algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
      const jwk = { kty: "RSA", n: toBase64Url(publicKey.modulus), e: toBase64Url(publicKey.exponent) };
      return subtle.verify(algorithm, await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]), signature, message);
    },
  };
}

function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function isNamed(error: unknown, name: string): boolean {
  return typeof error === "object" && error !== null && (error as { name?: unknown }).name === name;
}

// WebCrypto is a global of every runtime this file is for, but not part of the ES2023 library types.
interface Algorithm {
  readonly name: string;
  readonly namedCurve?: string;
  readonly hash?: string;
}
interface Subtle {
  importKey(format: "raw", key: Uint8Array, algorithm: Algorithm, extractable: boolean, usages: readonly string[]): Promise<object>;
  importKey(format: "jwk", key: object, algorithm: Algorithm, extractable: boolean, usages: readonly string[]): Promise<object>;
  verify(algorithm: Algorithm, key: object, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}
const runtime = globalThis as unknown as { readonly crypto: { readonly subtle: Subtle } };

const P384: Algorithm = { name: "ECDSA", namedCurve: "P-384" };
const P256: Algorithm = { name: "ECDSA", namedCurve: "P-256" };
const SHA384: Algorithm = { name: "ECDSA", hash: "SHA-384" };
const SHA256: Algorithm = { name: "ECDSA", hash: "SHA-256" };
const ED25519: Algorithm = { name: "Ed25519" };
