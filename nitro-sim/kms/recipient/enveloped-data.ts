import { concatBytes } from "@caladrius/wire";
import { der, objectIdentifier, octetString, sequence, setOfOne } from "../../pki/der.ts";

/** One key-transport recipient (RFC 5652 §6.2.1) named by its subject key identifier. */
export interface KeyTransRecipient {
  /** subjectKeyIdentifier, any length */
  readonly keyId: Uint8Array;
  /** AlgorithmIdentifier, DER */
  readonly algorithm: Uint8Array;
  readonly encryptedKey: Uint8Array;
}

/** What stands in an EnvelopedData (RFC 5652 §6.1). */
export interface EnvelopedParts {
  /** the SET of RecipientInfos, encoded */
  readonly recipients: Uint8Array;
  /** AlgorithmIdentifier of the content, DER */
  readonly contentAlgorithm: Uint8Array;
  /** encryptedContent, encoded with its tag: `constructedContent` or `primitiveContent` */
  readonly content: Uint8Array;
}

/**
 * Writes a ContentInfo with an EnvelopedData as KMS writes it: version 2, indefinite lengths on the outside (X.690 §8.1.3.6),
 * definite ones within the recipient and the algorithms.
 */
export function envelopedData({ recipients, contentAlgorithm, content }: EnvelopedParts): Uint8Array {
  const encryptedContentInfo = indefinite(0x30, objectIdentifier(OID.data), contentAlgorithm, content);
  const enveloped = indefinite(0x30, VERSION_2, recipients, encryptedContentInfo);
  return indefinite(0x30, objectIdentifier(OID.envelopedData), indefinite(0xa0, enveloped));
}

/** The SET of one KeyTransRecipientInfo, version 2. */
export function oneRecipient(recipient: KeyTransRecipient): Uint8Array {
  return setOfOne(keyTransRecipient(recipient));
}

/** KeyTransRecipientInfo, version 2 (RFC 5652 §6.2.1: the version of a subjectKeyIdentifier). */
export function keyTransRecipient({ keyId, algorithm, encryptedKey }: KeyTransRecipient): Uint8Array {
  return sequence(VERSION_2, der(0x80, keyId), algorithm, octetString(encryptedKey));
}

/** Content as most answers of KMS have it: `[0]` constructed and indefinite, around one OCTET STRING. */
export function constructedContent(ciphertext: Uint8Array): Uint8Array {
  return indefinite(0xa0, octetString(ciphertext));
}

/** Content as some answers of KMS have it: `[0]` primitive and definite. */
export function primitiveContent(ciphertext: Uint8Array): Uint8Array {
  return der(0x80, ciphertext);
}

/** RSAES-OAEP with its parameters written out (RFC 8017 appendix A.2.1): hash and MGF1 hash by their OIDs, empty label. */
export function oaepAlgorithm(hash: string, mgfHash: string = hash): Uint8Array {
  const mask = sequence(objectIdentifier(OID.mgf1), hashAlgorithm(mgfHash));
  return sequence(objectIdentifier(OID.rsaesOaep), sequence(der(0xa0, hashAlgorithm(hash)), der(0xa1, mask)));
}

/** A content encryption algorithm whose parameter is its initialisation vector (RFC 3565 §2.2). */
export function cbcAlgorithm(algorithm: string, iv: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(algorithm), octetString(iv));
}

/** Joins the contents under one constructed tag without a length, ended by end-of-contents (X.690 §8.1.5). */
export function indefinite(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(tag, 0x80), ...contents, END_OF_CONTENTS);
}

function hashAlgorithm(hash: string): Uint8Array {
  return sequence(objectIdentifier(hash), NULL);
}

/** The object identifiers that an answer of KMS holds. */
export const OID: { readonly [K in "data" | "envelopedData" | "rsaesOaep" | "mgf1" | "sha256" | "aes256Cbc"]: string } = {
  data: "1.2.840.113549.1.7.1",
  envelopedData: "1.2.840.113549.1.7.3",
  rsaesOaep: "1.2.840.113549.1.1.7",
  mgf1: "1.2.840.113549.1.1.8",
  sha256: "2.16.840.1.101.3.4.2.1",
  aes256Cbc: "2.16.840.1.101.3.4.1.42",
};
/** INTEGER 2. */
export const VERSION_2: Uint8Array = Uint8Array.of(0x02, 0x01, 0x02);
const NULL = Uint8Array.of(0x05, 0x00);
const END_OF_CONTENTS = new Uint8Array(2);
