import { createHash, sign, type KeyObject } from "node:crypto";
import { utf8Encode } from "@caladrius/wire";
import { bitString, der, objectIdentifier, octetString, sequence, TRUE, unsignedInteger, utcTime } from "./der.ts";

/** What goes into one certificate; names and extensions are DER. */
export interface CertificateFields {
  /** Unsigned, big-endian. */
  serial: Uint8Array;
  issuer: Uint8Array;
  subject: Uint8Array;
  /** Written as UTCTime, cut to whole seconds. */
  notBeforeMs: number;
  notAfterMs: number;
  /** P-384. */
  publicKey: KeyObject;
  extensions: readonly Uint8Array[];
}

/** Signs an X.509 v3 certificate with ecdsa-with-SHA384 (RFC 5280 §4.1). */
export function signCertificate(fields: CertificateFields, issuerKey: KeyObject): Uint8Array {
  const algorithm = sequence(objectIdentifier("1.2.840.10045.4.3.3"));
  const tbs = sequence(
    der(0xa0, Uint8Array.of(0x02, 0x01, 0x02)), // version 3
    unsignedInteger(fields.serial),
    algorithm,
    fields.issuer,
    sequence(utcTime(fields.notBeforeMs), utcTime(fields.notAfterMs)),
    fields.subject,
    fields.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...fields.extensions)),
  );
  return sequence(tbs, algorithm, bitString(sign("sha384", tbs, { key: issuerKey, dsaEncoding: "der" })));
}

/** SHA-1 over the public key's bits (RFC 5280 §4.2.1.2 method 1), 20 bytes, as AWS fills SKI and AKI. */
export function keyIdentifier(publicKey: KeyObject): Uint8Array {
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-97);
  return createHash("sha1").update(point).digest();
}

/** keyUsage bits as AWS sets them: CAs, the instance CA, the leaf (RFC 5280 §4.2.1.3). */
export const KEY_USAGE = {
  /** digitalSignature, keyCertSign, cRLSign. */
  authority: { bits: 0x86, unused: 1, critical: true },
  /** keyCertSign alone. */
  instance: { bits: 0x04, unused: 2, critical: true },
  /** digitalSignature, nonRepudiation; not critical. */
  leaf: { bits: 0xc0, unused: 6, critical: false },
} as const;

/** The extensions that appear in AWS's chains, one builder each. */
export const extension: {
  basicConstraints: (authority: boolean, pathLength: number | null) => Uint8Array;
  keyUsage: (usage: keyof typeof KEY_USAGE) => Uint8Array;
  subjectKeyIdentifier: (keyId: Uint8Array) => Uint8Array;
  authorityKeyIdentifier: (keyId: Uint8Array) => Uint8Array;
  crlDistributionPoint: (uri: string) => Uint8Array;
} = {
  // A leaf holds the empty SEQUENCE: cA is false by default and DER leaves defaults out.
  basicConstraints: (authority, pathLength) =>
    wrap(
      "2.5.29.19",
      true,
      sequence(...(authority ? [TRUE] : []), ...(pathLength === null ? [] : [unsignedInteger(Uint8Array.of(pathLength))])),
    ),
  keyUsage: (usage) => {
    const { bits, unused, critical } = KEY_USAGE[usage];
    return wrap("2.5.29.15", critical, bitString(Uint8Array.of(bits), unused));
  },
  subjectKeyIdentifier: (keyId) => wrap("2.5.29.14", false, octetString(keyId)),
  authorityKeyIdentifier: (keyId) => wrap("2.5.29.35", false, sequence(der(0x80, keyId))),
  crlDistributionPoint: (uri) => wrap("2.5.29.31", false, sequence(sequence(der(0xa0, der(0xa0, der(0x86, utf8Encode(uri))))))),
};

function wrap(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(oid), ...(critical ? [TRUE] : []), octetString(value));
}
