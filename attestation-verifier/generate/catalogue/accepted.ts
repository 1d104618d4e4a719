import { encodeCbor, toHex, type CborValue } from "@caladrius/wire";
import { ascii, concat, der, hex, name, positive, utcTime } from "../der.ts";
import { encodeFields } from "../test-document.ts";
import { namesLists } from "../test-crl.ts";
import { hasHighS, twinOf } from "../test-keys.ts";
import { INSTANCE_ID, keyIdentifier, leafSerial, NOW_MS, OID, pcr, REGION, sha384 } from "../test-pki.ts";
import {
  assemble,
  documentUnder,
  documentWith,
  documentWithZonalOf,
  ES384,
  HOUR_MS,
  imageSet,
  payloadOf,
  payloadWithRaw,
  rawExtension,
  registers,
  replaceExtension,
  signatureOver,
  trustFile,
  usualChain,
  usualPayload,
  type Edit,
  UNKNOWN_EXTENSION,
} from "./base.ts";
import { ARCHIVED, group, type Vector } from "./vector.ts";

const under = (edit: Edit) => (): Uint8Array => documentUnder(edit);
const optional = (fields: Partial<Record<"public_key" | "user_data" | "nonce", CborValue>>) => (): Uint8Array => documentWith(fields);
const tagged = (): Uint8Array => concat(hex("d2"), documentWith());
/** The same document with the other s that verifies. */
const twin = (): Uint8Array => assemble({ signature: encodeCbor(twinOf(signatureOver(ES384, usualPayload()), "compact")) });
/** A document whose s is above, or at most, half the order: the other of the pair where its own is not. */
function withS(high: boolean): Uint8Array {
  const signature = signatureOver(ES384, usualPayload());
  const highAlready = hasHighS(signature, "compact");
  return assemble({ signature: encodeCbor(highAlready === high ? signature : twinOf(signature, "compact")) });
}
/** Every certificate with s above, or at most, half the order. */
const certificatesWithS =
  (high: boolean): Edit =>
  (parts) => {
    for (const place of ["regional", "zonal", "instance", "leaf"] as const)
      parts[place].finishSignature = (bits) => (hasHighS(bits.subarray(1)) === high ? bits : twinBits(bits));
  };
const twins: Edit = (parts) => {
  for (const place of ["regional", "zonal", "instance", "leaf"] as const) parts[place].finishSignature = twinBits;
};
const twinBits = (bits: Uint8Array): Uint8Array => concat(hex("00"), twinOf(bits.subarray(1), "der"));
const zero = pcr(0);
/** Extends a zero register with SHA-384 of nothing: PCR2 of an image without application ramdisk. */
const sparse = new Map([...registers({ 16: pcr(0x16), 31: pcr(0x31) })].filter(([index]) => [0, 1, 2, 4, 16, 31].includes(index)));
const EMPTY_PCR2 = sha384(new Uint8Array(48), sha384());
const indefiniteMap = (entries: Iterable<readonly [number, CborValue]>): Uint8Array =>
  concat(hex("bf"), ...[...entries].flatMap(([index, value]) => [encodeCbor(index), encodeCbor(value)]), hex("ff"));

