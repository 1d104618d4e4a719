import { constants, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { signDigestEc, verifyDigestEc } from "./digest-ec.ts";
import { signDigestPkcs1, signDigestPss, verifyDigestPkcs1, verifyDigestPss } from "./digest-rsa.ts";
import { SIGNING, type SigningAlgorithm } from "./specs.ts";

/** What is signed: the message, or its digest (then of the algorithm's length). */
export interface Signable {
  readonly algorithm: SigningAlgorithm;
  readonly type: "RAW" | "DIGEST";
  readonly message: Uint8Array;
}

/** Signs as KMS does: ECDSA in DER, PSS with a salt as long as the hash. */
export function signMessage(key: KeyObject, { algorithm, type, message }: Signable): Uint8Array {
  const { scheme, hash } = SIGNING[algorithm];
  if (type === "RAW") return sign(hash, message, { key, ...padding(scheme) });
  if (scheme === "ecdsa") return signDigestEc(key, message);
  return scheme === "pss" ? signDigestPss(key, hash, message) : signDigestPkcs1(key, hash, message);
}

/** Whether a signature is good under the public half of the key. */
export function verifyMessage(privateKey: KeyObject, { algorithm, type, message }: Signable, signature: Uint8Array): boolean {
  const { scheme, hash } = SIGNING[algorithm];
  const key = createPublicKey(privateKey);
  if (type === "RAW") return verify(hash, message, { key, ...padding(scheme) }, signature);
  if (scheme === "ecdsa") return verifyDigestEc(key, message, signature);
  return scheme === "pss" ? verifyDigestPss(key, hash, message, signature) : verifyDigestPkcs1(key, hash, message, signature);
}

function padding(scheme: "pss" | "pkcs1" | "ecdsa"): { dsaEncoding: "der" } | { padding: number; saltLength?: number } {
  if (scheme === "ecdsa") return { dsaEncoding: "der" };
  if (scheme === "pkcs1") return { padding: constants.RSA_PKCS1_PADDING };
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
