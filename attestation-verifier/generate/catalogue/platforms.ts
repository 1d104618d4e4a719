import { encodeCbor } from "@caladrius/wire";
import { encodePemCertificate } from "../../trust/pem.ts";
import { hex, name } from "../der.ts";
import { defaultFields, encodeFields } from "../test-document.ts";
import { makeChain, MODULE_ID, type TestChain } from "../test-pki.ts";
import { assemble, documentWith, ES384, registers, trustFile, usualChain, type Edit } from "./base.ts";
import { ARCHIVED, group, type Input, type Vector } from "./vector.ts";

const simulator = (): TestChain => makeChain(() => {}, "SIMULATED.nitro-enclaves");
const pem = (chain: TestChain): string => encodePemCertificate(chain.root);
const rooted = (...roots: string[]): Record<string, unknown> => ({ roots });

/** What QEMU's machine answers: nothing is signed, and no certificate is real. Given items replace its own. */
function qemu(header: Uint8Array, signature: Uint8Array, cabundle: Uint8Array[] = [new Uint8Array(64)]): Uint8Array {
  const payload = encodeFields(
    {
      ...defaultFields(usualChain()),
      module_id: "i-234-enc5678",
      certificate: new Uint8Array(64),
      cabundle,
      pcrs: registers(),
    },
    false,
  );
  return assemble({ header: encodeCbor(header), payload: encodeCbor(payload), signature: encodeCbor(signature) });
}

/** A chain of another partition: its root, and a region of it. */
function partition(root: string, region: string): TestChain {
  const cn = (text: string): Uint8Array =>
    name([
      ["C", "US"],
      ["O", "Amazon"],
      ["OU", "AWS"],
      ["CN", text],
    ]);
  const edit: Edit = ({ instance, leaf }) => {
    leaf.issuer = instance.subject = cn(`${MODULE_ID.slice(0, 19)}.${region}.aws.nitro-enclaves`);
    leaf.subject = cn(`${MODULE_ID}.${region}.aws`);
  };
  return makeChain(edit, root);
}
const govCloud = (): TestChain => partition("aws-us-gov.nitro-enclaves", "us-gov-west-1");
const china = (): TestChain => partition("aws-cn.nitro-enclaves", "cn-north-1");
const alone = (chain: TestChain, trust: string): Partial<Input> => ({ bytes: documentWith({}, chain), trust });

