import { der, extension, hex, name } from "../der.ts";
import { documentWith, documentUnder, rawExtension, replaceExtension, type Edit, UNKNOWN_EXTENSION } from "./base.ts";
import { basicConstraints, keyOf, makeCertificate, makeChain, OID, spkiOf, type CertificateParts } from "../test-pki.ts";
import { testKey } from "../test-keys.ts";
import { group, type Vector } from "./vector.ts";

const constraints = (parts: CertificateParts, ...by: Uint8Array[]): void => replaceExtension(parts, OID.basicConstraints, ...by);
/** Basic constraints with the value given as hex. */
const constrained = (parts: CertificateParts, critical: boolean, value: string): void =>
  constraints(parts, rawExtension(OID.basicConstraints, critical, value));
const usage = (parts: CertificateParts, critical: boolean, value: string): void =>
  replaceExtension(parts, OID.keyUsage, rawExtension(OID.keyUsage, critical, value));
const under = (edit: Edit) => (): Uint8Array => documentUnder(edit);

/** A second document certificate that the holder of a first one issued with its key. */
function issuedByLeaf(inBundle: boolean): Uint8Array {
  const key = testKey("leaf of a leaf");
  let issued = hex("");
  const chain = makeChain((parts) => {
    issued = makeCertificate({ ...parts.leaf, issuer: parts.leaf.subject, signer: keyOf("leaf"), spki: spkiOf(key) });
    if (inBundle) return;
    // The first one in the place of the instance authority, as if the zonal authority had issued it
    parts.instance.extensions = parts.leaf.extensions;
  });
  if (inBundle) return documentWith({ certificate: issued, cabundle: [...chain.cabundle, chain.certificate] }, { ...chain, leafKey: key });
  return documentWith({}, chain);
}

