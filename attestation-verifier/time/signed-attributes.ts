import { compareBytes, toHex } from "@caladrius/wire";
import { TAG } from "../evidence/der.ts";
import type { HashName } from "../signatures/backend.ts";
import { readHash } from "./algorithms.ts";
import { readElements, readFields, readList, refuseForm, type Element } from "./form.ts";

/** What the signature of a token covers besides its content (RFC 5652 §11, RFC 5816 §2.2.1). */
export interface SignedAttributes {
  /** OID of the content, hex */
  readonly contentType: string;
  readonly messageDigest: Uint8Array;
  /** names of the signer's certificate: one, or one in each of two forms */
  readonly certificateHashes: readonly CertificateHash[];
}
export interface CertificateHash {
  readonly hash: HashName | "SHA-1";
  readonly digest: Uint8Array;
}

/**
 * Reads SignedAttributes. Content type and message digest stand there once, signing certificate in one of its two forms or in
 * both, each with one value; others may be there.
 *
 * The set must be sorted: RFC 5652 §5.3 wants it in DER, and X.690 §11.6 sorts a SET OF. The signature covers the received
 * bytes either way; but a verifier that encodes the set anew would refuse an unsorted one, and one token must not mean two
 * things.
 * @throws Refusal time-evidence-form, time-evidence-unsupported
 */
export function readSignedAttributes(set: Element): SignedAttributes {
  const attributes = readAttributes(set);
  if (attributes.some(({ whole }, i) => compareBytes(attributes[i - 1]?.whole ?? NOTHING, whole) >= 0))
    throw refuseForm(set, "attributes out of order");
  // the one value of the one attribute of a type
  const find = (type: string, tag: number): readonly [Element] => {
    const [found, second] = attributes.filter((attribute) => attribute.type === PKCS9 + type);
    if (found === undefined || second !== undefined) throw refuseForm(set, `not one attribute ${PKCS9}${type}`);
    return readFields(found.values, tag);
  };
  const [contentType] = find("03", TAG.oid);
  const [messageDigest] = find("04", TAG.octetString);
  const has = (type: string): boolean => attributes.some((attribute) => attribute.type === PKCS9 + type);
  const certificateHashes = has("10022f") ? [readSigningCertificate(find("10022f", TAG.sequence)[0], "SHA-256")] : [];
  // Public authorities use the first form still, alone or beside the second (RFC 5816 §2.2.1)
  if (has("10020c") || certificateHashes.length === 0)
    certificateHashes.push(readSigningCertificate(find("10020c", TAG.sequence)[0], "SHA-1"));
  return { contentType: toHex(contentType.content), messageDigest: messageDigest.content, certificateHashes };
}

/**
 * Reads SigningCertificate (RFC 5035 §5) or SigningCertificateV2 (§3), whose certificates may name their hash. The first
 * certificate is the signer's; others, and policies, may follow.
 */
function readSigningCertificate(signing: Element, byDefault: CertificateHash["hash"]): CertificateHash {
  const [certificates] = readFields(signing, TAG.sequence, -TAG.sequence);
  const [first] = readList(certificates, TAG.sequence) as [Element];
  const [hash, digest] = readFields(first, -TAG.sequence, TAG.octetString, -TAG.sequence);
  if (hash.tag > 0 && byDefault === "SHA-1") throw refuseForm(signing, "a hash in SigningCertificate");
  return { hash: hash.tag > 0 ? readHash(hash) : byDefault, digest: digest.content };
}

interface Attribute {
  /** hex */
  readonly type: string;
  readonly whole: Uint8Array;
  readonly values: Element;
}

/** Reads a set of attributes (RFC 5652 §5.3) under whatever tag stands in for SET. @throws Refusal time-evidence-form */
export function readAttributes(set: Element): readonly Attribute[] {
  return readList(set, TAG.sequence).map((attribute) => {
    const [type, values] = readFields(attribute, TAG.oid, TAG.set);
    readElements(values);
    return { type: toHex(type.content), whole: attribute.whole, values };
  });
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** 1.2.840.113549.1.9; below it .3 and .4 (RFC 5652 §11), .16.2.12 and .16.2.47 (RFC 5035) */
const PKCS9 = "2a864886f70d0109";