/** Rules 43 and 44, and what trust files may say about roots. */
export const PLATFORMS: readonly Vector[] = [
  ...group(
    "reject-43",
    {
      reason:
        "QEMU's nitro-enclave machine signs nothing. Its documents fail in header, signature and certificates, and none of the three may be passed over.",
      source: "QEMU hw/virtio/virtio-nsm.c; EnclaviaIO/builder, docs/debug-qemu.md",
      expect: "envelope-qemu",
    },
    [
      ["qemu", "A document as QEMU's machine makes it.", () => qemu(hex("a10120"), new Uint8Array(64))],
      ["qemu-header-mended", "QEMU's document says ES384.", () => qemu(ES384, new Uint8Array(64)), { expect: "envelope-signature-length" }],
      [
        "qemu-signature-mended",
        "QEMU's document says ES384 over 96 zero bytes.",
        () => qemu(ES384, new Uint8Array(96)),
        { expect: "bundle-length" },
      ],
      [
        "qemu-bundle-mended",
        "QEMU's document says ES384 over 96 zero bytes, and its bundle begins with the pinned root.",
        () => qemu(ES384, new Uint8Array(96), [usualChain().root, ...[1, 2, 3].map(() => new Uint8Array(64))]),
        { expect: "certificate-der" },
      ],
      [
        "zero-certificate",
        "A document with a good bundle has 64 zero bytes for its own certificate.",
        () => documentWith({ certificate: new Uint8Array(64) }),
        { expect: "certificate-der", source: "world-chain#1049" },
      ],
    ],
  ),
  ...group(
    "reject-43",
    {
      reason:
        "A simulator's documents are worth nothing. They pass only where the trust file names its root and allows it, and stand beside no real root.",
      source: "Dstack-TEE/dstack#563; ARCHITECTURE §5",
      expect: "bundle-root",
    },
    [
      [
        "simulator-unknown",
        "A simulator made the document, and the trust file pins a real root.",
        () => ({ bytes: documentWith({}, simulator()) }),
      ],
      [
        "simulator-not-allowed",
        "The trust file pins a simulator's root and does not allow simulators.",
        () => alone(simulator(), trustFile(rooted(pem(simulator())))),
        { expect: "trust-root-simulated" },
      ],
      [
        "simulator-beside-real",
        "The trust file pins a simulator's root beside a real one.",
        () => alone(simulator(), trustFile({ ...rooted(pem(usualChain()), pem(simulator())), allowSimulator: true })),
        { expect: "trust-roots-mixed" },
      ],
      [
        "simulator-flag-alone",
        "The trust file allows simulators and pins a real root.",
        () => ({ bytes: documentWith(), trust: trustFile({ allowSimulator: true }) }),
        { expect: "trust-root-not-simulated" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "Where a simulator is named and allowed its document is accepted, and the verdict says so before anything else.",
      source: "ARCHITECTURE §5",
      expect: ["simulator", "time-not-proved"],
    },
    [
      [
        "simulator-allowed",
        "The trust file pins a simulator's root and allows simulators.",
        () => alone(simulator(), trustFile({ ...rooted(pem(simulator())), allowSimulator: true })),
      ],
      [
        "simulator-allowed-live",
        "In live mode a simulator's document is accepted, and still not affirmed.",
        () => ({
          ...alone(simulator(), trustFile({ ...rooted(pem(simulator())), allowSimulator: true })),
          mode: "live",
          maxAgeSeconds: 60,
        }),
        { expect: ["simulator"] },
      ],
    ],
  ),
  ...group(
    "reject-44",
    {
      reason: "Each partition of AWS has a root of its own. Whoever trusts one has not trusted the others.",
      source: "AWS attestation_process.md §2.1",
      expect: "bundle-root",
    },
    [
      [
        "partition-gov-cloud",
        "The document is of the GovCloud partition, and the commercial root is pinned.",
        () => ({ bytes: documentWith({}, govCloud()), trust: trustFile(rooted("aws-nitro-root-g1")) }),
      ],
      [
        "partition-china",
        "The document is of the China partition, and the commercial root is pinned.",
        () => ({ bytes: documentWith({}, china()), trust: trustFile(rooted("aws-nitro-root-g1")) }),
      ],
      [
        "partition-pinned",
        "The document is of a partition whose root the trust file pins beside the commercial one.",
        () => alone(govCloud(), trustFile(rooted("aws-nitro-root-g1", pem(govCloud())))),
        { expect: ARCHIVED },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "A trust file is read whole or not at all: a rule that was misspelled must not be passed over.",
      source: "keylime/keylime#1895; confidential-containers/trustee#860",
      expect: "trust-key-unknown",
    },
    [
      [
        "trust-not-json",
        "The trust file is not JSON.",
        () => ({ bytes: documentWith(), trust: "roots: [aws-nitro-root-g1]\n" }),
        { expect: "trust-json" },
      ],
      ["trust-empty", "The trust file is empty.", () => ({ bytes: documentWith(), trust: "" }), { expect: "trust-json" }],
      [
        "trust-key-unknown",
        "The trust file has a key that is misspelled.",
        () => ({ bytes: documentWith(), trust: trustFile({ allowdebug: false }) }),
      ],
      [
        "trust-key-twice",
        "The trust file says twice whether debug is allowed.",
        () => ({ bytes: documentWith(), trust: trustFile({ allowDebug: false }).replace("{", '{\n  "allowDebug": true,') }),
      ],
      [
        "trust-flag-text",
        "The trust file allows debug by the text false.",
        () => ({ bytes: documentWith(), trust: trustFile({ allowDebug: "false" }) }),
        { expect: "trust-value" },
      ],
      [
        "trust-root-unknown",
        "The trust file names a root that nobody knows.",
        () => ({ bytes: documentWith(), trust: trustFile(rooted("aws-nitro-root-g2")) }),
        { expect: "trust-root" },
      ],
      [
        "trust-root-leaf",
        "The trust file pins a document's certificate as root.",
        () => ({ bytes: documentWith(), trust: trustFile(rooted(encodePemCertificate(usualChain().certificate))) }),
        { expect: "trust-root" },
      ],
      [
        "trust-root-two",
        "One root of the trust file is two certificates.",
        () => ({ bytes: documentWith(), trust: trustFile(rooted(pem(usualChain()) + pem(usualChain()))) }),
        { expect: "trust-root" },
      ],
      [
        "trust-witnesses",
        "The trust file asks for witnesses, which this version cannot verify.",
        () => ({ bytes: documentWith(), trust: trustFile({ witnesses: ["witness.example"] }) }),
        { expect: "trust-unsupported" },
      ],
    ],
  ),
];
