import { equalBytes, toHex } from "@caladrius/wire";
import type { SignatureBackend } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import type { TrustAnchor } from "./anchor.ts";
import { readCertificate, type Certificate } from "./certificate.ts";

/** The one path there is: pinned root, regional, zonal, instance, leaf. Read and checked but for its signatures. */
export interface Chain {
  readonly anchor: TrustAnchor;
  readonly regional: Certificate;
  readonly zonal: Certificate;
  readonly instance: Certificate;
  readonly leaf: Certificate;
}

/**
 * Builds the path from the pinned anchor downwards, in the order AWS defines, and checks every rule that needs no
 * signature: names, key identifiers, constraints, path lengths, key usage (RFC 5280 §6.1, narrowed to the profile).
 * @throws Refusal bundle-*, certificate-*, chain-name, chain-key-identifier
 */
export function readChain(cabundle: readonly Uint8Array[], certificate: Uint8Array, anchors: readonly TrustAnchor[]): Chain {
  const [root, regionalDer, zonalDer, instanceDer, ...more] = cabundle;
  if (root === undefined || regionalDer === undefined || zonalDer === undefined || instanceDer === undefined || more.length > 0)
    throw new Refusal("bundle-length", { expected: "4", actual: `${cabundle.length}` });
  // Only these bytes select an anchor; whatever follows uses our own copy of it.
  const anchor = anchors.find((candidate) => equalBytes(candidate.certificate.der, root));
  if (anchor === undefined)
    throw new Refusal("bundle-root", {
      expected: anchors.map(({ sha256 }) => sha256.slice(0, 16)).join(", ") || "none pinned",
      actual: `${root.length} other bytes`,
    });
  const regional = readAuthority(regionalDer, "regional certificate", 2, anchor.certificate);
  const zonal = readAuthority(zonalDer, "zonal certificate", 1, regional);
  const instance = readAuthority(instanceDer, "instance certificate", 0, zonal);
  return { anchor, regional, zonal, instance, leaf: readLeaf(certificate, instance) };
}

/**
 * Verifies the four signatures of the chain. With a synchronous back end it stops at the first that fails; with an
 * asynchronous one all four run at once.
 * @throws Refusal chain-signature
 */
export async function verifyChainSignatures(chain: Chain, signatures: SignatureBackend): Promise<void> {
  const pending: (boolean | Promise<boolean>)[] = [];
  let issuer = chain.anchor.certificate;
  for (const certificate of [chain.regional, chain.zonal, chain.instance, chain.leaf]) {
    const answer = signatures.verifyEs384(issuer.publicKey, certificate.toBeSigned, certificate.signature);
    if (typeof answer === "boolean" && !answer) break; // reported below
    pending.push(answer);
    issuer = certificate;
  }
  const answers = await Promise.all(pending.map(async (answer) => answer));
  const failed = PLACES.findIndex((_, i) => answers[i] !== true);
  if (failed >= 0) throw new Refusal("chain-signature", { subject: PLACES[failed] as string });
}

/** Checks that the time lies inside the validity of every certificate, the root's too. @throws Refusal chain-not-yet-valid, chain-expired */
export function verifyValidity(chain: Chain, atMs: number): void {
  for (const certificate of [chain.anchor.certificate, chain.regional, chain.zonal, chain.instance, chain.leaf]) {
    const { place: subject, notBeforeMs, notAfterMs } = certificate;
    if (!(atMs >= notBeforeMs))
      throw new Refusal("chain-not-yet-valid", {
        subject,
        expected: `not before ${new Date(notBeforeMs).toISOString()}`,
        actual: new Date(atMs).toISOString(),
      });
    if (!(atMs <= notAfterMs))
      throw new Refusal("chain-expired", {
        subject,
        expected: `not after ${new Date(notAfterMs).toISOString()}`,
        actual: new Date(atMs).toISOString(),
      });
  }
}

function readAuthority(der: Uint8Array, place: string, pathLength: number, issuer: Certificate): Certificate {
  const certificate = readCertificate(der, place);
  verifyIssuer(certificate, issuer);
  const { basicConstraints, keyUsage } = certificate;
  if (basicConstraints === null || !basicConstraints.critical || !basicConstraints.authority)
    throw new Refusal("certificate-basic-constraints", { subject: place, expected: "critical, authority" });
  if (basicConstraints.pathLength !== pathLength)
    throw new Refusal("certificate-path-length", {
      subject: place,
      expected: `${pathLength}`,
      actual: `${basicConstraints.pathLength ?? "none"}`,
    });
  if (keyUsage === null || !keyUsage.critical || (keyUsage.bits & KEY_CERT_SIGN) === 0)
    throw new Refusal("certificate-key-usage", {
      subject: place,
      expected: "critical, keyCertSign",
      actual: keyUsage === null ? "none" : `${keyUsage.critical ? "critical" : "not critical"}, bits ${keyUsage.bits}`,
    });
  return certificate;
}

function readLeaf(der: Uint8Array, issuer: Certificate): Certificate {
  const certificate = readCertificate(der, "document certificate");
  const { place: subject, basicConstraints, keyUsage } = certificate;
  verifyIssuer(certificate, issuer);
  if (basicConstraints === null || basicConstraints.authority)
    throw new Refusal("certificate-basic-constraints", { subject, expected: "present, no authority" });
  if (basicConstraints.pathLength !== null)
    throw new Refusal("certificate-path-length", { subject, expected: "none", actual: `${basicConstraints.pathLength}` });
  if (keyUsage === null || (keyUsage.bits & DIGITAL_SIGNATURE) === 0 || (keyUsage.bits & KEY_CERT_SIGN) !== 0)
    throw new Refusal("certificate-key-usage", {
      subject,
      expected: "digitalSignature without keyCertSign",
      actual: keyUsage === null ? "none" : `bits ${keyUsage.bits}`,
    });
  return certificate;
}

function verifyIssuer(certificate: Certificate, issuer: Certificate): void {
  const { place: subject } = certificate;
  if (!equalBytes(certificate.issuer.der, issuer.subject.der))
    throw new Refusal("chain-name", { subject, expected: issuer.subject.commonName, actual: certificate.issuer.commonName });
  const { authorityKeyIdentifier } = certificate;
  // AWS leaves the identifiers out of some certificates, so only one that is there can contradict (RFC 5280 §4.2.1.1)
  if (authorityKeyIdentifier === null) return;
  const expected = issuer.subjectKeyIdentifier;
  if (expected === null || !equalBytes(authorityKeyIdentifier, expected))
    throw new Refusal("chain-key-identifier", {
      subject,
      expected: expected === null ? "none" : toHex(expected.subarray(0, 32)),
      actual: toHex(authorityKeyIdentifier.subarray(0, 32)),
    });
}

// RFC 5280 §4.2.1.3, first byte of the bit string
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
const PLACES = ["regional certificate", "zonal certificate", "instance certificate", "document certificate"] as const;
