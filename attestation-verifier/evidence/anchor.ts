import { toHex } from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import { Refusal } from "../verdict/refusal.ts";
import { readCertificate, type Certificate } from "./certificate.ts";

declare const parsed: unique symbol;

/** A pinned root certificate (RFC 5280 §6.1.1 (d)). Only `parseTrustAnchor` makes one. */
export interface TrustAnchor {
  readonly [parsed]: true;
  readonly certificate: Certificate;
  /** SHA-256 of the DER, lower-case hex */
  readonly sha256: string;
  /** whether its subject says SIMULATED, so that nothing under it is real */
  readonly simulated: boolean;
}

/**
 * Reads the DER of a root certificate to be pinned. Its own signature is not verified: that the caller names these bytes
 * is the whole of its authority.
 * @throws Refusal certificate-*, also when it could not issue certificates
 */
export function parseTrustAnchor(der: Uint8Array): TrustAnchor {
  const certificate = readCertificate(new Uint8Array(der), "root certificate");
  const { basicConstraints, keyUsage } = certificate;
  if (basicConstraints === null || !basicConstraints.critical || !basicConstraints.authority)
    throw new Refusal("certificate-basic-constraints", { subject: certificate.place, expected: "critical, authority" });
  if (keyUsage === null || (keyUsage.bits & 0x04) === 0)
    throw new Refusal("certificate-key-usage", { subject: certificate.place, expected: "keyCertSign" });
  return { certificate, sha256: toHex(sha256(der)), simulated: saysSimulated(certificate.subject.der) } as TrustAnchor;
}

/** Whether any attribute of the name holds the word, as plain bytes. */
function saysSimulated(name: Uint8Array): boolean {
  for (let at = 0; at + WORD.length <= name.length; at++) {
    let matched = 0;
    while (matched < WORD.length && name[at + matched] === WORD.charCodeAt(matched)) matched++;
    if (matched === WORD.length) return true;
  }
  return false;
}

const WORD = "SIMULATED";
