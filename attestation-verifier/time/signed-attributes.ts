import { compareBytes, toHex } from "@caladrius/wire";
import { TAG, type DerReader } from "../evidence/der.ts";
import type { HashName } from "../signatures/backend.ts";
import { readHash, requireHash } from "./algorithms.ts";
import { readAny, readEach, readInside, readInteger, readWhole } from "./form.ts";

/** What the signature of a token covers besides its content, by digest (RFC 5652 §11, RFC 5816 §2.2.1). */
export interface SignedAttributes {
  readonly contentType: Uint8Array;
  readonly messageDigest: Uint8Array;
  /** names of the signer's certificate: one, or one in each of two forms */
  readonly certificateHashes: readonly CertificateHash[];
}
export interface CertificateHash {
  readonly hash: HashName | "SHA-1";
  readonly digest: Uint8Array;
}

/**
 * Reads SignedAttributes inside [0]. The types that are known stand there once and have one value; others may be there.
 *
 * The set must be sorted: RFC 5652 §5.3 wants it in DER, and X.690 §11.6 sorts a SET OF. The signature covers the received
 * bytes either way; but a verifier that encodes the set anew would refuse an unsorted one, and one token must not mean two
 * things.
 * @throws Refusal time-evidence-form, time-evidence-unsupported
 */
export function readSignedAttributes(bytes: Uint8Array): SignedAttributes {
  const attributes = readWhole(bytes, "signed attributes", (reader) => readAttributes(reader, TAG.context0, "signed attributes"));
  attributes.forEach(({ element, reader }, i) => {
    const before = attributes[i - 1]?.element;
    if (before !== undefined && compareBytes(before, element) >= 0) throw reader.refuse("signed attributes", "a set out of order");
  });
  const one = <T>(type: string, what: string, read: (reader: DerReader) => T): T[] => {
    const found = attributes.filter((attribute) => attribute.type === type);
    if (found.length > 1) throw found[0]?.reader.refuse(what, "it twice");
    return found.map(({ values }) => readWhole(values, what, read));
  };
  const [contentType] = one(TYPE.contentType, "content-type", (reader) => reader.content(TAG.oid, "content-type"));
  const [messageDigest] = one(TYPE.messageDigest, "message-digest", (reader) => reader.content(TAG.octetString, "message-digest"));
  const certificateHashes = [
    ...one(TYPE.signingCertificate, "signing-certificate", (reader) => readSigningCertificate(reader, false)),
    ...one(TYPE.signingCertificateV2, "signing-certificate", (reader) => readSigningCertificate(reader, true)),
  ];
  if (contentType === undefined || messageDigest === undefined || certificateHashes.length === 0)
    throw attributes[0]?.reader.refuse("signed attributes", "no content-type, message-digest or signing-certificate");
  return { contentType, messageDigest, certificateHashes };
}

interface Attribute {
  readonly type: string;
  readonly element: Uint8Array;
  /** content of its set of values */
  readonly values: Uint8Array;
  readonly reader: DerReader;
}

/** Reads a set of attributes (RFC 5652 §5.3) under the tag that stands in for SET; each has a value at least. */
export function readAttributes(reader: DerReader, tag: number, what: string): readonly Attribute[] {
  return readEach(reader, tag, what, () => {
    const start = reader.at;
    return readInside(reader, TAG.sequence, "attribute", () => {
      const type = toHex(reader.content(TAG.oid, "attribute"));
      const begin = reader.at;
      const values = reader.content(TAG.set, "attribute");
      reader.at = begin;
      readEach(reader, TAG.set, "attribute", () => readAny(reader, "attribute"));
      return { type, values, element: reader.bytes.subarray(start, reader.at), reader };
    });
  });
}

/** SigningCertificate and SigningCertificateV2 (RFC 5035 §3, §5): the first certificate is the signer's, others follow. */
function readSigningCertificate(reader: DerReader, second: boolean): CertificateHash {
  return readInside(reader, TAG.sequence, "signing-certificate", () => {
    const [first] = readEach(reader, TAG.sequence, "certificates", () =>
      readInside(reader, TAG.sequence, "certificate", (): CertificateHash => {
        let hash: CertificateHash["hash"] = second ? "SHA-256" : "SHA-1";
        if (second && reader.nextIs(TAG.sequence)) hash = requireHash(readHash(reader, "hash of certificate"), "signing-certificate");
        const digest = reader.content(TAG.octetString, "hash of certificate");
        if (reader.at < reader.end) readIssuerSerial(reader);
        return { hash, digest };
      }),
    );
    if (reader.at < reader.end) reader.element(TAG.sequence, "policies");
    return first as CertificateHash; // readEach gives one at least
  });
}

/** It says again what the hash binds already. */
function readIssuerSerial(reader: DerReader): void {
  readInside(reader, TAG.sequence, "issuerSerial", () => {
    reader.element(TAG.sequence, "issuer");
    readInteger(reader, "serial number");
  });
}

/** Types under 1.2.840.113549.1.9 (RFC 5652 §11, RFC 5035 §3, §5) */
const TYPE = {
  contentType: "2a864886f70d010903",
  messageDigest: "2a864886f70d010904",
  signingCertificate: "2a864886f70d010910020c",
  signingCertificateV2: "2a864886f70d010910022f",
} as const;
