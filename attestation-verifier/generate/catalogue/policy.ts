import { toHex } from "@caladrius/wire";
import { ascii, name, positive } from "../der.ts";
import { INSTANCE_ID, leafSerial, MODULE_ID, NOW_MS, pcr, REGION, sha384 } from "../test-pki.ts";
import { documentUnder, documentWith, HOUR_MS, imageSet, registers, trustFile } from "./base.ts";
import { group, type Input, type Vector } from "./vector.ts";

const ZERO = "0".repeat(96);
const trusting = (pcrs: unknown, bytes: Uint8Array = documentWith(), change: Record<string, unknown> = {}): Partial<Input> => ({
  bytes,
  trust: trustFile({ pcrs, ...change }),
});
const holding = (more: Readonly<Record<number, Uint8Array>>): Uint8Array => documentWith({ pcrs: registers(more) });
const lacking = (index: number): Uint8Array => {
  const pcrs = registers();
  pcrs.delete(index);
  return documentWith({ pcrs });
};
const value = (fill: number): string => toHex(pcr(fill));
const second = { 0: value(0xb0), 1: value(0xb1), 2: value(0xb2) };
const OTHER_INSTANCE = "i-0fedcba9876543210";
const measured = (instance: string): Uint8Array => sha384(new Uint8Array(48), ascii(instance));
const cn = (text: string): Uint8Array =>
  name([
    ["C", "US"],
    ["O", "Amazon"],
    ["OU", "AWS"],
    ["CN", text],
  ]);
const ZEROS = { 0: ZERO, 1: ZERO, 2: ZERO };

