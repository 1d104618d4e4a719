import { toHex } from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import { Refusal } from "../verdict/refusal.ts";
import { readTimeCertificate, type TimeCertificate } from "./certificate.ts";

declare const parsed: unique symbol;

/** A pinned certificate that time stamps are accepted under. Only `parseTimeAuthority` makes one. */
export interface TimeAuthority {
  readonly [parsed]: true;
  readonly certificate: TimeCertificate;
  /** SHA-256 of the DER, lower-case hex */
  readonly sha256: string;
  /** common name, for people */
  readonly name: string;
}

/**
 * Reads the DER of a certificate to be pinned: a time-stamping authority's own (RFC 3161 §2.3), or that of the authority
 * which issues it directly. Its own signature is not verified: that the caller names these bytes is the whole of its authority.
 * @throws Refusal trust-time-authority
 */
export function parseTimeAuthority(der: Uint8Array): TimeAuthority {
  const certificate = readCertificate(new Uint8Array(der));
  if (!certificate.issues && !certificate.stamps)
    throw new Refusal("trust-time-authority", {
      subject: certificate.name,
      expected: "critical extended key usage timeStamping alone, or CA:TRUE with keyCertSign",
    });
  return { certificate, sha256: toHex(sha256(certificate.der)), name: certificate.name } as TimeAuthority;
}

function readCertificate(der: Uint8Array): TimeCertificate {
  try {
    return readTimeCertificate(der);
  } catch (error) {
    throw new Refusal("trust-time-authority", { actual: (error as Refusal).message });
  }
}
