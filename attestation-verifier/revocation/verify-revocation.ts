import { equalBytes } from "@caladrius/wire";
import type { Certificate } from "../evidence/certificate.ts";
import type { Chain } from "../evidence/chain.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import { readCertificateList, type CertificateList } from "./certificate-list.ts";
import { findRevocation } from "./find-revocation.ts";

/** What the lists that were given say about a chain that none of them revokes. */
export interface RevocationReport {
  /** places of the certificates that a current list of their issuer does not revoke, from the root downwards */
  readonly covered: readonly string[];
  /**
   * Whether there are such, and every certificate that names a distribution point is among them. AWS's regional and zonal
   * certificates name one; those of instances (24 hours) and documents (3 hours) do not.
   */
  readonly complete: boolean;
}

/**
 * Looks a chain up in the revocation lists of its authorities (RFC 5280 §6.3.3, narrowed to whole lists that the issuer of
 * the certificates signs itself). The signatures of the chain must have been verified.
 *
 * A list belongs to the authority whose subject is its issuer, byte for byte, and whose key identifier it names if both have
 * one. Lists of others are read and left aside, so that callers may give all they have. Every other one is applied, however
 * old: whatever it revokes is refused. One whose next update lies before `atMs` covers nothing, and is refused unless a
 * current one of the same authority was given too. A list may be younger than `atMs`, and then knows more; but one made after
 * a certificate had expired may have dropped it (RFC 5280 §3.3), so it does not cover that certificate.
 *
 * @param crls DER, at most 4 MiB each, attacker-controlled until verified; each is copied before it is read
 * @param atMs time of verification, Unix ms
 * @throws Refusal crl-form, crl-extension, crl-issuer, crl-signature, crl-stale, chain-revoked
 */
export async function verifyRevocation(
  chain: Chain,
  crls: readonly Uint8Array[],
  atMs: number,
  signatures: SignatureBackend,
): Promise<RevocationReport> {
  const links = linksOf(chain);
  const covered = new Set<Certificate>();
  const current = new Set<Certificate>();
  const stale: [Certificate, Refusal][] = [];
  for (const [index, der] of crls.entries()) {
    const list = readCertificateList(new Uint8Array(der), `revocation list ${index + 1}`);
    const link = links.find(({ issuer }) => isIssuer(issuer, list));
    if (link === undefined) continue;
    const { issuer, certificate } = link;
    await verifyList(list, issuer, signatures); // before its entries, which are up to 4 MiB of work, are looked at
    const revocation = findRevocation(list, certificate.serial, atMs);
    if (revocation !== null)
      throw new Refusal("chain-revoked", {
        subject: certificate.place,
        expected: `not in ${list.name}`,
        actual: `${revocation.reason}, revoked ${iso(revocation.dateMs)}`,
      });
    if (list.nextUpdateMs >= atMs) {
      current.add(certificate);
      if (list.thisUpdateMs <= certificate.notAfterMs) covered.add(certificate);
    } else stale.push([certificate, staleness(list, issuer)]);
  }
  for (const [certificate, refusal] of stale) if (!current.has(certificate)) throw refusal;
  const certificates = links.map(({ certificate }) => certificate);
  return {
    covered: certificates.filter((one) => covered.has(one)).map(({ place }) => place),
    complete: covered.size > 0 && certificates.every((one) => one.distributionPoints === null || covered.has(one)),
  };
}

interface Link {
  readonly issuer: Certificate;
  readonly certificate: Certificate;
}

function linksOf({ anchor, regional, zonal, instance, leaf }: Chain): readonly Link[] {
  return [
    { issuer: anchor.certificate, certificate: regional },
    { issuer: regional, certificate: zonal },
    { issuer: zonal, certificate: instance },
    { issuer: instance, certificate: leaf },
  ];
}

/** Another key identifier under the same name is another key of that authority, whose list says nothing about this chain. */
function isIssuer({ subject, subjectKeyIdentifier }: Certificate, { issuer, authorityKeyIdentifier }: CertificateList): boolean {
  if (!equalBytes(subject.der, issuer)) return false;
  return authorityKeyIdentifier === null || subjectKeyIdentifier === null || equalBytes(authorityKeyIdentifier, subjectKeyIdentifier);
}

async function verifyList(list: CertificateList, issuer: Certificate, signatures: SignatureBackend): Promise<void> {
  const subject = `${list.name}, of the ${issuer.place}`;
  const bits = issuer.keyUsage === null ? 0 : issuer.keyUsage.bits;
  if ((bits & CRL_SIGN) === 0) throw new Refusal("crl-issuer", { subject, expected: "key usage cRLSign", actual: `bits ${bits}` });
  const genuine = await signatures.verifyEs384(issuer.publicKey, list.toBeSigned, list.signature);
  if (genuine !== true) throw new Refusal("crl-signature", { subject });
}

function staleness(list: CertificateList, issuer: Certificate): Refusal {
  return new Refusal("crl-stale", {
    subject: `${list.name}, of the ${issuer.place}`,
    expected: "a next update not before the time of verification",
    actual: iso(list.nextUpdateMs),
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

// RFC 5280 §4.2.1.3, first byte of the bit string
const CRL_SIGN = 0x02;
