import { concatBytes, equalBytes, toHex, utf8Decode } from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import { TAG } from "../evidence/der.ts";
import { readExtensions } from "./extensions.ts";
import { readBits, readElements, readFields, readFrom, readNumber, refuseForm, refuseUnsupported, type Element } from "./form.ts";
import { readMoment } from "./moment.ts";
import { readPublicKey, type PublicKey } from "./public-key.ts";

/** A certificate of a time-stamping authority or its issuer, read and not yet verified. Byte fields are views. */
export interface TimeCertificate extends Usage {
  readonly der: Uint8Array;
  readonly toBeSigned: Uint8Array;
  /** AlgorithmIdentifier: for a pinned certificate it may be any */
  readonly algorithm: Element;
  readonly signature: Uint8Array;
  /** content of IssuerAndSerialNumber (RFC 5652 §10.2.4) */
  readonly issuerAndSerial: Uint8Array;
  /** whole elements, compared as bytes */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** common name of 1 to 64 characters, else the SHA-256 of the certificate in hex; whoever made the certificate chose it */
  readonly name: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: PublicKey;
}

interface Usage {
  readonly keyIdentifier: Uint8Array | null;
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
  const [certificate] = readFields(readFrom(der, "certificate of a time-stamping authority"), TAG.sequence);
  const [tbs, outer, signature] = readFields(certificate, TAG.sequence, TAG.sequence, TAG.bitString);
  const [explicit, serial, algorithm, issuer, validity, subject, key, extensions] = readFields(
    tbs,
    TAG.context0, // version
    TAG.integer, // serialNumber
    TAG.sequence, // signature
    TAG.sequence, // issuer
    TAG.sequence, // validity
    TAG.sequence, // subject
    TAG.sequence, // subjectPublicKeyInfo
    TAG.context3, // extensions
  );
  const [version] = readFields(explicit, TAG.integer);
  // RFC 5280 §4.1.1.2: the algorithm stands there twice
  if (readNumber(version) !== 2 || !equalBytes(algorithm.whole, outer.whole))
    throw refuseForm(certificate, "another version, or two algorithms");
  const [notBefore, notAfter, ...more] = readElements(validity).map((time) => readMoment(time));
  // RFC 5280 §4.1.2.5.2: no fractions
  if (!notBefore || !notAfter || more.length > 0 || notBefore.mostMicros + notAfter.mostMicros > 0)
    throw refuseForm(certificate, "no validity");
  return {
    der,
    toBeSigned: tbs.whole,
    algorithm,
    signature: readBits(signature),
    issuerAndSerial: concatBytes(issuer.whole, serial.whole),
    issuer: issuer.whole,
    subject: subject.whole,
    name: readCommonName(subject) ?? toHex(sha256(der)),
    notBeforeMs: notBefore.secondMs,
    notAfterMs: notAfter.secondMs,
    publicKey: readPublicKey(key),
    ...readUsage(extensions),
  };
}

/** What the extensions allow (RFC 5280 §4.2.1). Of those that are not read none may be critical. */
function readUsage(explicit: Element): Usage {
  let keyIdentifier: Uint8Array | null = null;
  let authority = false;
  let purpose = false;
  let bits: number | null = null;
  const [list] = readFields(explicit, TAG.sequence);
  for (const { oid, critical, value } of readExtensions(list)) {
    if (oid === ID_CE.basicConstraints) {
      const [constraints] = readFields(value, TAG.sequence);
      // any path length allows the one certificate that is read below an authority
      const [flag, pathLength] = readFields(constraints, -TAG.boolean, -TAG.integer);
      readNumber(pathLength);
      authority = flag.tag > 0;
    } else if (oid === ID_CE.keyUsage) {
      const [usage] = readFields(value, TAG.bitString);
      bits = usage.content[1] ?? 0;
    } else if (oid === ID_CE.subjectKeyIdentifier) {
      const [identifier] = readFields(value, TAG.octetString);
      keyIdentifier = identifier.content;
    } else if (oid === ID_CE.extendedKeyUsage) purpose = critical && toHex(value.content) === TIME_STAMPING;
    // Name constraints that are ignored are a hole, even where an issuer forgot to mark them critical.
    else if (critical || oid === ID_CE.nameConstraints) throw refuseUnsupported(explicit, `extension ${oid}`);
  }
  return {
    keyIdentifier,
    issues: authority && bits !== null && (bits & KEY_CERT_SIGN) > 0,
    stamps: purpose && (bits === null || (bits & SIGNS) > 0),
  };
}

/** The last common name, if it is a text of a length that X.520 allows. */
function readCommonName(subject: Element): string | null {
  let name: string | null = null;
  for (const set of readElements(subject))
    for (const pair of readElements(set)) {
      const [type, text] = readElements(pair);
      if (type && text && toHex(type.content) === COMMON_NAME) name = decodeText(text);
    }
  return name;
}

function decodeText({ tag, content }: Element): string | null {
  if ((tag !== TAG.utf8String && tag !== TAG.printableString) || content.length < 1 || content.length > 64) return null;
  try {
    return utf8Decode(content);
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
const TIME_STAMPING = "300a06082b06010505070308";
/** id-at-commonName, 2.5.4.3 */
const COMMON_NAME = "550403";
/** RFC 5280 §4.2.1.3: digitalSignature or nonRepudiation; keyCertSign */
const SIGNS = 0xc0;
const KEY_CERT_SIGN = 0x04;
