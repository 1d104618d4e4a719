import { DerReader, TAG } from "../evidence/der.ts";
import { atEnd, readAuthorityKeyIdentifier } from "../evidence/extensions.ts";
import { positiveInteger, readAlgorithm, readSignature, readTime } from "../evidence/x509-parts.ts";
import { Refusal } from "../verdict/refusal.ts";
import { LIST_PROFILE, readListExtensions } from "./list-extensions.ts";

/** A revocation list of the profile, read but for its entries, and not yet verified. Byte fields are views of the received bytes. */
export interface CertificateList {
  /** what refusals call it */
  readonly name: string;
  /** what its signature covers */
  readonly toBeSigned: Uint8Array;
  /** r || s, 96 bytes */
  readonly signature: Uint8Array;
  /** the whole element, to be compared as bytes */
  readonly issuer: Uint8Array;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** the entries, one after the other; empty where nothing is revoked */
  readonly entries: Uint8Array;
  readonly authorityKeyIdentifier: Uint8Array | null;
}

/** Longest list that is read: some 85,000 entries as AWS writes them. */
export const MAX_LIST_BYTES: number = 4 * 1024 * 1024;

/**
 * Reads one CertificateList strictly (RFC 5280 §5.1): DER only, version 2, ecdsa-with-SHA384, UTCTime, both updates, whole
 * lists of one issuer. Verifies no signature, and leaves the entries to `findRevocation`.
 * @throws Refusal crl-form, crl-extension
 */
export function readCertificateList(der: Uint8Array, name: string): CertificateList {
  if (der.length === 0 || der.length > MAX_LIST_BYTES)
    throw new Refusal("crl-form", { subject: name, expected: `1 to ${MAX_LIST_BYTES} bytes`, actual: `${der.length}` });
  const reader = new DerReader(der, name, LIST_PROFILE); // attacker-controlled until its signature was verified
  const whole = reader.enter(TAG.sequence, "list");
  const start = reader.at;
  const tbs = reader.enter(TAG.sequence, "tbsCertList");
  const version = reader.content(TAG.integer, "version");
  if (version.length !== 1 || version[0] !== 1) throw reader.refuse("version", "another than 2");
  readAlgorithm(reader, "inner signature algorithm");
  const issuer = reader.element(TAG.sequence, "issuer");
  const thisUpdateMs = readTime(reader, "this update");
  const nextUpdateMs = readTime(reader, "next update");
  if (thisUpdateMs > nextUpdateMs) throw reader.refuse("next update", "a time before this update");
  const entries = reader.nextIs(TAG.sequence) ? readEntries(reader) : NONE;
  const authorityKeyIdentifier = reader.nextIs(TAG.context0) ? readExtensions(reader) : null;
  reader.leave(tbs, "tbsCertList");
  const toBeSigned = der.subarray(start, reader.at);
  readAlgorithm(reader, "outer signature algorithm");
  const signature = readSignature(reader);
  reader.leave(whole, "list");
  atEnd(reader, "list");
  return { name, toBeSigned, signature, issuer, thisUpdateMs, nextUpdateMs, entries, authorityKeyIdentifier };
}

/** When nothing is revoked, revokedCertificates is absent (RFC 5280 §5.1.2.6). */
function readEntries(reader: DerReader): Uint8Array {
  const entries = reader.content(TAG.sequence, "entries");
  if (entries.length === 0) throw reader.refuse("entries", "an empty list");
  return entries;
}

/** The key identifier, if there is one; everything else of a whole list is only looked at. */
function readExtensions(reader: DerReader): Uint8Array | null {
  let authorityKeyIdentifier: Uint8Array | null = null;
  const explicit = reader.enter(TAG.context0, "list extensions");
  readListExtensions(reader, "list extensions", (id, value) => {
    if (id === ID_CE.authorityKeyIdentifier) authorityKeyIdentifier = readAuthorityKeyIdentifier(value);
    else if (id === ID_CE.listNumber) readListNumber(value);
    else return false;
    return true;
  });
  reader.leave(explicit, "list extensions");
  return authorityKeyIdentifier;
}

/** cRLNumber, not negative and of at most 20 bytes (RFC 5280 §5.2.3). */
function readListNumber(reader: DerReader): void {
  const number = reader.content(TAG.integer, "list number");
  atEnd(reader, "list number");
  const zero = number.length === 1 && number[0] === 0;
  if (!zero && (positiveInteger(number)?.length ?? Infinity) > 20) throw reader.refuse("list number", `${number.length} bytes`);
}

const NONE: Uint8Array = new Uint8Array(0);
const ID_CE = { listNumber: 20, authorityKeyIdentifier: 35 } as const;
