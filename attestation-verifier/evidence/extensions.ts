import { equalBytes, toHex } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";
import { DerReader, TAG } from "./der.ts";

/** The extensions this profile reads (RFC 5280 §4.2.1). Others may be there if they are not critical. */
export interface Extensions {
  readonly basicConstraints: BasicConstraints | null;
  readonly keyUsage: KeyUsage | null;
  readonly subjectKeyIdentifier: Uint8Array | null;
  readonly authorityKeyIdentifier: Uint8Array | null;
  /** DER of CRLDistributionPoints as it came, or null where there is none; `crlDistributionPoints` reads it */
  readonly distributionPoints: Uint8Array | null;
}
export interface BasicConstraints {
  readonly critical: boolean;
  readonly authority: boolean;
  readonly pathLength: number | null;
}
export interface KeyUsage {
  readonly critical: boolean;
  /** first byte of the bit string: 80 digitalSignature, 04 keyCertSign */
  readonly bits: number;
}

/**
 * Reads Extensions inside their context tag [3].
 * @throws Refusal certificate-der, certificate-extension-duplicate, certificate-extension-critical,
 * certificate-basic-constraints, certificate-path-length, certificate-key-usage
 */
export function readExtensions(reader: DerReader): Extensions {
  let basicConstraints: BasicConstraints | null = null;
  let keyUsage: KeyUsage | null = null;
  let subjectKeyIdentifier: Uint8Array | null = null;
  let authorityKeyIdentifier: Uint8Array | null = null;
  let distributionPoints: Uint8Array | null = null;
  const seen: Uint8Array[] = [];
  const explicit = reader.enter(TAG.context3, "extensions");
  const list = reader.enter(TAG.sequence, "extensions");
  if (reader.at === reader.end) throw reader.refuse("extensions", "an empty list");
  while (reader.at < reader.end) {
    const outer = reader.enter(TAG.sequence, "extension");
    const oid = reader.oid("extension");
    const critical = readCritical(reader);
    const value = new DerReader(reader.content(TAG.octetString, "extension value"), reader.name);
    reader.leave(outer, "extension");
    if (seen.some((other) => equalBytes(other, oid)))
      throw new Refusal("certificate-extension-duplicate", { subject: reader.name, actual: `extension ${toHex(oid)} twice` });
    seen.push(oid);
    // id-ce is 2.5.29; every extension of the profile is one byte below it
    const id = oid.length === 3 && oid[0] === 0x55 && oid[1] === 0x1d ? (oid[2] as number) : 0;
    if (id === ID_CE.basicConstraints) basicConstraints = readBasicConstraints(value, critical);
    else if (id === ID_CE.keyUsage) keyUsage = readKeyUsage(value, critical);
    else if (id === ID_CE.subjectKeyIdentifier) subjectKeyIdentifier = readSubjectKeyIdentifier(value);
    else if (id === ID_CE.authorityKeyIdentifier) authorityKeyIdentifier = readAuthorityKeyIdentifier(value);
    // A critical one would have to be acted on (RFC 5280 §4.2), and lists are the caller's to give: it is refused below.
    else if (id === ID_CE.distributionPoints && !critical) distributionPoints = value.bytes;
    // Name constraints that are ignored are a hole, even where an issuer forgot to mark them critical.
    else if (critical || id === ID_CE.nameConstraints)
      throw new Refusal("certificate-extension-critical", { subject: reader.name, actual: `extension ${toHex(oid)}` });
  }
  reader.leave(list, "extensions");
  reader.leave(explicit, "extensions");
  return { basicConstraints, keyUsage, subjectKeyIdentifier, authorityKeyIdentifier, distributionPoints };
}

/** `critical BOOLEAN DEFAULT FALSE`: in DER it is absent or true, and true is FF (X.690 §11.1, §11.5). */
export function readCritical(reader: DerReader): boolean {
  if (!reader.nextIs(TAG.boolean)) return false;
  readTrue(reader, "criticality");
  return true;
}

function readTrue(reader: DerReader, what: string): void {
  const value = reader.content(TAG.boolean, what);
  if (value.length !== 1 || value[0] !== 0xff) throw reader.refuse(what, `BOOLEAN ${toHex(value.subarray(0, 8))}`);
}

function readBasicConstraints(reader: DerReader, critical: boolean): BasicConstraints {
  const outer = reader.enter(TAG.sequence, "basic constraints");
  const authority = reader.nextIs(TAG.boolean);
  if (authority) readTrue(reader, "basic constraints");
  let pathLength: number | null = null;
  if (reader.nextIs(TAG.integer)) {
    const value = reader.content(TAG.integer, "path length");
    // One byte is enough for this chain; it also rules out negative, padded and oversized integers.
    if (value.length !== 1 || (value[0] as number) > 0x7f)
      throw new Refusal("certificate-path-length", { subject: reader.name, actual: `INTEGER ${toHex(value.subarray(0, 8))}` });
    pathLength = value[0] as number;
  }
  reader.leave(outer, "basic constraints");
  atEnd(reader, "basic constraints");
  return { critical, authority, pathLength };
}

function readKeyUsage(reader: DerReader, critical: boolean): KeyUsage {
  const value = reader.content(TAG.bitString, "key usage");
  atEnd(reader, "key usage");
  const unused = value[0] ?? 0xff;
  const last = value[value.length - 1] ?? 0;
  // X.690 §11.2.2: a named bit list ends with its last bit that is set, so exactly the unused bits lie below it
  const derForm = (value.length === 2 || value.length === 3) && unused <= 7 && last !== 0 && (last & ((2 << unused) - 1)) === 1 << unused;
  if (!derForm) throw new Refusal("certificate-key-usage", { subject: reader.name, actual: `BIT STRING ${toHex(value.subarray(0, 8))}` });
  return { critical, bits: value[1] as number };
}

function readSubjectKeyIdentifier(reader: DerReader): Uint8Array {
  const value = reader.content(TAG.octetString, "subject key identifier");
  atEnd(reader, "subject key identifier");
  return value;
}

/** Only the form AWS uses: the key identifier alone (RFC 5280 §4.2.1.1). */
export function readAuthorityKeyIdentifier(reader: DerReader): Uint8Array {
  const outer = reader.enter(TAG.sequence, "authority key identifier");
  const value = reader.content(TAG.context0Primitive, "authority key identifier");
  reader.leave(outer, "authority key identifier");
  atEnd(reader, "authority key identifier");
  return value;
}

/** Refuses bytes behind what was read. @throws Refusal, as the profile says */
export function atEnd(reader: DerReader, what: string): void {
  if (reader.at !== reader.end) throw reader.refuse(what, `${reader.end - reader.at} bytes behind it`);
}

const ID_CE = {
  subjectKeyIdentifier: 14,
  keyUsage: 15,
  basicConstraints: 19,
  nameConstraints: 30,
  distributionPoints: 31,
  authorityKeyIdentifier: 35,
} as const;
