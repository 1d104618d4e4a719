import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { SPEC, type KeySpec } from "./specs.ts";

/** Makes the secret of a new key: random bytes for a symmetric or HMAC key, else a private key as PKCS #8 DER. */
export async function makeSecret(spec: KeySpec): Promise<Uint8Array> {
  const { kind, size } = SPEC[spec];
  if (kind === "aes") return randomBytes(32);
  if (kind === "hmac") return randomBytes(size ?? 32);
  return (await makeKeyPair(spec)).privateKey;
}

/** A key pair of an RSA or EC spec: PKCS #8 and SubjectPublicKeyInfo, DER. */
export async function makeKeyPair(spec: KeySpec): Promise<{ privateKey: Uint8Array; publicKey: Uint8Array }> {
  const { kind, size, curve } = SPEC[spec];
  const { privateKey } =
    kind === "rsa"
      ? await generate("rsa", { modulusLength: size ?? 2048 })
      : await generate("ec", { namedCurve: curve ?? "P-256", paramEncoding: "named" });
  return { privateKey: privateKey.export({ type: "pkcs8", format: "der" }), publicKey: publicKeyDer(privateKey) };
}

/** The private key behind a secret of an RSA or EC key. */
export function privateKeyOf(secret: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(secret), format: "der", type: "pkcs8" });
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyDer(privateKey: KeyObject): Uint8Array {
  return createPublicKey(privateKey).export({ type: "spki", format: "der" });
}

const generate = promisify(generateKeyPair);
