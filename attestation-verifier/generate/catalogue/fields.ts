import { encodeCbor, type CborValue } from "@caladrius/wire";
import { ascii, concat, hex } from "../der.ts";
import { encodeFields, signDocument } from "../test-document.ts";
import { NOW_MS, pcr } from "../test-pki.ts";
import { documentWith, payloadOf, payloadWithMore, payloadWithRaw, registers, usualChain } from "./base.ts";
import { group, type Vector } from "./vector.ts";

const withPcrs = (pcrs: CborValue): Uint8Array => documentWith({ pcrs });
const certificateText = (): string => Buffer.from(usualChain().certificate).toString("base64").slice(0, 1000);
/** Registers 0 to 15 of one length. */
const sized = (bytes: number): Map<number, CborValue> =>
  new Map(Array.from({ length: 16 }, (_, index) => [index, new Uint8Array(bytes).fill(0x10 + index)]));
const unknown = (value: string): Uint8Array => payloadWithMore(encodeCbor("later"), hex(value));
const keyed = (encode: (index: number) => Uint8Array): Uint8Array => {
  const entries = [...registers()].flatMap(([index, value]) => [encode(index), encodeCbor(value)]);
  return payloadWithRaw("pcrs", concat(hex("b0"), ...entries));
};

/** Rules 15 to 20: types, values and limits of fields. */
export const FIELDS: readonly Vector[] = [
  ...group(
    "reject-15",
    {
      reason: "Each field has one type. What is converted on the way is not what was signed.",
      source: "AWS attestation_process.md §3.2.2.2",
      expect: "payload-field-type",
    },
    [
      ["pcr-index-text", "The PCR indexes are texts.", () => keyed((index) => encodeCbor(`${index}`)), { expect: "payload-pcrs" }],
      ["pcr-index-negative", "One PCR index is -1.", () => withPcrs(registers({ [-1]: pcr(1) })), { expect: "payload-pcrs" }],
      [
        "pcr-value-text",
        "PCR0 is a text of 48 characters.",
        () => withPcrs(new Map<number, CborValue>([...registers(), [0, "0".repeat(48)]])),
        { expect: "payload-pcrs" },
      ],
      ["pcrs-array", "pcrs is an array.", () => withPcrs([...registers().values()])],
      ["certificate-text", "certificate is a text.", () => documentWith({ certificate: certificateText() })],
      ["cabundle-bytes", "cabundle is one byte string.", () => documentWith({ cabundle: usualChain().cabundle[0] ?? null })],
      [
        "module-id-bytes",
        "module_id is a byte string.",
        () => documentWith({ module_id: ascii("i-0123456789abcdef0-enc0123456789abcdef") }),
      ],
      ["nonce-text", "nonce is a text.", () => documentWith({ nonce: "0123456789abcdef" })],
      ["nonce-undefined", "nonce is the simple value undefined.", () => payloadWithRaw("nonce", hex("f7")), { expect: "payload-cbor" }],
      ["timestamp-text", "timestamp is a text.", () => documentWith({ timestamp: `${NOW_MS}` })],
      [
        "timestamp-bignum",
        "timestamp is a bignum under tag 2.",
        () => payloadWithRaw("timestamp", hex(`c246${NOW_MS.toString(16).padStart(12, "0")}`)),
        { expect: "payload-cbor" },
      ],
      [
        "timestamp-float",
        "timestamp is a float of the right value.",
        () => payloadWithRaw("timestamp", float(NOW_MS)),
        { expect: "payload-cbor" },
      ],
      [
        "timestamp-nan",
        "timestamp is not a number.",
        () => payloadWithRaw("timestamp", hex("fb7ff8000000000000")),
        { expect: "payload-cbor" },
      ],
      ["timestamp-zero", "timestamp is 0.", () => documentWith({ timestamp: 0 }), { expect: "payload-field-limit" }],
      ["timestamp-negative", "timestamp is negative.", () => documentWith({ timestamp: -1 }), { expect: "payload-field-limit" }],
      [
        "timestamp-beyond-dates",
        "timestamp is 2^53 - 1.",
        () => documentWith({ timestamp: 2 ** 53 - 1 }),
        { expect: "payload-field-limit" },
      ],
      ["key-number", "One key of the payload is a number.", () => payloadWithMore(hex("01"), hex("01")), { expect: "payload-cbor" }],
    ],
  ),
  ...group(
    "reject-16",
    {
      reason: "NSM has the registers 0 to 31. A test of the count instead of the index lets others through.",
      source: "AWS attestation_process.md §3.2.2.2; Cantina audit of base/nitro-validator",
      expect: "payload-pcrs",
    },
    [
      ["pcr-32", "There is a PCR32.", () => withPcrs(registers({ 32: pcr(0x20) }))],
      [
        "pcr-2-to-32",
        "There is a PCR of index 2^32, which 32-bit arithmetic makes 0.",
        () => withPcrs(new Map<number, CborValue>([...registers(), [2 ** 32, pcr(0xe0)]])),
      ],
      [
        "pcrs-33",
        "There are 33 PCRs.",
        () => withPcrs(registers({ 3: pcr(0), ...Object.fromEntries(Array.from({ length: 28 }, (_, i) => [i + 5, pcr(0)])) })),
      ],
      ["pcrs-none", "There are no PCRs.", () => withPcrs(new Map())],
    ],
  ),
  ...group(
    "reject-17",
    {
      reason: "SHA-384 gives 48 bytes, and the document says that its registers are SHA-384.",
      source: "AWS attestation_process.md §2.2; FIPS 180-4 §1",
      expect: "payload-pcrs",
    },
    [
      ["pcrs-32-bytes", "Every PCR has 32 bytes.", () => withPcrs(sized(32))],
      ["pcrs-64-bytes", "Every PCR has 64 bytes.", () => withPcrs(sized(64))],
      ["pcr-47-bytes", "One PCR has 47 bytes.", () => withPcrs(registers({ 5: new Uint8Array(47) }))],
      ["pcr-49-bytes", "PCR0 has a zero byte more.", () => withPcrs(registers({ 0: concat(pcr(0x10), hex("00")) }))],
      ["pcr-one-of-32-bytes", "One PCR has 32 bytes, the others 48.", () => withPcrs(registers({ 8: new Uint8Array(32) }))],
    ],
  ),
  ...group(
    "reject-18",
    {
      reason: "AWS's documents say SHA384, in this spelling. Another digest would make the same image other measurements.",
      source: "AWS attestation_process.md §3.2.2.2",
      expect: "payload-digest",
    },
    [
      ["digest-sha256", "digest is SHA256, with PCRs of 48 bytes.", () => documentWith({ digest: "SHA256" })],
      ["digest-sha512", "digest is SHA512.", () => documentWith({ digest: "SHA512" })],
      ["digest-lower-case", "digest is sha384.", () => documentWith({ digest: "sha384" })],
      ["digest-hyphen", "digest is SHA-384.", () => documentWith({ digest: "SHA-384" })],
    ],
  ),
  ...group(
    "reject-19",
    {
      reason:
        "EC2 NitroTPM documents chain to the same root, but attest a whole instance, and the holder of the instance can extend registers of his choice.",
      source: "GHSA-xrv8-2pf5-f3q7; AWS NitroTPM attestation document",
      expect: "payload-nitrotpm",
    },
    [
      [
        "nitrotpm-instead",
        "nitrotpm_pcrs stands in the place of pcrs.",
        () => payloadOf(({ pcrs, ...fields }) => encodeFields({ ...fields, nitrotpm_pcrs: pcrs ?? null })),
      ],
      ["nitrotpm-beside", "nitrotpm_pcrs stands beside pcrs.", () => documentWith({ nitrotpm_pcrs: registers() })],
      ["nitrotpm-null", "nitrotpm_pcrs stands beside pcrs and is null.", () => documentWith({ nitrotpm_pcrs: null })],
    ],
  ),
  ...group(
    "reject-20",
    {
      reason: "The limits are part of the format. What exceeds them was not made by NSM, and may be made to exhaust the reader.",
      source: "AWS attestation_process.md §3.2.2.2",
      expect: "payload-field-limit",
    },
    [
      ["user-data-513", "user_data has 513 bytes.", () => documentWith({ user_data: new Uint8Array(513) })],
      ["nonce-513", "nonce has 513 bytes.", () => documentWith({ nonce: new Uint8Array(513) })],
      ["public-key-1025", "public_key has 1025 bytes.", () => documentWith({ public_key: new Uint8Array(1025) })],
      ["module-id-empty", "module_id is empty.", () => documentWith({ module_id: "" })],
      ["module-id-huge", "module_id has 4000 characters.", () => documentWith({ module_id: "i".repeat(4000) })],
      ["certificate-empty", "certificate is empty.", () => documentWith({ certificate: hex("") })],
      ["certificate-1025", "certificate has 1025 bytes.", () => documentWith({ certificate: new Uint8Array(1025) })],
      [
        "payload-16385",
        "The payload has 16385 bytes, one more than the limit.",
        () => signDocument(new Uint8Array(16_385).fill(0xf6), usualChain().leafKey),
        { expect: "envelope-size", source: "AWS attestation_process.md §3.1" },
      ],
    ],
  ),
  ...group(
    "reject-20",
    {
      reason:
        "Counts and lengths are claims of the sender. Each is compared with the bytes that are left before anything is allocated, and depth has a limit.",
      source: "RFC 8949 §10; Cantina audit of base/nitro-validator",
      expect: "payload-cbor",
    },
    [
      ["nested-arrays", "A field that nobody knows holds 6000 arrays in each other.", () => unknown("81".repeat(6000) + "00")],
      ["nested-open-arrays", "A field that nobody knows opens 6000 indefinite arrays.", () => unknown("9f".repeat(6000))],
      ["array-giant", "An array declares 2^48 elements.", () => unknown("9b0001000000000000")],
      ["map-giant", "A map declares 2^32 - 1 entries.", () => unknown("baffffffff")],
      ["bytes-giant", "A byte string declares 2^53 - 1 bytes.", () => unknown("5b001fffffffffffff")],
      ["pcrs-giant", "pcrs declares 2^32 - 1 entries.", () => payloadWithRaw("pcrs", hex("baffffffff"))],
      ["items-thousands", "A field that nobody knows holds 4000 small numbers.", () => unknown(`990fa0${"00".repeat(4000)}`)],
    ],
  ),
  ...group(
    "reject-20",
    {
      reason:
        "AWS writes every item in its shortest form, texts as UTF-8 and strings in one piece. A second encoding of one value is a second document.",
      source: "RFC 8949 §4.2.1, §5.3.1",
      expect: "payload-cbor",
    },
    [
      ["text-bad-utf8", "A text is not UTF-8.", () => unknown("62c328")],
      [
        "text-chunked",
        "module_id comes in chunks.",
        () =>
          payloadWithRaw("module_id", concat(hex("7f"), encodeCbor("i-0123456789abcdef0"), encodeCbor("-enc0123456789abcdef"), hex("ff"))),
      ],
      [
        "bytes-chunked",
        "certificate comes in chunks.",
        () =>
          payloadWithRaw(
            "certificate",
            concat(hex("5f"), encodeCbor(usualChain().certificate.slice(0, 9)), encodeCbor(usualChain().certificate.slice(9)), hex("ff")),
          ),
      ],
      ["integer-long", "A number takes nine bytes where one would do.", () => unknown("1b0000000000000001")],
      [
        "bytes-long-head",
        "The length of PCR0 takes two bytes more than it needs.",
        () =>
          payloadWithRaw(
            "pcrs",
            concat(
              hex("b0"),
              ...[...registers()].flatMap(([index, value]) => [
                encodeCbor(index),
                index === 0 ? concat(hex("590030"), pcr(0x10)) : encodeCbor(value),
              ]),
            ),
          ),
      ],
      [
        "tag-inside",
        "certificate carries tag 24.",
        () => payloadWithRaw("certificate", concat(hex("d818"), encodeCbor(usualChain().certificate))),
      ],
    ],
  ),
];

function float(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xfb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}
