import { createPublicKey, verify, type KeyObject } from "node:crypto";
import type { SignatureBackend } from "./backend.ts";
import { hasEcdsaForm, hasEd25519Form, hasRsaForm } from "./lengths.ts";
import { DEFAULT_MOST_KEYS, RecentKeys } from "./recent-keys.ts";

/** Signature checks on synchronous node:crypto. The only file of this package with Node's types. */
export const signatures: SignatureBackend = backendWith((spki) => ({ key: spki, format: "der", type: "spki" }));

/**
 * The same with a memory of its own for the keys used last, already imported: for many documents or results in a row.
 * @param most how many keys it keeps
 */
export function createSignatures(most: number = DEFAULT_MOST_KEYS): SignatureBackend {
  const recent = new RecentKeys<KeyObject>(most);
  return backendWith((spki) => ({
    key: recent.get(spki, (der) => createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" })),
  }));
}

type KeyInput = { key: KeyObject } | { key: Buffer; format: "der"; type: "spki" };

function backendWith(keyInput: (spki: Buffer) => KeyInput): SignatureBackend {
  /** The import of a raw key throws when it is no point of the curve, and nothing else can: lengths were checked. */
  const verifyRaw = (hash: string | null, head: Uint8Array, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
    const spki = Buffer.allocUnsafe(head.length + publicKey.length);
    spki.set(head);
    spki.set(publicKey, head.length);
    try {
      return verify(hash, message, { ...keyInput(spki), dsaEncoding: "ieee-p1363" }, signature);
    } catch {
      return false;
    }
  };
  return {
    verifyEs384(publicKey, message, signature) {
      return hasEcdsaForm(48, publicKey, signature) && verifyRaw("sha384", SPKI_P384, publicKey, message, signature);
    },
    verifyEs256(publicKey, message, signature) {
      return hasEcdsaForm(32, publicKey, signature) && verifyRaw("sha256", SPKI_P256, publicKey, message, signature);
    },
    verifyEd25519(publicKey, message, signature) {
      return hasEd25519Form(publicKey, signature) && verifyRaw(null, SPKI_ED25519, publicKey, message, signature);
    },
    verifyRsa(publicKey, hash, message, signature) {
      if (!hasRsaForm(publicKey, signature)) return false;
      const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
      const key = { kty: "RSA", n: base64url(publicKey.modulus), e: base64url(publicKey.exponent) };
      return verify(hash.replace("-", ""), message, { key, format: "jwk" }, signature);
    },
  };
}

// RFC 5480 §2 and RFC 8410 §4: SubjectPublicKeyInfo up to the key itself
const SPKI_P384: Uint8Array = Buffer.from("3076301006072a8648ce3d020106052b81040022036200", "hex");
const SPKI_P256: Uint8Array = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
const SPKI_ED25519: Uint8Array = Buffer.from("302a300506032b6570032100", "hex");
