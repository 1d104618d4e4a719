import { verify, X509Certificate, type KeyObject } from "node:crypto";
import type { CborValue } from "@caladrius/wire";
import { decodeForeignCbor, encodeCbor, toHex } from "@caladrius/wire";
import { ImageError } from "../errors.ts";
import { decodeCertificatePem } from "./certificate.ts";

/** Who signed an image, and how; the signature was verified. */
export interface EifSignature {
  /** DER of the signing certificate. Nobody looked at its validity or issuer; PCR8 measures it. */
  certificate: Uint8Array;
  algorithm: "ES256" | "ES384" | "ES512";
}

/**
 * Verify a signature section against the image's PCR0.
 *
 * The section is a CBOR array with one map {signing_certificate: PEM, signature: COSE_Sign1}, both written as
 * arrays of integers. AWS looks at element 0 only; more than one is refused here, since nothing measures the rest.
 * @throws ImageError `eif-signature`, `eif-signature-count`, `-certificate`, `-pcr0`, `-invalid`
 */
export function verifySignatureSection(section: Uint8Array, pcr0: Uint8Array): EifSignature {
  const list = decode(section, "the section");
  if (!Array.isArray(list)) throw new ImageError("eif-signature", "not an array");
  if (list.length !== 1) throw new ImageError("eif-signature-count", `${list.length} in the section`);
  const entry = mapOf(list[0] as CborValue, ["signing_certificate", "signature"]);
  const { der, key } = certificateOf(octets(entry.get("signing_certificate")));
  const { algorithm, payload, signature, toBeSigned } = coseOf(octets(entry.get("signature")));

  const claim = mapOf(decode(payload, "the payload"), ["register_index", "register_value"]);
  if (claim.get("register_index") !== 0) throw new ImageError("eif-signature", "not over PCR0");
  if (!Buffer.from(octets(claim.get("register_value"))).equals(pcr0))
    throw new ImageError("eif-signature-pcr0", `expected ${toHex(pcr0).slice(0, 16)}…`);

  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== algorithm.curve || signature.length !== algorithm.bytes)
    throw new ImageError("eif-signature", "key, algorithm and signature do not fit each other");
  if (!verify(algorithm.hash, toBeSigned, { key, dsaEncoding: "ieee-p1363" }, signature))
    throw new ImageError("eif-signature-invalid", algorithm.name);
  return { certificate: der, algorithm: algorithm.name };
}

interface CoseAlgorithm {
  name: EifSignature["algorithm"];
  curve: string;
  hash: string;
  bytes: number;
}

/** RFC 9053 §2.1. */
const ALGORITHM: ReadonlyMap<CborValue | undefined, CoseAlgorithm> = new Map<CborValue, CoseAlgorithm>([
  [-7, { name: "ES256", curve: "prime256v1", hash: "sha256", bytes: 64 }],
  [-35, { name: "ES384", curve: "secp384r1", hash: "sha384", bytes: 96 }],
  [-36, { name: "ES512", curve: "secp521r1", hash: "sha512", bytes: 132 }],
]);

/** RFC 9052 §4.2 COSE_Sign1 and §4.4 Sig_structure. */
function coseOf(bytes: Uint8Array): { algorithm: CoseAlgorithm; payload: Uint8Array; signature: Uint8Array; toBeSigned: Uint8Array } {
  const cose = decode(bytes, "the COSE_Sign1");
  if (!Array.isArray(cose) || cose.length !== 4) throw new ImageError("eif-signature", "not a COSE_Sign1");
  const [protectedHeader, unprotected, payload, signature] = cose as CborValue[];
  if (!(protectedHeader instanceof Uint8Array) || !(payload instanceof Uint8Array) || !(signature instanceof Uint8Array))
    throw new ImageError("eif-signature", "not a COSE_Sign1");
  if (!(unprotected instanceof Map) || unprotected.size !== 0) throw new ImageError("eif-signature", "an unprotected header");
  const algorithm = ALGORITHM.get(mapOf(decode(protectedHeader, "the protected header"), [1]).get(1));
  if (algorithm === undefined) throw new ImageError("eif-signature", "an algorithm other than ES256, ES384 and ES512");
  return { algorithm, payload, signature, toBeSigned: encodeCbor(["Signature1", protectedHeader, new Uint8Array(0), payload]) };
}

/** One PEM block with one certificate that fills it: other bytes would be in no measurement. */
function certificateOf(pem: Uint8Array): { der: Uint8Array; key: KeyObject } {
  try {
    const der = decodeCertificatePem(Buffer.from(pem).toString("latin1"));
    return { der, key: new X509Certificate(der).publicKey };
  } catch (error) {
    throw new ImageError("eif-signature-certificate", error instanceof Error ? error.message : "unreadable");
  }
}

function decode(bytes: Uint8Array, what: string): CborValue {
  try {
    return decodeForeignCbor(bytes);
  } catch (error) {
    throw new ImageError("eif-signature", `${what}: ${error instanceof Error ? error.message : "not CBOR"}`);
  }
}

function mapOf(value: CborValue, keys: readonly (number | string)[]): ReadonlyMap<number | string, CborValue> {
  if (!(value instanceof Map) || value.size !== keys.length || !keys.every((key) => value.has(key)))
    throw new ImageError("eif-signature", `not a map of ${keys.join(" and ")}`);
  return value as ReadonlyMap<number | string, CborValue>;
}

/** Bytes that were written as an array of integers. */
function octets(value: CborValue | undefined): Uint8Array {
  if (!Array.isArray(value)) throw new ImageError("eif-signature", "not an array of integers");
  for (const octet of value as CborValue[])
    if (typeof octet !== "number" || octet < 0 || octet > 255) throw new ImageError("eif-signature", "not an array of octets");
  return Uint8Array.from(value as number[]);
}
