import { equalBytes, fromHex, toHex, utf8Decode } from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import { TAG, type DerReader } from "../evidence/der.ts";
import { readCritical } from "../evidence/extensions.ts";
import { Refusal } from "../verdict/refusal.ts";
import { readAny, readEach, readInside, readInteger, readNumber, readWhole } from "./form.ts";
import { readCertificateTime } from "./moment.ts";
import { readPublicKey, type PublicKey } from "./public-key.ts";

/** A certificate of a time-stamping authority or its issuer, read and not yet verified. Byte fields are views. */
export interface TimeCertificate {
  readonly der: Uint8Array;
  readonly toBeSigned: Uint8Array;
  /** AlgorithmIdentifier, DER: for a pinned certificate it may be any */
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** content of the INTEGER */
  readonly serial: Uint8Array;
  /** whole elements, compared as bytes */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** common name of 1 to 64 characters, else the SHA-256 of the certificate in hex; whoever made the certificate chose it */
  readonly name: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: PublicKey;
  readonly subjectKeyIdentifier: Uint8Array | null;
  /** whether it may issue certificates: CA:TRUE and keyCertSign (RFC 5280 §4.2.1.3, §4.2.1.9) */
  readonly issues: boolean;
  /** whether it may sign time stamps: for that alone, and critically so (RFC 3161 §2.3) */
  readonly stamps: boolean;
}

/**
 * Reads one certificate of a public key infrastructure other than AWS's (RFC 5280 §4.1): DER, version 3, P-256, P-384 or
 * RSA. Verifies no signature and no rule about who issued it.
 * @throws Refusal time-evidence-form, time-evidence-unsupported
 */
export function readTimeCertificate(der: Uint8Array): TimeCertificate {
  return readWhole(der, "certificate of a time-stamping authority", (reader) =>
    readInside(reader, TAG.sequence, "certificate", () => {
      const start = reader.at;
      const { algorithm, ...fields } = readInside(reader, TAG.sequence, "tbsCertificate", () => readFields(reader));
      const toBeSigned = der.subarray(start, reader.at);
      // RFC 5280 §4.1.1.2
      if (!equalBytes(reader.element(TAG.sequence, "signatureAlgorithm"), algorithm))
        throw reader.refuse("signatureAlgorithm", "another than inside");
      const bits = reader.content(TAG.bitString, "signature");
      if (bits[0] !== 0) throw reader.refuse("signature", "unused bits");
      const name = readCommonName(fields.subject) ?? toHex(sha256(der));
      return { der, toBeSigned, algorithm, signature: bits.subarray(1), name, ...fields };
    }),
  );
}

type Fields = Omit<TimeCertificate, "der" | "toBeSigned" | "signature" | "name">;

function readFields(reader: DerReader): Fields {
  const version = readInside(reader, TAG.context0, "version", () => readNumber(reader, TAG.integer, "version"));
  if (version !== 2) throw reader.refuse("version", "another than 3");
  return {
    serial: readInteger(reader, "serial number"),
    algorithm: reader.element(TAG.sequence, "signature algorithm"),
    issuer: reader.element(TAG.sequence, "issuer"),
    ...readInside(reader, TAG.sequence, "validity", () => ({
      notBeforeMs: readCertificateTime(reader, "notBefore"),
      notAfterMs: readCertificateTime(reader, "notAfter"),
    })),
    subject: reader.element(TAG.sequence, "subject"),
    publicKey: readPublicKey(reader),
    ...readExtensions(reader),
  };
}