/** Rules 36 to 40: what the policy makes of measurements, and what a document says twice. */
export const POLICY: readonly Vector[] = [
  ...group(
    "reject-36",
    {
      reason:
        "Debug mode makes PCR0, PCR1 and PCR2 zero and no others, and opens the console to the parent instance. One of the three is enough to tell.",
      source: "AWS attestation_process.md §3.2; base/base#4042; Cantina audit of base/nitro-validator",
      expect: "debug-refused",
    },
    [
      ["debug", "PCR0, PCR1 and PCR2 are zero, the others are not.", () => holding({ 0: pcr(0), 1: pcr(0), 2: pcr(0), 3: pcr(3) })],
      ["debug-pcr0", "PCR0 alone is zero.", () => holding({ 0: pcr(0) })],
      ["debug-pcr1", "PCR1 alone is zero.", () => holding({ 1: pcr(0) })],
      ["debug-pcr2", "PCR2 alone is zero.", () => holding({ 2: pcr(0) })],
      ["debug-pcr0-missing", "PCR0 is missing, which hides as much as a zero.", () => lacking(0)],
      [
        "debug-partly",
        "Debug is allowed, and PCR1 alone is zero.",
        () => trusting([ZEROS, imageSet()], holding({ 1: pcr(0) }), { allowDebug: true }),
      ],
    ],
  ),
  ...group(
    "reject-37",
    {
      reason: "Expected measurements that are missing or misspelled must not turn into expecting nothing.",
      source: "CVE-2025-64186; keep#590; pontifex#30; chainlink-common#2196",
      expect: "trust-pcrs",
    },
    [
      ["expected-none", "The list of expected sets is empty.", () => trusting([]), { expect: "reference-values-missing" }],
      ["expected-left-out", "The trust file leaves the expected sets out.", () => trusting(undefined), { expect: "trust-value" }],
      ["expected-null", "The expected sets are null.", () => trusting(null), { expect: "trust-value" }],
      ["expected-empty-set", "The expected set is empty.", () => trusting([{}])],
      ["expected-pcr0-alone", "The expected set names PCR0 alone.", () => trusting([{ 0: value(0x10) }])],
      ["expected-value-null", "The expected value of PCR1 is null.", () => trusting([imageSet({ 1: null })])],
      ["expected-value-empty", "The expected value of PCR1 is an empty text.", () => trusting([imageSet({ 1: "" })])],
      ["expected-odd-digits", "The expected value of PCR0 has 95 digits.", () => trusting([imageSet({ 0: value(0x10).slice(1) })])],
      ["expected-64-digits", "The expected value of PCR0 has 64 digits.", () => trusting([imageSet({ 0: value(0x10).slice(32) })])],
      ["expected-pcr-32", "The expected set names a PCR32.", () => trusting([imageSet({ 32: value(1) })])],
      [
        "expected-zero",
        "The expected values of PCR0, PCR1 and PCR2 are zero.",
        () => trusting([ZEROS], holding({ 0: pcr(0), 1: pcr(0), 2: pcr(0) })),
        { expect: "trust-pcr-zero" },
      ],
      [
        "expected-pcr0-zero",
        "The expected value of PCR0 alone is zero, and debug is allowed.",
        () => trusting([imageSet({ 0: ZERO })], holding({ 0: pcr(0) }), { allowDebug: true }),
        { expect: "trust-pcr-zero" },
      ],
      [
        "expected-pcr16-zero",
        "The expected value of PCR16 is zero, which a register that was extended never is.",
        () => trusting([imageSet({ 16: ZERO })], holding({ 16: pcr(0) })),
        { expect: "trust-pcr-zero" },
      ],
      [
        "expected-pcr-missing",
        "The expected set names PCR5, and the document has no PCR5.",
        () => trusting([imageSet({ 5: value(5) })], lacking(5)),
        { expect: "measurement-mismatch", source: "CVE-2025-64186" },
      ],
      [
        "expected-zero-pcr-missing",
        "The expected value of PCR3 is zero, and the document has no PCR3.",
        () => trusting([imageSet({ 3: ZERO })], lacking(3)),
        { expect: "measurement-mismatch", source: "CVE-2025-64186" },
      ],
    ],
  ),
  ...group(
    "reject-38",
    {
      reason: "An accepted release is one whole set. PCR0 of one with PCR2 of another is an image that nobody released.",
      source: "RFC 9334 §8.5; CVE-2025-64186",
      expect: "measurement-mismatch",
    },
    [
      ["image-other", "The image is not the expected one.", () => holding({ 0: pcr(0xe0), 1: pcr(0xe1), 2: pcr(0xe2) })],
      ["image-pcr2-other", "PCR2 alone differs from the expected one.", () => holding({ 2: pcr(0xe2) })],
      ["image-last-byte", "The last byte of PCR0 differs from the expected one.", () => holding({ 0: pcr(0x10).with(47, 0x11) })],
      ["sets-mixed", "PCR0 and PCR1 are of one release, PCR2 of another.", () => trusting([imageSet(), second], holding({ 2: pcr(0xb2) }))],
      [
        "sets-mixed-signer",
        "The image is of one release, the signer in PCR8 of another.",
        () => trusting([imageSet({ 8: value(0xa8) }), { ...second, 8: value(0xb8) }], holding({ 8: pcr(0xb8) })),
      ],
      ["pcrs-permuted", "PCR0 and PCR1 have changed places.", () => holding({ 0: pcr(0x11), 1: pcr(0x10) })],
    ],
  ),
  ...group(
    "reject-39",
    {
      reason: "Who pins a signer, a role or an instance wants that one, not any. Zero means that there is none.",
      source: "CVE-2025-64186; AWS Nitro Enclaves user guide, PCR3, PCR4 and PCR8",
      expect: "measurement-mismatch",
    },
    [
      ["signer-missing", "A signer is pinned, and the document has no PCR8.", () => trusting([imageSet({ 8: value(8) })], lacking(8))],
      [
        "signer-zero",
        "A signer is pinned, and PCR8 is zero: the image was not signed.",
        () => trusting([imageSet({ 8: value(8) })], holding({ 8: pcr(0) })),
      ],
      [
        "role-zero",
        "A role is pinned, and PCR3 is zero: the instance has none.",
        () => trusting([imageSet({ 3: value(3) })], holding({ 3: pcr(0) })),
      ],
      [
        "instance-other",
        "An instance is pinned, and the document is of another.",
        () => trusting([imageSet({ 4: toHex(measured(OTHER_INSTANCE)) })]),
      ],
      [
        "instance-zero",
        "An instance is pinned, and PCR4 is zero.",
        () => trusting([imageSet({ 4: toHex(measured(INSTANCE_ID)) })], holding({ 4: pcr(0) })),
        { expect: "module-id-pcr4" },
      ],
      [
        "constitution-zero",
        "A value of PCR16 is pinned, and the document's is zero.",
        () => trusting([imageSet({ 16: value(16) })], holding({ 16: pcr(0) })),
      ],
    ],
  ),
  ...group(
    "reject-40",
    {
      reason:
        "Genuine documents tell alike, in five places, which enclave on which instance they are of. One that contradicts itself was put together.",
      source: "AWS Nitro Enclaves user guide, PCR4; public attestation documents of 2021 to 2026",
      expect: "module-id-leaf-name",
    },
    [
      [
        "module-id-of-qemu",
        "module_id has the form that QEMU's machine gives.",
        () => documentWith({ module_id: "i-234-enc5678" }),
        { expect: "module-id-form" },
      ],
      [
        "module-id-trailing",
        "A line end follows module_id.",
        () => documentWith({ module_id: `${MODULE_ID}\n` }),
        { expect: "module-id-form" },
      ],
      [
        "module-id-other-enclave",
        "module_id is of another enclave than the certificate's name.",
        () => documentWith({ module_id: `${INSTANCE_ID}-enc0123456789abcdee` }),
      ],
      [
        "module-id-other-instance",
        "module_id and PCR4 are of another instance than the certificates.",
        () => documentWith({ module_id: `${OTHER_INSTANCE}-enc0123456789abcdef`, pcrs: registers({ 4: measured(OTHER_INSTANCE) }) }),
      ],
      [
        "leaf-name-without-region",
        "The name of the document's certificate has no region.",
        () => documentUnder((p) => (p.leaf.subject = cn(`${MODULE_ID}.aws`))),
      ],
      [
        "leaf-name-longer",
        "The name of the document's certificate goes on behind .aws.",
        () => documentUnder((p) => (p.leaf.subject = cn(`${MODULE_ID}.${REGION}.aws.example`))),
      ],
      [
        "leaf-serial-other-enclave",
        "The serial number of the document's certificate is of another enclave.",
        () => documentUnder((p) => (p.leaf.serial = positive(leafSerial(NOW_MS - HOUR_MS).with(7, 0)))),
        { expect: "module-id-leaf-serial" },
      ],
      [
        "leaf-serial-other-time",
        "The serial number of the document's certificate is of another time than its beginning.",
        () => documentUnder((p) => (p.leaf.serial = positive(leafSerial(NOW_MS)))),
        { expect: "module-id-leaf-serial" },
      ],
      [
        "instance-name-other-instance",
        "The instance certificate is of another instance.",
        () => documentUnder((p) => (p.leaf.issuer = p.instance.subject = cn(`${OTHER_INSTANCE}.${REGION}.aws.nitro-enclaves`))),
        { expect: "module-id-instance-name" },
      ],
      [
        "instance-name-other-region",
        "The instance certificate is of another region than the document's.",
        () => documentUnder((p) => (p.leaf.issuer = p.instance.subject = cn(`${INSTANCE_ID}.us-east-1.aws.nitro-enclaves`))),
        { expect: "module-id-instance-name" },
      ],
      [
        "pcr4-other",
        "PCR4 is the measurement of another instance.",
        () => holding({ 4: measured(OTHER_INSTANCE) }),
        { expect: "module-id-pcr4" },
      ],
      ["pcr4-zero", "PCR4 is zero.", () => holding({ 4: pcr(0) }), { expect: "module-id-pcr4" }],
      ["pcr4-missing", "The document has no PCR4.", () => lacking(4), { expect: "module-id-pcr4" }],
      [
        "region-not-allowed",
        "The enclave ran in a region that the trust file does not name.",
        () => trusting([imageSet()], documentWith(), { regions: ["us-east-1", "eu-west-1"] }),
        { expect: "region-refused", source: "RFC 9334 §8.5" },
      ],
      [
        "regions-none",
        "The trust file names no region at all.",
        () => trusting([imageSet()], documentWith(), { regions: [] }),
        { expect: "region-refused", source: "RFC 9334 §8.5" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "A caller may ask to be told of contradictions instead. Then they stand in the verdict, which is not affirming.",
      source: "RFC 9334 §8.5",
      expect: ["inconsistent", "time-not-proved"],
    },
    [
      [
        "report-pcr4",
        "PCR4 is of another instance, and the caller asked for a report.",
        () => ({ bytes: holding({ 4: measured(OTHER_INSTANCE) }), consistency: "report" }),
      ],
      [
        "report-nothing",
        "Nothing contradicts itself, and the caller asked for a report.",
        () => ({ bytes: documentWith(), consistency: "report" }),
        { expect: ["time-not-proved"] },
      ],
      [
        "region-allowed",
        "The enclave ran in a region that the trust file names.",
        () => trusting([imageSet()], documentWith(), { regions: ["us-east-1", REGION] }),
        { expect: ["time-not-proved"] },
      ],
      [
        "debug-allowed",
        "Debug is allowed and expected, and the verdict says so first.",
        () => trusting([ZEROS], holding({ 0: pcr(0), 1: pcr(0), 2: pcr(0) }), { allowDebug: true }),
        { expect: ["debug", "time-not-proved"] },
      ],
    ],
  ),
];
