import type { KeyObject } from "node:crypto";
import { ascii, concat, der, extension, hex, positive, utcTime } from "./der.ts";
import { signFixed } from "./test-keys.ts";
import { ECDSA_WITH_SHA384, keyIdentifier, keyOf, NOW_MS, OID, REGION, subjectOf, type CertificateParts, type Place } from "./test-pki.ts";

/** Everything that goes into one revocation list, each part as DER, so that a test can break any of it. */
export interface ListParts {
  version: Uint8Array;
  innerAlgorithm: Uint8Array;
  issuer: Uint8Array;
  thisUpdate: Uint8Array;
  nextUpdate: Uint8Array;
  /** entries; without any, revokedCertificates is left out */
  entries: Uint8Array[];
  /** null leaves them out */
  extensions: Uint8Array[] | null;
  outerAlgorithm: Uint8Array;
  signer: KeyObject;
  /** behind the extensions, inside what is signed */
  tbsTail: Uint8Array;
  /** last word on the whole list */
  finish: (list: Uint8Array) => Uint8Array;
  /** last word on the signature's BIT STRING content, unused bits first */
  finishSignature: (bits: Uint8Array) => Uint8Array;
}

/** Last numbers of id-ce extensions of lists and entries. */
export const LIST_OID = {
  listNumber: "551d14",
  reasonCode: "551d15",
  invalidityDate: "551d18",
  deltaListIndicator: "551d1b",
  issuingDistributionPoint: "551d1c",
  certificateIssuer: "551d1d",
  distributionPoints: "551d1f",
} as const;

/** A revocation list of that authority of `makeChain`, as AWS makes them: an hour old, good for a week, nothing revoked. */
export function makeList(place: Place, edit: (parts: ListParts) => void = () => {}, root = "test.nitro-enclaves"): Uint8Array {
  const parts: ListParts = {
    version: hex("020101"),
    innerAlgorithm: ECDSA_WITH_SHA384,
    issuer: subjectOf(place, root),
    thisUpdate: utcTime(NOW_MS - HOUR),
    nextUpdate: utcTime(NOW_MS + 7 * 24 * HOUR),
    entries: [],
    extensions: [
      extension(OID.authorityKeyIdentifier, false, der(0x30, der(0x80, keyIdentifier(place)))),
      extension(LIST_OID.listNumber, false, der(0x02, hex("0161989a1d00"))),
    ],
    outerAlgorithm: ECDSA_WITH_SHA384,
    signer: keyOf(place),
    tbsTail: hex(""),
    finish: (list) => list,
    finishSignature: (bits) => bits,
  };
  edit(parts);
  const { version, innerAlgorithm, issuer, thisUpdate, nextUpdate, entries, extensions, outerAlgorithm, tbsTail } = parts;
  const tbs = der(
    0x30,
    version,
    innerAlgorithm,
    issuer,
    thisUpdate,
    nextUpdate,
    entries.length === 0 ? hex("") : der(0x30, new Uint8Array(Buffer.concat(entries))),
    extensions === null ? hex("") : der(0xa0, der(0x30, ...extensions)),
    tbsTail,
  );
  const bits = parts.finishSignature(concat(Uint8Array.of(0), signFixed(parts.signer, "sha384", tbs, "der")));
  return parts.finish(der(0x30, tbs, outerAlgorithm, der(0x03, bits)));
}

/** One entry: serial number in hex, date in Unix ms, and reason (RFC 5280 §5.3.1) or extensions. */
export function listEntry(serial: string, dateMs: number, more: number | Uint8Array[] | null = null): Uint8Array {
  const extensions = typeof more === "number" ? [extension(LIST_OID.reasonCode, false, der(0x0a, Uint8Array.of(more)))] : more;
  return der(0x30, positive(hex(serial)), utcTime(dateMs), extensions === null ? hex("") : der(0x30, ...extensions));
}

/** CRLDistributionPoints with one point for each URL, the only form AWS uses. */
export function distributionPoints(...urls: string[]): Uint8Array {
  const points = urls.map((url) => der(0x30, der(0xa0, der(0xa0, der(0x86, ascii(url))))));
  return extension(LIST_OID.distributionPoints, false, der(0x30, ...points));
}

/** For `makeChain`: names where lists are published in the certificates in which AWS does, regional and zonal. */
export function namesLists({ regional, zonal }: Record<Place, CertificateParts>): void {
  regional.extensions.push(distributionPoints("http://aws-nitro-enclaves-crl.example/crl/root.crl"));
  zonal.extensions.push(distributionPoints(`http://crl-${REGION}-aws-nitro-enclaves.example/crl/regional.crl`));
}

const HOUR = 3_600_000;
