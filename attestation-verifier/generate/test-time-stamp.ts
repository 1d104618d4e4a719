import { createHash, type KeyObject } from "node:crypto";
import { compareBytes } from "@caladrius/wire";
import { encodePemCertificate } from "../trust/pem.ts";
import { ascii, der, extension, hex, name, positive, utcTime } from "./der.ts";
import { rsaTestKey, signFixed, spkiOf, testKey } from "./test-keys.ts";
import { makeCertificate, OID, type CertificateParts } from "./test-pki.ts";

/** Keys that a test authority may have, each with the one hash it signs with here. */
export type TimeKey = "P-256" | "P-384" | "RSA";
/** The authority stamps; the issuer made its certificate. */
export type TimePlace = "authority" | "issuer";

/** Everything that goes into a token, each part as DER in its order, so that a test can break any of it. */
export interface TimeStampParts {
  /** fields of TSTInfo; those behind genTime may be added to */
  info: { version: Uint8Array; policy: Uint8Array; imprint: Uint8Array; serial: Uint8Array; genTime: Uint8Array; tail: Uint8Array };
  /** signed attributes, made from the content; they are sorted unless the test does it */
  attributes: (content: Uint8Array) => Uint8Array[];
  sorted: boolean;
  signerInfo: { version: Uint8Array; sid: Uint8Array; digestAlgorithm: Uint8Array; algorithm: Uint8Array; tail: Uint8Array };
  signedData: { version: Uint8Array; digestAlgorithms: Uint8Array; contentType: Uint8Array; certificates: Uint8Array };
  /** key that signs, and its hash by Node's name */
  signer: KeyObject;
  hash: string;
  /** last word on the content once it is signed, on the signature, on the SignerInfos, on the token */
  finishContent: (content: Uint8Array) => Uint8Array;
  finishSignature: (signature: Uint8Array) => Uint8Array;
  finishSigners: (signerInfo: Uint8Array) => Uint8Array;
  finish: (token: Uint8Array) => Uint8Array;
}

export interface TimeStampOptions {
  /** SHA-256 of what is stamped */
  digest: Uint8Array;
  genTimeMs: number;
  /** default: P-384 */
  key?: TimeKey;
  /** default: the authority's of `key`, as `timeCertificate` makes it */
  certificate?: Uint8Array;
  edit?: (parts: TimeStampParts) => void;
}

/**
 * An RFC 3161 token of a test authority, the same bytes each time; without `edit` a good one, exact to a millisecond.
 * Accepted under `timeAuthorityPem(key)` and `timeAuthorityPem(key, "issuer")`, in force from 2020 to 2040.
 */
export function makeTimeStamp({
  digest,
  genTimeMs,
  key = "P-384",
  certificate = timeCertificate(key),
  edit,
}: TimeStampOptions): Uint8Array {
  const { hash, digestAlgorithm, algorithm } = SUITES[key];
  const parts: TimeStampParts = {
    info: {
      version: hex("020101"),
      policy: hex("06032a0304"),
      imprint: der(0x30, SHA256, der(0x04, digest)),
      serial: hex("020107"),
      genTime: generalizedTime(genTimeMs),
      tail: hex("3003800101"),
    },
    attributes: (content) => [
      attribute(ATTRIBUTE.contentType, TST_INFO),
      attribute(ATTRIBUTE.messageDigest, der(0x04, digestOf(hash, content))),
      attribute(ATTRIBUTE.signingCertificateV2, der(0x30, der(0x30, der(0x30, der(0x04, digestOf("sha256", certificate)))))),
    ],
    sorted: true,
    signerInfo: {
      version: hex("020101"),
      sid: der(0x30, nameOf("issuer", key), SERIAL.authority),
      digestAlgorithm,
      algorithm,
      tail: hex(""),
    },
    signedData: {
      version: hex("020103"),
      digestAlgorithms: der(0x31, digestAlgorithm),
      contentType: TST_INFO,
      certificates: der(0xa0, certificate),
    },
    signer: timeKey("authority", key),
    hash,
    finishContent: (content) => content,
    finishSignature: (signature) => signature,
    finishSigners: (signerInfo) => signerInfo,
    finish: (token) => token,
  };
  edit?.(parts);
  const { info, signerInfo, signedData } = parts;
  const content = der(0x30, ...Object.values(info));
  const attributes = parts.attributes(content);
  if (parts.sorted) attributes.sort(compareBytes);
  const signature = parts.finishSignature(signFixed(parts.signer, parts.hash, der(0x31, ...attributes), "der"));
  const { version, sid, digestAlgorithm: signerHash, algorithm: signerAlgorithm, tail } = signerInfo;
  const signer = der(0x30, version, sid, signerHash, der(0xa0, ...attributes), signerAlgorithm, der(0x04, signature), tail);
  const encapsulated = der(0x30, signedData.contentType, der(0xa0, der(0x04, parts.finishContent(content))));
  const data = der(
    0x30,
    signedData.version,
    signedData.digestAlgorithms,
    encapsulated,
    signedData.certificates,
    der(0x31, parts.finishSigners(signer)),
  );
  return parts.finish(der(0x30, SIGNED_DATA, der(0xa0, data)));
}

