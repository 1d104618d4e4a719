import { Refusal } from "../verdict/refusal.ts";
import type { Certificate } from "./certificate.ts";
import { DerReader, TAG } from "./der.ts";
import { atEnd } from "./extensions.ts";

/**
 * Where the issuer of a certificate publishes its revocation lists: the URLs of CRLDistributionPoints (RFC 5280 §4.2.1.13),
 * in order, printable ASCII without spaces. They are as trustworthy as the certificate: fetch from none before its chain was
 * verified, and let your own rules decide about hosts.
 *
 * Only the plain form is read, distribution points that are full names made of URIs, which is what AWS writes. An extension
 * in any other form gives no URL rather than some of them; it refuses nothing, since it is not critical, but the
 * certificate still counts as one whose revocation should be looked up (`distributionPoints` is not null).
 */
export function crlDistributionPoints({ distributionPoints, place }: Pick<Certificate, "distributionPoints" | "place">): readonly string[] {
  if (distributionPoints === null) return [];
  try {
    return readDistributionPoints(new DerReader(distributionPoints, place));
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

function readDistributionPoints(reader: DerReader): string[] {
  const what = "distribution points";
  const urls: string[] = [];
  const list = reader.enter(TAG.sequence, what);
  while (reader.at < reader.end) {
    const point = reader.enter(TAG.sequence, what);
    const name = reader.enter(TAG.context0, what); // distributionPoint
    const full = reader.enter(TAG.context0, what); // fullName, a GeneralNames
    do urls.push(readUrl(reader, what));
    while (reader.at < reader.end);
    reader.leave(full, what);
    reader.leave(name, what);
    reader.leave(point, what); // reasons or cRLIssuer would stand here: a list for some reasons, or of another issuer
  }
  reader.leave(list, what);
  atEnd(reader, what);
  return urls;
}

/** uniformResourceIdentifier [6] IA5String (RFC 5280 §4.2.1.6). */
function readUrl(reader: DerReader, what: string): string {
  const bytes = reader.content(TAG.context6Primitive, what);
  if (bytes.length === 0) throw reader.refuse(what, "an empty URL");
  for (const byte of bytes) if (byte < 0x21 || byte > 0x7e) throw reader.refuse(what, "a URL that is not printable ASCII");
  return String.fromCharCode(...bytes);
}
