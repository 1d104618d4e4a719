import { createPublicKey, verify, type KeyObject } from "node:crypto";
import type { SignatureBackend } from "./backend.ts";
import { hasEcdsaForm, hasEd25519Form } from "./lengths.ts";

/** Signature checks on synchronous node:crypto. The only file of this package with Node's types. */
export const signatures: SignatureBackend = {
  verifyEs384(publicKey, message, signature) {
    return hasEcdsaForm(48, publicKey, signature) && verifyEcdsa("sha384", SPKI_P384, publicKey, message, signature);
  },
  verifyEs256(publicKey, message, signature) {
    return hasEcdsaForm(32, publicKey, signature) && verifyEcdsa("sha256", SPKI_P256, publicKey, message, signature);
  },
  verifyEd25519(publicKey, message, signature) {
    if (!hasEd25519Form(publicKey, signature)) return false;
    const key = importKey(SPKI_ED25519, publicKey);
    return key !== null && verify(null, message, key, signature);
  },
};

function verifyEcdsa(hash: string, prefix: Uint8Array, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = importKey(prefix, publicKey);
  return key !== null && verify(hash, message, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** A raw key behind the fixed head of its SubjectPublicKeyInfo: OpenSSL's quickest way in. Null when it is no point of the curve. */
function importKey(prefix: Uint8Array, publicKey: Uint8Array): KeyObject | null {
  const spki = Buffer.allocUnsafe(prefix.length + publicKey.length);
  spki.set(prefix);
  spki.set(publicKey, prefix.length);
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch {
    return null;
  }
}

// RFC 5480 §2 and RFC 8410 §4: SubjectPublicKeyInfo up to the key itself
const SPKI_P384: Uint8Array = Buffer.from("3076301006072a8648ce3d020106052b81040022036200", "hex");
const SPKI_P256: Uint8Array = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
const SPKI_ED25519: Uint8Array = Buffer.from("302a300506032b6570032100", "hex");
