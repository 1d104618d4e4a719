import asn1, { type Asn1 } from "node-forge/lib/asn1.js";
import { isBoundedBer } from "./scan-ber.ts";

/** What of a CiphertextForRecipient is needed to open it. */
export interface RecipientCms {
  /** subjectKeyIdentifier of the one recipient */
  keyIdentifier: Uint8Array;
  /** the content key under RSAES-OAEP */
  encryptedKey: Uint8Array;
  iv: Uint8Array;
  /** under AES-256-CBC */
  ciphertext: Uint8Array;
}

/** Largest answer that is looked at; KMS's has half a kilobyte. */
export const MAX_CMS_BYTES: number = 16 * 1024;

/**
 * Reads CMS EnvelopedData (RFC 5652 §6) as KMS writes it and no other: one KeyTransRecipientInfo by key identifier,
 * RSAES-OAEP with SHA-256 twice and no label, AES-256-CBC, the content as one string in either of BER's forms, and
 * nothing beside. `node-forge` reads the elements, after a scan without recursion has bounded them.
 *
 * @returns null for anything else
 */
export function readCms(bytes: Uint8Array): RecipientCms | null {
  if (bytes.length > MAX_CMS_BYTES || !isBoundedBer(bytes, { depth: MAX_DEPTH, elements: 48 })) return null;
  try {
    return readContentInfo(asn1.fromDer(Buffer.from(bytes).toString("latin1"), FORGE));
  } catch {
    return null;
  }
}

function readContentInfo(element: Asn1): RecipientCms {
  const [type, explicit] = children(element, SEQUENCE, 2);
  demand(oid(type) === OID.envelopedData);
  const [enveloped] = children(explicit, CONTEXT_0, 1);
  const [version, recipients, content] = children(enveloped, SEQUENCE, 3);
  demand(octet(version, INTEGER) === "\x02");
  const [recipient] = children(recipients, SET, 1);
  return { ...readRecipient(recipient), ...readContent(content) };
}

/** RFC 5652 §6.2.1 */
function readRecipient(element: Asn1 | undefined): Pick<RecipientCms, "keyIdentifier" | "encryptedKey"> {
  const [version, identifier, algorithm, encryptedKey] = children(element, SEQUENCE, 4);
  demand(octet(version, INTEGER) === "\x02");
  readOaep(algorithm);
  return { keyIdentifier: octets(identifier, CONTEXT_0), encryptedKey: octets(encryptedKey, OCTET_STRING) };
}

/** RFC 4055 §4.1, with both hashes written out and the empty label left out */
function readOaep(algorithm: Asn1 | undefined): void {
  const [name, parameters] = children(algorithm, SEQUENCE, 2);
  demand(oid(name) === OID.rsaesOaep);
  const [hash, mask] = children(parameters, SEQUENCE, 2);
  readSha256(children(hash, CONTEXT_0, 1)[0]);
  const [mgf1, maskHash] = children(children(mask, CONTEXT_1, 1)[0], SEQUENCE, 2);
  demand(oid(mgf1) === OID.mgf1);
  readSha256(maskHash);
}

/** RFC 4055 §2.1: with NULL parameters or none */
function readSha256(element: Asn1 | undefined): void {
  const [name, parameters, ...more] = elements(element, SEQUENCE);
  demand(oid(name) === OID.sha256 && more.length === 0 && (parameters === undefined || octet(parameters, NULL) === ""));
}

/** RFC 5652 §6.1 EncryptedContentInfo */
function readContent(element: Asn1 | undefined): Pick<RecipientCms, "iv" | "ciphertext"> {
  const [type, algorithm, content] = children(element, SEQUENCE, 3);
  const [cipher, iv] = children(algorithm, SEQUENCE, 2);
  demand(oid(type) === OID.data && oid(cipher) === OID.aes256Cbc);
  const string = content?.constructed === true ? children(content, CONTEXT_0, 1)[0] : content;
  return { iv: octets(iv, OCTET_STRING), ciphertext: octets(string, content?.constructed === true ? OCTET_STRING : CONTEXT_0) };
}

/** Tag class and number as forge splits them. */
type Tag = readonly [tagClass: number, type: number];

function elements(element: Asn1 | undefined, [tagClass, type]: Tag): readonly Asn1[] {
  demand(element?.tagClass === tagClass && element.type === type && element.constructed && Array.isArray(element.value));
  return element.value;
}

function children(element: Asn1 | undefined, tag: Tag, count: number): readonly Asn1[] {
  const found = elements(element, tag);
  demand(found.length === count);
  return found;
}

/** The content of a primitive element, one character a byte. */
function octet(element: Asn1 | undefined, [tagClass, type]: Tag): string {
  demand(element?.tagClass === tagClass && element.type === type && !element.constructed && typeof element.value === "string");
  return element.value;
}

function octets(element: Asn1 | undefined, tag: Tag): Uint8Array {
  return new Uint8Array(Buffer.from(octet(element, tag), "latin1"));
}

/** Compared as bytes, so that no other spelling of a number passes. */
function oid(element: Asn1 | undefined): string {
  return Buffer.from(octet(element, OBJECT_IDENTIFIER), "latin1").toString("hex");
}

function demand(condition: boolean): asserts condition {
  if (!condition) throw new TypeError("not the CMS that KMS writes");
}

const UNIVERSAL = 0x00;
const CONTEXT = 0x80;
const INTEGER: Tag = [UNIVERSAL, 2];
const OCTET_STRING: Tag = [UNIVERSAL, 4];
const NULL: Tag = [UNIVERSAL, 5];
const OBJECT_IDENTIFIER: Tag = [UNIVERSAL, 6];
const SEQUENCE: Tag = [UNIVERSAL, 16];
const SET: Tag = [UNIVERSAL, 17];
const CONTEXT_0: Tag = [CONTEXT, 0];
const CONTEXT_1: Tag = [CONTEXT, 1];
/** Elements in elements: the innermost hash algorithm is the tenth. */
const MAX_DEPTH = 10;
const FORGE = { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth: MAX_DEPTH + 1 };

/** Contents of object identifiers, in hex. */
const OID = {
  data: "2a864886f70d010701",
  envelopedData: "2a864886f70d010703",
  rsaesOaep: "2a864886f70d010107",
  mgf1: "2a864886f70d010108",
  sha256: "608648016503040201",
  aes256Cbc: "60864801650304012a",
} as const;
