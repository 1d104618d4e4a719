import { DerReader, TAG } from "../evidence/der.ts";
import { atEnd } from "../evidence/extensions.ts";
import { readTime } from "../evidence/x509-parts.ts";
import type { CertificateList } from "./certificate-list.ts";
import { LIST_PROFILE, readListExtensions } from "./list-extensions.ts";

/** Why and since when a certificate is not to be relied on. */
export interface Revocation {
  /** CRLReason by its name in RFC 5280 §5.3.1; unspecified where there is none */
  readonly reason: string;
  readonly dateMs: number;
}

/**
 * Looks for a serial number among the entries of a list, and reads every entry strictly on the way. Keeps nothing of those
 * it passes. Serial numbers are compared as integers, with the issuer's name they identify a certificate; its bytes do not,
 * since an ECDSA signature has a twin.
 *
 * An entry counts for the time `atMs` (Unix ms) when it is dated at or before it, and whatever its date when what it reports
 * may have begun earlier: a compromise, a reason not given, a hold (which may turn out to be either), or an invalidity date.
 * Only changes of affiliation, supersession, cessation and withdrawn privileges begin with their date.
 *
 * @param serial magnitude, big endian, without leading zeros
 * @returns the first entry of this serial number that counts, or null
 * @throws Refusal crl-form, crl-extension
 */
export function findRevocation(list: CertificateList, serial: Uint8Array, atMs: number): Revocation | null {
  const reader = new DerReader(list.entries, list.name, LIST_PROFILE);
  let found: Revocation | null = null;
  while (reader.at < reader.end) {
    const entry = reader.enter(TAG.sequence, "entry");
    const same = readSerial(reader, serial);
    const dateMs = readTime(reader, "revocation date");
    const { name, datesBack } = reader.at < reader.end ? readReason(reader) : UNSPECIFIED;
    reader.leave(entry, "entry");
    if (same && found === null && (datesBack || !(dateMs > atMs))) found = { reason: name, dateMs };
  }
  return found;
}

/** Whether the entry has this serial number: above zero, at most 20 bytes (RFC 5280 §4.1.2.2). */
function readSerial(reader: DerReader, serial: Uint8Array): boolean {
  const { bytes } = reader;
  const outer = reader.enter(TAG.integer, "serial number");
  // in place, because a view for each of 100,000 entries would be most of the work
  const signed = reader.at < reader.end && bytes[reader.at] === 0;
  if (signed) reader.at += 1;
  const length = reader.end - reader.at;
  const high = (bytes[reader.at] ?? 0) > 0x7f; // of what follows, if it is empty: refused just the same
  // X.690 §8.3.2: the sign's byte stands before a high bit and nowhere else
  if (length === 0 || length > 20 || high !== signed) throw reader.refuse("serial number", "not a positive integer of at most 20 bytes");
  let same = length === serial.length;
  for (let i = 0; same && i < length; i++) same = bytes[reader.at + i] === serial[i];
  reader.at = reader.end;
  reader.leave(outer, "serial number");
  return same;
}

function readReason(reader: DerReader): Reason {
  let reason: Reason = UNSPECIFIED;
  let invalidityDate = false;
  readListExtensions(reader, "entry extensions", (id, value) => {
    if (id === ID_CE.reasonCode) reason = readReasonCode(value);
    else if (id === ID_CE.invalidityDate) invalidityDate = true;
    else return false;
    return true;
  });
  return invalidityDate ? { ...reason, datesBack: true } : reason;
}

function readReasonCode(reader: DerReader): Reason {
  const code = reader.content(TAG.enumerated, "reason code");
  atEnd(reader, "reason code");
  const reason = code.length > 1 ? null : REASONS[code[0] ?? 7];
  if (reason === undefined || reason === null) throw reader.refuse("reason code", "none that a whole list can have");
  return reason;
}

interface Reason {
  readonly name: string;
  /** whether what it reports may have begun before the date of the entry */
  readonly datesBack: boolean;
}

const UNSPECIFIED: Reason = { name: "unspecified", datesBack: true };
/** CRLReason (RFC 5280 §5.3.1). 7 does not exist; 8 is removeFromCRL, which only delta lists have. */
const REASONS: readonly (Reason | null)[] = [
  UNSPECIFIED,
  { name: "keyCompromise", datesBack: true },
  { name: "cACompromise", datesBack: true },
  { name: "affiliationChanged", datesBack: false },
  { name: "superseded", datesBack: false },
  { name: "cessationOfOperation", datesBack: false },
  { name: "certificateHold", datesBack: true },
  null,
  null,
  { name: "privilegeWithdrawn", datesBack: false },
  { name: "aACompromise", datesBack: true },
];
const ID_CE = { reasonCode: 21, invalidityDate: 24 } as const;
