import { equalBytes, toHex } from "@caladrius/wire";
import { DerReader, TAG, type DerProfile } from "../evidence/der.ts";
import { readCritical } from "../evidence/extensions.ts";
import { Refusal } from "../verdict/refusal.ts";

/** Everything malformed about a list has one code; a list of 4 MiB needs lengths of three bytes. */
export const LIST_PROFILE: DerProfile = {
  codes: { der: "crl-form", algorithm: "crl-form", time: "crl-form", signature: "crl-form" },
  lengthBytes: 3,
};

/**
 * Reads the extensions of a revocation list or of one of its entries (RFC 5280 §5.2, §5.3).
 * @param read reads the value of an extension by the last number of its id-ce (undefined = another arc), or answers false
 * @throws Refusal crl-form, crl-extension
 */
export function readListExtensions(reader: DerReader, what: string, read: (id: number | undefined, value: DerReader) => boolean): void {
  const seen: Uint8Array[] = [];
  const list = reader.enter(TAG.sequence, what);
  if (reader.at === reader.end) throw reader.refuse(what, "an empty list");
  while (reader.at < reader.end) {
    // Looking for duplicates takes the square of their number
    if (seen.length === MAX_EXTENSIONS) throw reader.refuse(what, `more than ${MAX_EXTENSIONS}`);
    const outer = reader.enter(TAG.sequence, what);
    const oid = reader.oid(what);
    const critical = readCritical(reader);
    const value = new DerReader(reader.content(TAG.octetString, what), reader.name, reader.profile);
    reader.leave(outer, what);
    if (seen.some((other) => equalBytes(other, oid))) throw reader.refuse(what, `extension ${toHex(oid)} twice`);
    seen.push(oid);
    // id-ce is 2.5.29; every extension of the profile is one byte below it
    const id = oid.length === 3 && oid[0] === 0x55 && oid[1] === 0x1d ? oid[2] : undefined;
    if (SCOPES.has(id) || (!read(id, value) && critical))
      throw new Refusal("crl-extension", { subject: `${reader.name}, ${what}`, actual: `extension ${toHex(oid.subarray(0, 16))}` });
  }
  reader.leave(list, what);
}

const MAX_EXTENSIONS = 16;
/**
 * Delta lists, partitions and lists of several issuers do not say what a whole list says, even where an issuer forgot to mark
 * the extension critical: deltaCRLIndicator, issuingDistributionPoint, certificateIssuer.
 */
const SCOPES: ReadonlySet<number | undefined> = new Set([27, 28, 29]);
