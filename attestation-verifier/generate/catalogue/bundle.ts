import { AWS_NITRO_ROOT_G1 } from "../../evidence/aws-root-g1.ts";
import { concat, hex } from "../der.ts";
import { spkiOf, testKey, twinOf } from "../test-keys.ts";
import { keyOf, makeCertificate, makeChain, OID, subjectOf, type CertificateParts, type Place, type TestChain } from "../test-pki.ts";
import { documentWith, documentWithZonalOf, replaceExtension, trustFile, usualChain } from "./base.ts";
import { group, type Input, type Vector } from "./vector.ts";

const bundled = (...cabundle: Uint8Array[]): Uint8Array => documentWith({ cabundle });
/** A document of the usual chain with another first certificate in its bundle. */
const rooted = (root: Uint8Array): Uint8Array => bundled(root, ...usualChain().cabundle.slice(1));
const at = (index: number): Uint8Array => usualChain().cabundle[index] ?? hex("");
const ROOT = 0;
const REGIONAL = 1;
const ZONAL = 2;
const INSTANCE = 3;

/** The usual names and key identifiers under a root key of the attacker's. */
function attackersChain(edit: (parts: Record<Place, CertificateParts>) => void = () => {}): TestChain {
  const key = testKey("attacker's root");
  return makeChain((parts) => {
    parts.root.spki = spkiOf(key);
    parts.root.signer = parts.regional.signer = key;
    edit(parts);
  });
}

/** A chain that the attacker made, with AWS's own root in the place of his. */
function underGenuineRoot(): Partial<Input> {
  const chain = makeChain((parts) => {
    replaceExtension(parts.regional, OID.authorityKeyIdentifier); // it would name the attacker's key
  }, "aws.nitro-enclaves");
  const cabundle = [AWS_NITRO_ROOT_G1.certificate.der, ...chain.cabundle.slice(1)];
  return { bytes: documentWith({ cabundle }, chain), trust: trustFile({ roots: ["aws-nitro-root-g1"] }) };
}

/** The root with one part changed: what the same authority might have issued, but did not pin. */
function rootAgain(change: Partial<CertificateParts>): Uint8Array {
  let made = hex("");
  makeChain((parts) => (made = makeCertificate({ ...parts.root, ...change })));
  return made;
}

/** A leaf that another authority of the chain issued, in a bundle of `length` certificates. */
function shortChain(issuer: Place, length: number): Uint8Array {
  const chain = makeChain((parts) => {
    parts.leaf.issuer = subjectOf(issuer, "test.nitro-enclaves");
    parts.leaf.signer = keyOf(issuer);
  });
  return documentWith({ cabundle: chain.cabundle.slice(0, length) }, chain);
}