/** A certificate of the test authority, or of its issuer, which is self-signed; DER. */
export function timeCertificate(
  key: TimeKey,
  place: TimePlace = "authority",
  edit: (parts: CertificateParts) => void = () => {},
): Uint8Array {
  const { hash, algorithm } = SUITES[key];
  const parts: CertificateParts = {
    version: hex("a003020102"),
    serial: SERIAL[place],
    innerAlgorithm: algorithm,
    issuer: nameOf("issuer", key),
    notBefore: utcTime(Date.UTC(2020, 0, 1)),
    notAfter: utcTime(Date.UTC(2040, 0, 1)),
    subject: nameOf(place, key),
    spki: spkiOf(timeKey(place, key)),
    extensions: place === "authority" ? [TIME_STAMPING_USAGE, DIGITAL_SIGNATURE_USAGE] : [AUTHORITY, KEY_CERT_SIGN_USAGE],
    outerAlgorithm: algorithm,
    signer: timeKey("issuer", key),
    hash,
    tbsTail: hex(""),
    finish: (certificate) => certificate,
    finishSignature: (bits) => bits,
  };
  edit(parts);
  return makeCertificate(parts);
}

/** The same as PEM, for `timeAuthorities` of a trust file. */
export function timeAuthorityPem(key: TimeKey = "P-384", place: TimePlace = "authority"): string {
  return encodePemCertificate(timeCertificate(key, place));
}

/** TEST KEYS, see test-keys.ts. RSA keys take a while to find, and are kept. */
export function timeKey(place: TimePlace, key: TimeKey): KeyObject {
  const label = `time-stamping ${place} ${key}`;
  const made = keys.get(label) ?? (key === "RSA" ? rsaTestKey(label, 2048) : testKey(label, key));
  keys.set(label, made);
  return made;
}

/** An attribute with any number of values. */
export function attribute(oid: string, ...values: Uint8Array[]): Uint8Array {
  return der(0x30, der(0x06, hex(oid)), der(0x31, ...values));
}

export function generalizedTime(ms: number): Uint8Array {
  // X.690 §11.7: a fraction loses its trailing zeros, and its point when nothing is left
  const text = new Date(ms)
    .toISOString()
    .replaceAll(/[-:T]/g, "")
    .replace(/\.(\d*?)0*Z$/, ".$1Z")
    .replace(".Z", "Z");
  return der(0x18, ascii(text));
}

export function digestOf(hash: string, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(bytes).digest());
}

function nameOf(place: TimePlace, key: TimeKey): Uint8Array {
  return name([
    ["O", "TEST"],
    ["CN", `TEST time-stamping ${place} ${key}`],
  ]);
}

/** Types of signed attributes (RFC 5652 §11, RFC 5035 §3, §5) */
export const ATTRIBUTE = {
  contentType: "2a864886f70d010903",
  messageDigest: "2a864886f70d010904",
  signingCertificate: "2a864886f70d010910020c",
  signingCertificateV2: "2a864886f70d010910022f",
} as const;
/** AlgorithmIdentifiers (RFC 5754 §2) */
export const SHA256: Uint8Array = hex("300d06096086480165030402010500");
export const SHA384: Uint8Array = hex("300d06096086480165030402020500");
export const SHA512: Uint8Array = hex("300d06096086480165030402030500");
/** id-ct-TSTInfo and id-signedData, whole */
export const TST_INFO: Uint8Array = hex("060b2a864886f70d0109100104");
export const SIGNED_DATA: Uint8Array = hex("06092a864886f70d010702");
/** extKeyUsage of id-kp-timeStamping, critical */
export const TIME_STAMPING_USAGE: Uint8Array = extension("551d25", true, hex("300a06082b06010505070308"));

const SUITES: Readonly<Record<TimeKey, { hash: string; digestAlgorithm: Uint8Array; algorithm: Uint8Array }>> = {
  "P-256": { hash: "sha256", digestAlgorithm: SHA256, algorithm: hex("300a06082a8648ce3d040302") },
  "P-384": { hash: "sha384", digestAlgorithm: SHA384, algorithm: hex("300a06082a8648ce3d040303") },
  RSA: { hash: "sha256", digestAlgorithm: SHA256, algorithm: hex("300d06092a864886f70d01010b0500") },
};
const SERIAL: Readonly<Record<TimePlace, Uint8Array>> = { authority: positive(hex("a1")), issuer: positive(hex("01")) };
const AUTHORITY = extension(OID.basicConstraints, true, der(0x30, hex("0101ff")));
const KEY_CERT_SIGN_USAGE = extension(OID.keyUsage, true, hex("03020106"));
const DIGITAL_SIGNATURE_USAGE = extension(OID.keyUsage, true, hex("03020780"));
const keys = new Map<string, KeyObject>();