/** The extensions that are read (RFC 5280 §4.2.1); of the others none may be critical, and none may stand there twice. */
function readExtensions(reader: DerReader): Pick<Fields, "subjectKeyIdentifier" | "issues" | "stamps"> {
  let subjectKeyIdentifier: Uint8Array | null = null;
  let authority = false;
  let purpose = false;
  let usage: number | null = null;
  const seen = new Set<string>();
  readInside(reader, TAG.context3, "extensions", () =>
    readEach(reader, TAG.sequence, "extensions", () =>
      readInside(reader, TAG.sequence, "extension", () => {
        const oid = toHex(reader.content(TAG.oid, "extension"));
        if (seen.has(oid)) throw reader.refuse("extensions", `${oid} twice`);
        seen.add(oid);
        const critical = readCritical(reader);
        const value = reader.content(TAG.octetString, "extension");
        const read = <T>(of: (inner: DerReader) => T): T => readWhole(value, "extension", of);
        if (oid === ID_CE.basicConstraints) authority = read(readBasicConstraints);
        else if (oid === ID_CE.keyUsage) usage = read((inner) => inner.content(TAG.bitString, "key usage"))[1] ?? 0;
        else if (oid === ID_CE.extendedKeyUsage) purpose = critical && equalBytes(value, TIME_STAMPING);
        else if (oid === ID_CE.subjectKeyIdentifier)
          subjectKeyIdentifier = read((inner) => inner.content(TAG.octetString, "key identifier"));
        // Name constraints that are ignored are a hole, even where an issuer forgot to mark them critical.
        else if (critical || oid === ID_CE.nameConstraints)
          throw new Refusal("time-evidence-unsupported", { subject: `${reader.name}, extension`, actual: oid });
      }),
    ),
  );
  return {
    subjectKeyIdentifier,
    issues: authority && ((usage ?? 0) & KEY_CERT_SIGN) !== 0,
    stamps: purpose && (usage === null || (usage & (DIGITAL_SIGNATURE | NON_REPUDIATION)) !== 0),
  };
}

function readBasicConstraints(reader: DerReader): boolean {
  return readInside(reader, TAG.sequence, "basic constraints", () => {
    const authority = readCritical(reader); // cA, BOOLEAN DEFAULT FALSE as well
    // Any path length allows the one certificate that is read below an authority
    if (reader.nextIs(TAG.integer)) readNumber(reader, TAG.integer, "path length");
    return authority;
  });
}

/** The last common name, if it is UTF-8 of a length that X.520 allows. */
function readCommonName(subject: Uint8Array): string | null {
  let name: string | null = null;
  readWhole(subject, "subject", (reader) =>
    readInside(reader, TAG.sequence, "subject", () => {
      while (reader.at < reader.end)
        readEach(reader, TAG.set, "subject", () =>
          readInside(reader, TAG.sequence, "subject", () => {
            const type = toHex(reader.content(TAG.oid, "subject"));
            const text = reader.nextIs(TAG.utf8String) || reader.nextIs(TAG.printableString);
            const start = reader.at;
            const value = readAny(reader, "subject");
            if (type !== COMMON_NAME || !text) return;
            reader.at = start;
            name = decodeText(reader.content(value[0] ?? 0, "subject"));
          }),
        );
    }),
  );
  return name;
}

function decodeText(bytes: Uint8Array): string | null {
  try {
    const text = utf8Decode(bytes);
    return text.length > 0 && text.length <= 64 ? text : null;
  } catch {
    return null; // the certificate is known by its bytes; this is for people
  }
}

/** under id-ce, 2.5.29 */
const ID_CE = {
  subjectKeyIdentifier: "551d0e",
  keyUsage: "551d0f",
  basicConstraints: "551d13",
  nameConstraints: "551d1e",
  extendedKeyUsage: "551d25",
} as const;
/** ExtKeyUsageSyntax of id-kp-timeStamping (1.3.6.1.5.5.7.3.8) and nothing else */
const TIME_STAMPING: Uint8Array = fromHex("300a06082b06010505070308");
/** id-at-commonName, 2.5.4.3 */
const COMMON_NAME = "550403";
/** RFC 5280 §4.2.1.3, bits 0, 1 and 5 */
const DIGITAL_SIGNATURE = 0x80;
const NON_REPUDIATION = 0x40;
const KEY_CERT_SIGN = 0x04;
