import { createPublicKey, type KeyObject } from "node:crypto";
import { equalBytes } from "@caladrius/wire";
import { invalid } from "../errors.ts";

/**
 * Reads the `public_key` of a verified document: DER of an RSA SubjectPublicKeyInfo (RFC 8017 appendix A.1), 2048 to 4096
 * bits, and nothing after it.
 * @param publicKey null or empty where the enclave asked for a document without one
 * @throws KmsServiceError ValidationException
 */
export function readRecipientKey(publicKey: Uint8Array | null): KeyObject {
  if (publicKey === null || publicKey.length === 0) throw invalid("the attestation document has no public_key");
  const key = parse(publicKey);
  if (key?.asymmetricKeyType !== "rsa") throw invalid("public_key of the attestation document is not the SPKI DER of an RSA key");
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_BITS || modulusLength > MAX_BITS)
    throw invalid(`public_key of the attestation document has ${modulusLength} bits, expected ${MIN_BITS} to ${MAX_BITS}`);
  // Under the exponent 1 anybody could read the answer
  if (publicExponent < 3n || publicExponent % 2n === 0n) throw invalid("public_key of the attestation document has no exponent of RSA");
  return key;
}

/** Null unless OpenSSL reads it and writes the same bytes again. */
function parse(spki: Uint8Array): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    return equalBytes(new Uint8Array(key.export({ format: "der", type: "spki" })), spki) ? key : null;
  } catch {
    return null;
  }
}

const MIN_BITS = 2048;
const MAX_BITS = 4096;
