import { fromHex, toHex } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";
import { DerReader, TAG } from "./der.ts";
import { readExtensions, type Extensions } from "./extensions.ts";
import { readName, type Name } from "./name.ts";
import { positiveInteger, readAlgorithm, readSignature, readTime } from "./x509-parts.ts";

/** A certificate of the profile, read and not yet verified. Byte fields are views of the received bytes. */
export interface Certificate extends Extensions {
  /** its place in the chain, for refusals */
  readonly place: string;
  readonly der: Uint8Array;
  /** what its signature covers */
  readonly toBeSigned: Uint8Array;
  /** r || s, 96 bytes */
  readonly signature: Uint8Array;
  /** big endian, positive, without leading zeros */
  readonly serial: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** uncompressed point on P-384, 97 bytes; whether it lies on the curve is seen when a signature is verified with it */
  readonly publicKey: Uint8Array;
}

/** Longest certificate that AWS's own limits allow (attestation_process.md §3.2.3.1). */
export const MAX_CERTIFICATE_BYTES = 1024;

/**
 * Reads one certificate strictly: DER only, version 3, P-384, ecdsa-with-SHA384, UTCTime (RFC 5280 §4.1).
 * Verifies no signature and no rule about its place in a chain.
 * @throws Refusal certificate-*
 */
export function readCertificate(der: Uint8Array, place: string): Certificate {
  if (der.length === 0 || der.length > MAX_CERTIFICATE_BYTES)
    throw new Refusal("certificate-der", { subject: place, expected: `1 to ${MAX_CERTIFICATE_BYTES} bytes`, actual: `${der.length}` });
  const reader = new DerReader(der, place); // attacker-controlled until a signature over it was verified
  const whole = reader.enter(TAG.sequence, "certificate");
  const start = reader.at;
  const tbs = reader.enter(TAG.sequence, "tbsCertificate");
  readVersion(reader);
  const serial = readSerial(reader);
  readAlgorithm(reader, "inner signature algorithm");
  const issuer = readName(reader, "issuer");
  const validity = reader.enter(TAG.sequence, "validity");
  const notBeforeMs = readTime(reader, "notBefore");
  const notAfterMs = readTime(reader, "notAfter");
  reader.leave(validity, "validity");
  if (notBeforeMs > notAfterMs) throw new Refusal("certificate-validity-order", { subject: place });
  const subject = readName(reader, "subject");
  const publicKey = readPublicKey(reader);
  const extensions = readExtensions(reader);
  reader.leave(tbs, "tbsCertificate");
  const toBeSigned = der.subarray(start, reader.at);
  readAlgorithm(reader, "outer signature algorithm");
  const signature = readSignature(reader);
  reader.leave(whole, "certificate");
  if (reader.at !== der.length) throw reader.refuse("certificate", `${der.length - reader.at} bytes behind it`);
  return { place, der, toBeSigned, signature, serial, issuer, subject, notBeforeMs, notAfterMs, publicKey, ...extensions };
}

function readVersion(reader: DerReader): void {
  if (!reader.nextIs(TAG.context0)) throw new Refusal("certificate-version", { subject: reader.name, expected: "3", actual: "1" });
  const outer = reader.enter(TAG.context0, "version");
  const version = reader.content(TAG.integer, "version");
  reader.leave(outer, "version");
  if (version.length !== 1 || version[0] !== 2)
    throw new Refusal("certificate-version", {
      subject: reader.name,
      expected: "INTEGER 02",
      actual: `INTEGER ${toHex(version.subarray(0, 8))}`,
    });
}

function readSerial(reader: DerReader): Uint8Array {
  const serial = positiveInteger(reader.content(TAG.integer, "serial number"));
  if (serial === null || serial.length > 20) throw new Refusal("certificate-serial", { subject: reader.name });
  return serial;
}

function readPublicKey(reader: DerReader): Uint8Array {
  const start = reader.at;
  // The head is one constant: named curve, no unused bits, uncompressed point of the right length
  if (!reader.skipExactly(SPKI_HEAD) || reader.end - reader.at < POINT_BYTES - 1) {
    reader.at = start;
    const spki = reader.element(TAG.sequence, "public key");
    throw new Refusal("certificate-key", {
      subject: reader.name,
      expected: "secp384r1, uncompressed",
      actual: `${toHex(spki.subarray(0, SPKI_HEAD.length))}, ${spki.length} bytes`,
    });
  }
  reader.at += POINT_BYTES - 1;
  return reader.bytes.subarray(reader.at - POINT_BYTES, reader.at);
}

const POINT_BYTES = 97;
// SubjectPublicKeyInfo of secp384r1 up to the 04 of the uncompressed point (RFC 5480 §2)
const SPKI_HEAD: Uint8Array = fromHex("3076301006072a8648ce3d020106052b8104002203620004");
