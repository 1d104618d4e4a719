import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from "node:crypto";
import type { SigningPublicKey } from "@caladrius/wire";

/** SHA-256, 32 bytes: for everything per job. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

/** SHA-384, 48 bytes: for what NSM or an EIF touches. */
export function sha384(bytes: Uint8Array): Uint8Array {
  return hash("sha384", bytes, "buffer");
}

// RFC 8410 §7 PKCS #8 and §4 SPKI of an Ed25519 key, up to the 32 raw bytes
const ED25519_PRIVATE = Buffer.from("302e020100300506032b657004220420", "hex");
const ED25519_PUBLIC_BYTES = 32;

/** An Ed25519 key pair from a 32-byte seed (RFC 8032 §5.1.5). */
export interface SigningKey {
  publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

export function ed25519FromSeed(seed: Uint8Array): SigningKey {
  const der = Buffer.concat([ED25519_PRIVATE, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return { publicKey: new Uint8Array(spki.subarray(spki.length - ED25519_PUBLIC_BYTES)), sign: (bytes) => sign(null, bytes, key) };
}

/** Public keys seen lately: importing one costs as much as a tenth of verifying with it. */
const imported = new Map<string, KeyObject>();
const MAX_IMPORTED = 256;

/** Checks a statement's signature: Ed25519, or ECDSA P-256 with SHA-256 as r || s. False for keys that are none. */
export function verifySignature(key: SigningPublicKey, toBeSigned: Uint8Array, signature: Uint8Array): boolean {
  try {
    const object = publicKeyObject(key);
    return key.alg === "Ed25519"
      ? verify(null, toBeSigned, object, signature)
      : verify("sha256", toBeSigned, { key: object, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
}

function publicKeyObject(key: SigningPublicKey): KeyObject {
  const raw = Buffer.from(key.key);
  const id = `${key.alg} ${raw.toString("base64")}`;
  const known = imported.get(id);
  if (known !== undefined) return known;
  const jwk =
    key.alg === "Ed25519"
      ? { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }
      : { kty: "EC", crv: "P-256", x: raw.subarray(1, 33).toString("base64url"), y: raw.subarray(33).toString("base64url") };
  if (key.alg === "ESP256" && raw[0] !== 4) throw new TypeError("only uncompressed points");
  const object = createPublicKey({ key: jwk, format: "jwk" });
  const oldest = imported.keys().next();
  if (imported.size >= MAX_IMPORTED && oldest.done !== true) imported.delete(oldest.value);
  imported.set(id, object);
  return object;
}