/** Rules 21 to 24: which certificates a bundle holds, in which order, under which root. */
export const BUNDLE: readonly Vector[] = [
  ...group(
    "reject-21",
    {
      reason:
        "AWS's bundles hold root, regional, zonal and instance certificate. More are work for the verifier and a choice of paths for the attacker.",
      source: "AWS attestation_process.md §3.2.3; Cantina audit of base/nitro-validator",
      expect: "bundle-length",
    },
    [
      ["bundle-empty", "The bundle is empty.", () => bundled()],
      [
        "bundle-of-nine",
        "The bundle holds nine certificates.",
        () => bundled(...usualChain().cabundle, ...usualChain().cabundle, at(INSTANCE)),
      ],
      [
        "bundle-unused",
        "The bundle holds a fifth certificate that nothing uses.",
        () => bundled(...usualChain().cabundle, attackersChain().root),
      ],
      [
        "bundle-duplicate-behind",
        "The instance certificate stands twice at the end of a bundle of five.",
        () => bundled(...usualChain().cabundle, at(INSTANCE)),
      ],
      [
        "bundle-duplicate-within",
        "The regional certificate stands twice in a bundle of four.",
        () => bundled(at(ROOT), at(REGIONAL), at(REGIONAL), at(INSTANCE)),
        { expect: "chain-name" },
      ],
      [
        "bundle-entry-empty",
        "One certificate of the bundle is empty.",
        () => bundled(at(ROOT), at(REGIONAL), hex(""), at(INSTANCE)),
        { expect: "payload-field-limit", source: "AWS attestation_process.md §3.2.2.2" },
      ],
      [
        "bundle-entry-1025",
        "One certificate of the bundle has 1025 bytes, one more than the limit.",
        () => documentWithZonalOf(1025),
        { expect: "payload-field-limit", source: "AWS attestation_process.md §3.2.2.2" },
      ],
    ],
  ),
  ...group(
    "reject-22",
    {
      reason:
        "The bundle is the sender's. Its first certificate may name the pinned root, byte for byte, and can never bring one of its own.",
      source: "AWS attestation_process.md §3.2; google/go-sev-guest#190",
      expect: "bundle-root",
    },
    [
      [
        "root-of-the-sender",
        "The whole chain is good, under a root that the sender made.",
        () => {
          const chain = makeChain(() => {}, "sender.nitro-enclaves");
          return documentWith({}, chain);
        },
      ],
      [
        "root-same-name",
        "The whole chain is good, under another root key of the pinned root's name and key identifier.",
        () => documentWith({}, attackersChain()),
      ],
      [
        "root-named-aws",
        "The whole chain is good, under a root of the sender's that has the name of AWS's root, which is pinned.",
        () => ({
          bytes: documentWith(
            {},
            makeChain(() => {}, "aws.nitro-enclaves"),
          ),
          trust: trustFile({ roots: ["aws-nitro-root-g1"] }),
        }),
      ],
      [
        "root-genuine-chain-not",
        "AWS's own root stands in the bundle, and nothing below it was signed by it.",
        underGenuineRoot,
        { expect: "chain-signature" },
      ],
      [
        "root-pinned-chain-not",
        "The pinned root stands in the bundle above a chain of the sender's with the same names.",
        () => {
          const chain = attackersChain();
          return documentWith({ cabundle: [at(ROOT), ...chain.cabundle.slice(1)] }, chain);
        },
        { expect: "chain-signature" },
      ],
      [
        "root-signed-again",
        "The root is the pinned one but for its signature, r and n - s.",
        () => rooted(rootAgain({ finishSignature: (bits) => concat(hex("00"), twinOf(bits.subarray(1), "der")) })),
      ],
      [
        "root-issued-again",
        "The root was issued again with another serial number, under the same name and key.",
        () => rooted(rootAgain({ serial: hex("020155") })),
      ],
      [
        "root-trailing-byte",
        "A zero byte follows the pinned root.",
        () => rooted(concat(at(ROOT), hex("00"))),
        { source: "Cantina audit of base/nitro-validator" },
      ],
      [
        "root-left-out",
        "The root is left out of the bundle.",
        () => bundled(at(REGIONAL), at(ZONAL), at(INSTANCE)),
        { expect: "bundle-length" },
      ],
      ["roots-none-pinned", "No root is pinned.", () => ({ bytes: documentWith(), trust: trustFile({ roots: [] }) })],
    ],
  ),
  ...group(
    "reject-23",
    {
      reason:
        "AWS defines the order of the bundle, root first. A verifier that searches for a path, or takes the root from the other end, can be led.",
      source: "AWS attestation_process.md §3.2.3; world-chain#956",
      expect: "chain-name",
    },
    [
      [
        "bundle-reversed",
        "The bundle is in the opposite order, root last.",
        () => bundled(...usualChain().cabundle.toReversed()),
        { expect: "bundle-root" },
      ],
      [
        "bundle-root-last",
        "The root stands last, the others in order before it.",
        () => bundled(at(REGIONAL), at(ZONAL), at(INSTANCE), at(ROOT)),
        { expect: "bundle-root" },
      ],
      [
        "bundle-swapped",
        "Regional and zonal certificate have changed places.",
        () => bundled(at(ROOT), at(ZONAL), at(REGIONAL), at(INSTANCE)),
      ],
      [
        "bundle-missing",
        "The zonal certificate is missing.",
        () => bundled(at(ROOT), at(REGIONAL), at(INSTANCE)),
        { expect: "bundle-length" },
      ],
      [
        "bundle-leaf-inside",
        "The document's certificate stands in the bundle in place of the instance certificate.",
        () => bundled(at(ROOT), at(REGIONAL), at(ZONAL), usualChain().certificate),
      ],
      [
        "bundle-leaf-behind",
        "The document's certificate stands in the bundle behind the instance certificate.",
        () => bundled(...usualChain().cabundle, usualChain().certificate),
        { expect: "bundle-length" },
      ],
    ],
  ),
  ...group(
    "reject-24",
    {
      reason:
        "Every chain of AWS's has five certificates. Whoever holds the key of a higher authority is not the one who attests enclaves.",
      source: "AWS attestation_process.md §3.2.3",
      expect: "bundle-length",
    },
    [
      ["leaf-under-root", "The root issued the document's certificate.", () => shortChain("root", 1)],
      ["leaf-under-regional", "The regional authority issued the document's certificate.", () => shortChain("regional", 2)],
      ["leaf-under-zonal", "The zonal authority issued the document's certificate.", () => shortChain("zonal", 3)],
      [
        "leaf-under-zonal-whole-bundle",
        "The zonal authority issued the document's certificate, and the bundle holds all four.",
        () => shortChain("zonal", 4),
        { expect: "chain-name" },
      ],
      [
        "chain-of-six",
        "One more authority stands between instance and document certificate.",
        () => {
          const key = testKey("sixth");
          let sixth = hex("");
          const chain = makeChain((parts) => {
            const subject = subjectOf("instance", "another");
            sixth = makeCertificate({
              ...parts.instance,
              issuer: parts.instance.subject,
              signer: keyOf("instance"),
              subject,
              spki: spkiOf(key),
              extensions: parts.instance.extensions.slice(0, 2),
            });
            parts.leaf.signer = key;
          });
          return documentWith({ cabundle: [...chain.cabundle, sixth] }, chain);
        },
      ],
    ],
  ),
];