/** Rules accept-1 to accept-13 but for accept-12, and rule reject-42: what must not be refused. */
export const ACCEPTED: readonly Vector[] = [
  ...group(
    "accept-1",
    { reason: "The tag is optional, and AWS leaves it out.", source: "AWS attestation_process.md §3.1; RFC 9052 §2", expect: ARCHIVED },
    [
      ["untagged", "The document comes without tag.", () => documentWith()],
      ["tagged", "Tag 18 stands before the document.", tagged],
    ],
  ),
  ...group(
    "accept-2",
    {
      reason:
        "Until 2025 AWS wrote the payload map with its length, since August 2025 without. Verifiers that refuse either are of no use.",
      source: "RFC 8949 §3.2.2; Cantina audit of base/nitro-validator",
      expect: ARCHIVED,
    },
    [
      ["map-definite", "The payload map has its length, as until 2025.", () => payloadOf((fields) => encodeFields(fields, false))],
      [
        "map-indefinite",
        "The payload map is of indefinite length, as since August 2025.",
        () => payloadOf((fields) => encodeFields(fields, true)),
      ],
      ["pcrs-indefinite", "The map of PCRs is of indefinite length, too.", () => payloadWithRaw("pcrs", indefiniteMap(registers()))],
      [
        "cabundle-indefinite",
        "The bundle is of indefinite length, too.",
        () => payloadWithRaw("cabundle", concat(hex("9f"), ...usualChain().cabundle.map((one) => encodeCbor(one)), hex("ff"))),
      ],
    ],
  ),
  ...group(
    "accept-3",
    {
      reason: "AWS writes null where a field was not asked for, and an empty one where nothing was given.",
      source: "AWS attestation_process.md §2.2, §3.2.2.1",
      expect: ARCHIVED,
    },
    [
      [
        "optional-absent",
        "public_key, user_data and nonce are left out.",
        () => payloadOf(({ public_key: _p, user_data: _u, nonce: _n, ...fields }) => encodeFields(fields)),
      ],
      [
        "optional-empty",
        "public_key, user_data and nonce are empty.",
        optional({ public_key: hex(""), user_data: hex(""), nonce: hex("") }),
      ],
      [
        "optional-longest",
        "public_key has 1024 bytes, user_data and nonce have 512.",
        optional({ public_key: new Uint8Array(1024), user_data: new Uint8Array(512), nonce: new Uint8Array(512) }),
      ],
    ],
  ),
  ...group(
    "accept-4",
    { reason: "ECDSA has two values of s for each r, and AWS uses either.", source: "FIPS 186-5 §6.4; RFC 9053 §2.1", expect: ARCHIVED },
    [
      ["s-high", "The document's s is above half the order.", () => withS(true)],
      ["s-low", "The document's s is below half the order.", () => withS(false)],
      ["s-high-certificates", "The s of every certificate is above half the order.", under(certificatesWithS(true))],
      ["s-low-certificates", "The s of every certificate is below half the order.", under(certificatesWithS(false))],
    ],
  ),
  ...group(
    "accept-5",
    {
      reason: "A document lists the locked registers. Programs may lock 16 to 31, and AWS may leave zero ones out.",
      source: "AWS attestation_process.md §2.2",
      expect: ARCHIVED,
    },
    [
      [
        "pcrs-17",
        "There are 17 PCRs, 0 to 16.",
        () => documentWith({ pcrs: registers({ 3: zero, ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i + 5, pcr(i)])) }) }),
      ],
      [
        "pcrs-32",
        "There are all 32 PCRs.",
        () => documentWith({ pcrs: registers({ 3: zero, ...Object.fromEntries(Array.from({ length: 27 }, (_, i) => [i + 5, pcr(i)])) }) }),
      ],
      ["pcrs-sparse", "There are PCR0, 1, 2, 4, 16 and 31.", () => documentWith({ pcrs: sparse })],
      [
        "pcr31-pinned",
        "PCR31 is pinned and equal.",
        () => ({
          bytes: documentWith({ pcrs: registers({ 31: pcr(0x31) }) }),
          trust: trustFile({ pcrs: [imageSet({ 31: "31".repeat(48) })] }),
        }),
      ],
      [
        "pcrs-descending",
        "The PCRs come in descending order.",
        () => payloadWithRaw("pcrs", concat(hex("b0"), indefiniteMap([...registers()].toReversed()).slice(1, -1))),
      ],
    ],
  ),
  ...group(
    "accept-6",
    {
      reason: "CBOR maps have no order, and a later NSM may say more. What is not known is signed, and named in the verdict.",
      source: "RFC 8949 §3.1; RFC 8392 §3",
      expect: ARCHIVED,
    },
    [
      [
        "keys-reversed",
        "The fields come in the opposite order.",
        () => payloadOf((fields) => encodeFields(Object.fromEntries(Object.entries(fields).toReversed()))),
      ],
      [
        "keys-sorted",
        "The fields come in the order of their encodings.",
        () => payloadOf((fields) => encodeCbor(new Map(Object.entries(fields)))),
      ],
      ["key-unknown", "There is a field that nobody knows.", () => documentWith({ later: 1 })],
      [
        "key-unknown-nested",
        "A field that nobody knows holds lists and maps.",
        () => documentWith({ later: [new Map([["a", [1, null]]]), "text", true] }),
      ],
      ["key-like-known", "There is a field PCRs beside pcrs.", () => documentWith({ PCRs: registers({ 0: pcr(0xe0) }) })],
    ],
  ),
  ...group(
    "accept-7",
    {
      reason: "AWS's certificates have had these forms over the years, and all of them are sound.",
      source: "RFC 5280 §4.2.1.1, §4.2.1.3, §4.2.1.9; public attestation documents of 2021 to 2026",
      expect: ARCHIVED,
    },
    [
      [
        "instance-no-key-identifiers",
        "The instance certificate has no key identifiers, as until April 2024.",
        under((p) => (replaceExtension(p.instance, OID.authorityKeyIdentifier), replaceExtension(p.instance, OID.subjectKeyIdentifier))),
      ],
      [
        "leaf-key-identifier",
        "The document's certificate has an authority key identifier, as it has never had.",
        under((p) =>
          p.leaf.extensions.push(rawExtension(OID.authorityKeyIdentifier, false, `30168014${toHex(keyIdentifier("instance"))}`)),
        ),
      ],
      [
        "leaf-usage-critical",
        "The key usage of the document's certificate is critical.",
        under((p) => replaceExtension(p.leaf, OID.keyUsage, rawExtension(OID.keyUsage, true, "030206c0"))),
      ],
      [
        "extensions-reversed",
        "The extensions of each authority come in the opposite order.",
        under((p) =>
          (["regional", "zonal", "instance"] as const).forEach((place) => (p[place].extensions = p[place].extensions.toReversed())),
        ),
      ],
    ],
  ),
  ...group(
    "accept-8",
    {
      reason: "The document's certificate lives three hours, since 2022 three seconds longer, and signs documents to its end.",
      source: "public attestation documents of 2021 to 2026",
      expect: ARCHIVED,
    },
    [
      [
        "leaf-first-moment",
        "The document was made in the first millisecond of its certificate.",
        () => ({ bytes: documentWith({ timestamp: NOW_MS - HOUR_MS }), timeMs: NOW_MS - HOUR_MS }),
      ],
      [
        "leaf-last-moment",
        "The document was made in the last millisecond of its certificate.",
        () => ({ bytes: documentWith({ timestamp: NOW_MS + 2 * HOUR_MS }), timeMs: NOW_MS + 2 * HOUR_MS }),
      ],
      [
        "leaf-three-seconds-longer",
        "The document's certificate lives three hours and three seconds, and was issued three seconds after its beginning.",
        under(
          (p) => (
            (p.leaf.serial = positive(leafSerial(NOW_MS - HOUR_MS + 3000))),
            (p.leaf.notAfter = utcTime(NOW_MS + 2 * HOUR_MS + 3000))
          ),
        ),
      ],
    ],
  ),
  ...group(
    "accept-9",
    {
      reason: "These zeros are truths: an instance without role, an image without signer. A zero that is pinned is what is wanted.",
      source: "AWS Nitro Enclaves user guide, PCR3 and PCR8",
      expect: ARCHIVED,
    },
    [
      [
        "role-none-pinned",
        "PCR3 is zero and pinned as zero.",
        () => ({ bytes: documentWith(), trust: trustFile({ pcrs: [imageSet({ 3: "0".repeat(96) })] }) }),
      ],
      [
        "signer-none-pinned",
        "PCR8 is zero and pinned as zero.",
        () => ({ bytes: documentWith(), trust: trustFile({ pcrs: [imageSet({ 8: "0".repeat(96) })] }) }),
      ],
      [
        "single-ramdisk",
        "PCR0 equals PCR1, and PCR2 is that of no ramdisk, as of an image of one ramdisk.",
        () => ({
          bytes: documentWith({ pcrs: registers({ 0: pcr(0x10), 1: pcr(0x10), 2: EMPTY_PCR2 }) }),
          trust: trustFile({ pcrs: [imageSet({ 1: "10".repeat(48), 2: toHex(EMPTY_PCR2) })] }),
        }),
      ],
    ],
  ),
  ...group(
    "accept-10",
    {
      reason: "AWS does not look at what the enclave gives for a public key. Its form is a matter between enclave and caller.",
      source: "AWS attestation_process.md §3.2.2.2",
      expect: ARCHIVED,
    },
    [
      ["public-key-1", "public_key is one byte.", optional({ public_key: hex("00") })],
      ["public-key-raw", "public_key is a raw key of 32 bytes.", optional({ public_key: new Uint8Array(32).fill(9) })],
      ["public-key-point", "public_key is a point of 65 bytes.", optional({ public_key: new Uint8Array(65).fill(9).with(0, 4) })],
    ],
  ),
  ...group(
    "accept-11",
    {
      reason: "AWS writes the attributes of zonal names in another order than the rest. Names are equal when their bytes are.",
      source: "RFC 5280 §4.1.2.4",
      expect: ARCHIVED,
    },
    [
      [
        "names-reversed",
        "The instance authority's name has its attributes in the opposite order, as subject and as issuer.",
        under((p) => (p.leaf.issuer = p.instance.subject = reversedInstanceName())),
      ],
      [
        "names-longer",
        "The regional authority's name has a locality, as subject and as issuer.",
        under((p) => (p.zonal.issuer = p.regional.subject = localName())),
      ],
      [
        "names-printable",
        "The instance authority's name is in PrintableStrings, as subject and as issuer.",
        under((p) => (p.leaf.issuer = p.instance.subject = reversedInstanceName(0x13))),
      ],
    ],
  ),
  ...group(
    "accept-13",
    {
      reason:
        "Extensions that are not critical may be passed over. AWS's own certificates have one since 2021, the distribution point of revocation lists.",
      source: "RFC 5280 §4.2",
      expect: ARCHIVED,
    },
    [
      [
        "extension-unknown",
        "Each certificate has an extension that nobody knows and that is not critical.",
        under((p) =>
          (["regional", "zonal", "instance", "leaf"] as const).forEach((place) =>
            p[place].extensions.push(rawExtension(UNKNOWN_EXTENSION, false, "0500")),
          ),
        ),
      ],
      [
        "certificate-1024",
        "The zonal certificate has 1024 bytes, as many as it may.",
        () => documentWithZonalOf(1024),
        { source: "AWS attestation_process.md §3.2.2.2" },
      ],
      ["extension-distribution-point", "Regional and zonal certificate name a distribution point of revocation lists.", under(namesLists)],
    ],
  ),
  ...group(
    "reject-42",
    {
      reason:
        "These bytes are another encoding of a document that was seen before. It must be accepted with the same claims, and count as the same one.",
      source: "FIPS 186-5 §6.4; Cantina audit of base/nitro-validator",
      expect: ARCHIVED,
    },
    [
      ["same-document-twin", "The document has the other s that verifies.", twin],
      ["same-document-tagged-twin", "The document has the other s that verifies, and tag 18.", () => concat(hex("d2"), twin())],
      ["same-chain-twins", "Every certificate has the other s that verifies.", under(twins)],
    ],
  ),
];

/** The instance authority's name, its attributes in the opposite order. */
function reversedInstanceName(stringTag?: number): Uint8Array {
  const attributes = [
    ["CN", `${INSTANCE_ID}.${REGION}.aws.nitro-enclaves`],
    ["OU", "AWS"],
    ["O", "Amazon"],
    ["C", "US"],
  ] as const;
  return name(attributes, stringTag);
}

/** The regional authority's name with L=Frankfurt. */
function localName(): Uint8Array {
  const locality = der(0x31, der(0x30, hex("0603550407"), der(0x0c, ascii("Frankfurt"))));
  const usual = name([
    ["C", "US"],
    ["O", "Amazon"],
    ["OU", "AWS"],
    ["CN", `0123456789abcdef.${REGION}.aws.nitro-enclaves`],
  ]);
  return der(0x30, usual.subarray(2), locality);
}
