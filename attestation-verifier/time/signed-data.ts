import { toHex } from "@caladrius/wire";
import { TAG } from "../evidence/der.ts";
import type { HashName } from "../signatures/backend.ts";
import { findHash, readHash, readSignatureAlgorithm, type SignatureAlgorithm } from "./algorithms.ts";
import { readElements, readFields, readFrom, readList, readNumber, refuseForm, refuseUnsupported, type Element } from "./form.ts";
import { readAttributes, readSignedAttributes, type SignedAttributes } from "./signed-attributes.ts";

/** A time-stamp token's envelope (RFC 5652 §5.1), read and not yet verified. Byte fields are views of the received bytes. */
export interface SignedData {
  /** TSTInfo, DER */
  readonly content: Uint8Array;
  /** certificates that came along, unread */
  readonly certificates: readonly Element[];
  /** content of IssuerAndSerialNumber, or a key identifier */
  readonly signer: Element;
  readonly hash: HashName;
  readonly attributes: SignedAttributes;
  /** what the signature covers (RFC 5652 §5.4): the attributes as received, under the tag SET */
  readonly toBeSigned: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
}

/** id-ct-TSTInfo, 1.2.840.113549.1.9.16.1.4 */
export const TST_INFO = "2a864886f70d0109100104";

/**
 * Reads one TimeStampToken: ContentInfo with SignedData of version 3 over a TSTInfo, with exactly one signer
 * (RFC 3161 §2.4.2) and signed attributes.
 * @throws Refusal time-evidence-form, time-evidence-unsupported
 */
export function readSignedData(token: Uint8Array): SignedData {
  const received = readFrom(token, "time-stamp token");
  if (token.length > MAX_TOKEN_BYTES) throw refuseForm(received, `${token.length} bytes`);
  const [info] = readFields(received, TAG.sequence);
  const [type, explicit] = readFields(info, TAG.oid, TAG.context0);
  const [signedData] = readFields(explicit, TAG.sequence);
  const [version, hashes, encapsulated, certificates, , signers] = readFields(
    signedData,
    TAG.integer, // version
    TAG.set, // digestAlgorithms
    TAG.sequence, // encapContentInfo
    -TAG.context0, // certificates
    -TAG.context1, // crls
    TAG.set, // signerInfos
  );
  const [contentType, content] = readFields(encapsulated, TAG.oid, TAG.context0);
  if (toHex(type.content) !== SIGNED_DATA || toHex(contentType.content) !== TST_INFO) throw refuseForm(info, "another content type");
  if (readNumber(version) !== 3) throw refuseUnsupported(info, "another version");
  const [octets] = readFields(content, TAG.octetString);
  const [signerInfo] = readFields(signers, TAG.sequence);
  const signer = readSignerInfo(signerInfo);
  // RFC 5652 §5.1 allows to refuse a signer whose hash is not listed
  if (!readList(hashes, TAG.sequence).some((one) => findHash(one) === signer.hash))
    throw refuseForm(info, "digestAlgorithms without the signer's");
  const extra = readElements(certificates);
  if (extra.length > MAX_CERTIFICATES) throw refuseForm(certificates, `${extra.length} certificates`);
  return { content: octets.content, certificates: extra, ...signer };
}

function readSignerInfo(signerInfo: Element): Omit<SignedData, "content" | "certificates"> {
  // RFC 5652 §5.3: version 1 names the certificate by issuer and serial number, version 3 by key identifier
  const [version] = readElements(signerInfo);
  const number = version === undefined ? 0 : readNumber(version);
  if (number !== 1 && number !== 3) throw refuseUnsupported(signerInfo, "a signer of another version");
  const [, signer, hash, attributes, algorithm, signature, unsigned] = readFields(
    signerInfo,
    TAG.integer, // version
    number === 1 ? TAG.sequence : TAG.context0Primitive, // sid
    TAG.sequence, // digestAlgorithm
    TAG.context0, // signedAttrs
    TAG.sequence, // signatureAlgorithm
    TAG.octetString, // signature
    -TAG.context1, // unsignedAttrs
  );
  if (unsigned.tag > 0) readAttributes(unsigned);
  const toBeSigned = new Uint8Array(attributes.whole);
  toBeSigned[0] = TAG.set;
  return {
    signer,
    hash: readHash(hash),
    attributes: readSignedAttributes(attributes),
    toBeSigned,
    algorithm: readSignatureAlgorithm(algorithm),
    signature: signature.content,
  };
}

/** As many as a result file holds; millions of empty elements would take all memory. */
const MAX_TOKEN_BYTES = 64 * 1024;
/** A chain has three or four; each is hashed to find the signer's. */
const MAX_CERTIFICATES = 16;
/** id-signedData, 1.2.840.113549.1.7.2 */
const SIGNED_DATA = "2a864886f70d010702";