/** Rules 25 to 28: what a certificate may do. */
export const CONSTRAINTS: readonly Vector[] = [
  ...group(
    "reject-25",
    {
      reason:
        "Only a certificate that says CA:TRUE, critically, may issue others. Without this check whoever has any certificate of the chain can make documents.",
      source: "RFC 5280 §4.2.1.9, §6.1.4 (k); Oxorio audit of UTEXO enclave-signer, W-10",
      expect: "certificate-basic-constraints",
    },
    [
      ["zonal-not-authority", "The zonal certificate says that it is no authority.", under((p) => constrained(p.zonal, true, "3000"))],
      [
        "instance-not-authority",
        "The instance certificate says that it is no authority.",
        under((p) => constrained(p.instance, true, "3000")),
      ],
      ["zonal-no-constraints", "The zonal certificate has no basic constraints.", under((p) => constraints(p.zonal))],
      [
        "zonal-constraints-not-critical",
        "The basic constraints of the zonal certificate are not critical.",
        under((p) => constrained(p.zonal, false, "30060101ff020101")),
      ],
      ["leaf-authority", "The document's certificate says CA:TRUE.", under((p) => constrained(p.leaf, true, "30030101ff"))],
      [
        "leaf-as-authority",
        "An end certificate stands in the place of the instance authority and issued the document's.",
        () => issuedByLeaf(false),
      ],
      [
        "leaf-issued-another",
        "The holder of a genuine document certificate issued another one with its key.",
        () => issuedByLeaf(true),
        { expect: "bundle-length" },
      ],
    ],
  ),
  ...group(
    "reject-26",
    {
      reason:
        "AWS gives its authorities path lengths of 2, 1 and 0, and none to the document's certificate. The integer must be read whole.",
      source: "RFC 5280 §4.2.1.9, §6.1.4 (l); Cantina audit of base/nitro-validator",
      expect: "certificate-path-length",
    },
    [
      [
        "path-regional-1",
        "The path length of the regional certificate is 1, with two authorities below it.",
        under((p) => constraints(p.regional, basicConstraints(1))),
      ],
      [
        "path-zonal-0",
        "The path length of the zonal certificate is 0, with an authority below it.",
        under((p) => constraints(p.zonal, basicConstraints(0))),
      ],
      [
        "path-leaf",
        "The document's certificate has a path length.",
        under((p) => constrained(p.leaf, true, "3003020100")),
        { source: "AWS attestation_process.md §3.2.3.3" },
      ],
      [
        "path-2-to-32",
        "The path length is 2^32 + 2, which 32-bit arithmetic makes 2.",
        under((p) => constrained(p.regional, true, "300a0101ff02050100000002")),
      ],
      ["path-negative", "The path length is -2.", under((p) => constrained(p.regional, true, "30060101ff0201fe"))],
      [
        "path-padded",
        "The path length is 2 with a zero byte before it.",
        under((p) => constrained(p.regional, true, "30070101ff02020002")),
        { source: "X.690 §8.3.2" },
      ],
    ],
  ),
  ...group(
    "reject-27",
    {
      reason: "A key does what its usage says: authorities keyCertSign, the document's certificate digitalSignature.",
      source: "AWS attestation_process.md §3.2.3.3; RFC 5280 §4.2.1.3, §6.1.4 (n)",
      expect: "certificate-key-usage",
    },
    [
      ["regional-no-cert-sign", "The regional certificate may not sign certificates.", under((p) => usage(p.regional, true, "03020780"))],
      [
        "instance-crl-sign-only",
        "The instance certificate may sign revocation lists alone.",
        under((p) => usage(p.instance, true, "03020102")),
      ],
      [
        "leaf-no-digital-signature",
        "The document's certificate allows nonRepudiation alone.",
        under((p) => usage(p.leaf, false, "03020640")),
      ],
      ["leaf-cert-sign", "The document's certificate may sign certificates, too.", under((p) => usage(p.leaf, false, "03020284"))],
      ["zonal-no-usage", "The zonal certificate has no key usage.", under((p) => replaceExtension(p.zonal, OID.keyUsage))],
      ["leaf-no-usage", "The document's certificate has no key usage.", under((p) => replaceExtension(p.leaf, OID.keyUsage))],
      [
        "usage-unused-bits-0",
        "The key usage declares no unused bits though its last bits are zero.",
        under((p) => usage(p.zonal, true, "03020086")),
        { source: "X.690 §11.2.2" },
      ],
      [
        "usage-unused-bits-set",
        "The key usage has unused bits that are set.",
        under((p) => usage(p.zonal, true, "03020286")),
        { source: "X.690 §11.2.1" },
      ],
    ],
  ),
  ...group(
    "reject-28",
    {
      reason: "What an issuer marked as critical must be understood or the certificate refused.",
      source: "RFC 5280 §4.2; Cantina audit of base/nitro-validator",
      expect: "certificate-extension-critical",
    },
    [
      [
        "critical-unknown-leaf",
        "The document's certificate has a critical extension that nobody knows.",
        under((p) => p.leaf.extensions.push(rawExtension(UNKNOWN_EXTENSION, true, "3000"))),
      ],
      [
        "critical-unknown-zonal",
        "The zonal certificate has a critical extension that nobody knows.",
        under((p) => p.zonal.extensions.push(rawExtension(UNKNOWN_EXTENSION, true, "3000"))),
      ],
      [
        "critical-extended-usage",
        "The document's certificate is critically limited to TLS servers.",
        under((p) => p.leaf.extensions.push(rawExtension("551d25", true, "300a06082b06010505070301"))),
        { source: "RFC 5280 §4.2.1.12" },
      ],
      [
        "name-constraints-critical",
        "The zonal certificate constrains the names below it to another organisation.",
        under((p) => p.zonal.extensions.push(extension("551d1e", true, otherOrganisation()))),
        { source: "RFC 5280 §4.2.1.10" },
      ],
      [
        "name-constraints-not-critical",
        "The zonal certificate constrains the names below it to another organisation, and forgot to mark it critical.",
        under((p) => p.zonal.extensions.push(extension("551d1e", false, otherOrganisation()))),
        { source: "RFC 5280 §4.2.1.10" },
      ],
      [
        "extension-twice",
        "The zonal certificate has its basic constraints twice.",
        under((p) => p.zonal.extensions.push(basicConstraints(1))),
        { expect: "certificate-extension-duplicate" },
      ],
      [
        "extension-twice-different",
        "The zonal certificate says that it is an authority, and then that it is none.",
        under((p) => p.zonal.extensions.push(rawExtension(OID.basicConstraints, true, "3000"))),
        { expect: "certificate-extension-duplicate" },
      ],
      [
        "extension-twice-unknown",
        "The zonal certificate has an extension twice that nobody knows.",
        under((p) =>
          p.zonal.extensions.push(rawExtension(UNKNOWN_EXTENSION, false, "3000"), rawExtension(UNKNOWN_EXTENSION, false, "0500")),
        ),
        { expect: "certificate-extension-duplicate" },
      ],
      [
        "version-1-left-out",
        "The zonal certificate leaves its version out, so it is of version 1 with extensions.",
        under((p) => (p.zonal.version = hex(""))),
        { expect: "certificate-version", source: "RFC 5280 §4.1.2.1" },
      ],
      [
        "version-1",
        "The zonal certificate says version 1.",
        under((p) => (p.zonal.version = hex("a003020100"))),
        { expect: "certificate-version", source: "RFC 5280 §4.1.2.1" },
      ],
      [
        "extensions-empty",
        "The list of extensions of the document's certificate is empty.",
        under((p) => (p.leaf.extensions = [])),
        { expect: "certificate-der", source: "RFC 5280 §4.1.2.9" },
      ],
    ],
  ),
];

/** permittedSubtrees: directoryName O=Elsewhere */
function otherOrganisation(): Uint8Array {
  return der(0x30, der(0xa0, der(0x30, der(0xa4, name([["O", "Elsewhere"]])))));
}
