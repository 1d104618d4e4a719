import { encodeCbor, type CborValue } from "@caladrius/wire";
import { concat, hex } from "../der.ts";
import { encodeFields } from "../test-document.ts";
import { pcr } from "../test-pki.ts";
import { documentWith, payloadOf, payloadWithMore, registers, usualChain } from "./base.ts";
import { group, type Row, type Vector } from "./vector.ts";

const otherImage = (): CborValue => registers({ 0: pcr(0xe0), 1: pcr(0xe1), 2: pcr(0xe2) });
/** The payload with one more entry behind the good ones. */
const behind = (name: string, value: CborValue): Uint8Array => payloadWithMore(encodeCbor(name), encodeCbor(value));
/** The payload with one more entry before the good ones. */
const before = (name: string, value: CborValue): Uint8Array =>
  payloadOf((fields) => concat(hex("bf"), encodeCbor(name), encodeCbor(value), encodeFields(fields).subarray(1)));
/** The payload with registers written as raw entries. */
const rawPcrs = (...entries: readonly (readonly [string, Uint8Array])[]): Uint8Array =>
  payloadOf(({ pcrs: _, ...fields }) => {
    const map = concat(Uint8Array.of(0xa0 | entries.length), ...entries.flatMap(([index, value]) => [hex(index), encodeCbor(value)]));
    return concat(encodeFields(fields).slice(0, -1), encodeCbor("pcrs"), map, hex("ff"));
  });
const imageEntries: readonly (readonly [string, Uint8Array])[] = [...registers()]
  .slice(1)
  .map(([index, value]) => [index.toString(16).padStart(2, "0"), value as Uint8Array]);
const without = (name: string): Uint8Array =>
  payloadOf((fields) => encodeFields(Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name))));
const REQUIRED = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"] as const;

/** Rules 11 to 14: the payload map and its keys. */
export const PAYLOAD: readonly Vector[] = [
  ...group(
    "reject-11",
    {
      reason:
        "The signed bytes are one map. What stands behind it or around it is signed, too, and means something else to every other reader.",
      source: "RFC 8949 §5.1; Cantina audit of base/nitro-validator",
      expect: "payload-cbor",
    },
    [
      ["payload-array", "The payload is an array of the same values.", () => payloadOf((fields) => encodeCbor(Object.values(fields)))],
      [
        "payload-nested-bytes",
        "The payload map stands in one more byte string.",
        () => payloadOf((fields) => encodeCbor(encodeFields(fields))),
      ],
      [
        "payload-trailing-byte",
        "A zero byte follows the map inside the payload.",
        () => payloadOf((fields) => concat(encodeFields(fields), hex("00"))),
      ],
      [
        "payload-second-map",
        "A second map follows the map inside the payload.",
        () => payloadOf((fields) => concat(encodeFields(fields, false), encodeFields({ ...fields, pcrs: otherImage() }, false))),
      ],
      [
        "payload-break-missing",
        "The break of the indefinite map is missing.",
        () => payloadOf((fields) => encodeFields(fields).slice(0, -1)),
      ],
      ["payload-odd-entries", "The break comes after a key, before its value.", () => payloadWithMore(encodeCbor("later"))],
      [
        "payload-count-too-high",
        "The definite map declares one entry more than it has.",
        () => payloadOf((f) => encodeFields(f, false).with(0, 0xaa)),
      ],
      [
        "payload-self-described",
        "Tag 55799 stands around the map.",
        () => payloadOf((fields) => concat(hex("d9d9f7"), encodeFields(fields))),
      ],
    ],
  ),
  ...group(
    "reject-12",
    {
      reason: "Readers differ on which of two equal keys counts, so one document would say two things.",
      source: "RFC 8949 §5.6; Cantina audit of base/nitro-validator",
      expect: "payload-cbor",
    },
    [
      ["pcrs-good-then-other", "pcrs stands twice, the good registers first.", () => behind("pcrs", otherImage())],
      ["pcrs-other-then-good", "pcrs stands twice, the good registers last.", () => before("pcrs", otherImage())],
      [
        "module-id-good-then-other",
        "module_id stands twice, the good one first.",
        () => behind("module_id", "i-0fedcba9876543210-enc0fedcba987654321"),
      ],
      [
        "module-id-other-then-good",
        "module_id stands twice, the good one last.",
        () => before("module_id", "i-0fedcba9876543210-enc0fedcba987654321"),
      ],
      [
        "certificate-twice",
        "certificate stands twice, the instance certificate behind the good one.",
        () => behind("certificate", usualChain().cabundle[3] ?? null),
      ],
      ["digest-twice-equal", "digest stands twice with the same value.", () => behind("digest", "SHA384")],
      [
        "duplicate-in-definite-map",
        "pcrs stands twice in a map of definite length.",
        () => payloadOf((fields) => concat(encodeFields(fields, false).with(0, 0xaa), encodeCbor("pcrs"), encodeCbor(otherImage()))),
      ],
      [
        "duplicate-long-key",
        "pcrs stands twice, the second time with a head that is not the shortest.",
        () => payloadWithMore(hex("780470637273"), encodeCbor(otherImage())),
      ],
      [
        "duplicate-chunked-key",
        "pcrs stands twice, the second time as a text in chunks.",
        () => payloadWithMore(hex("7f627063627273ff"), encodeCbor(otherImage())),
      ],
      [
        "duplicate-unknown-key",
        "A key that nobody knows stands twice.",
        () => payloadWithMore(...["later", "later"].flatMap((key) => [encodeCbor(key), hex("01")])),
      ],
    ],
  ),
  ...group(
    "reject-13",
    {
      reason: "One register has one value. With two, each reader picks another.",
      source: "RFC 8949 §5.6; Cantina audit of base/nitro-validator",
      expect: "payload-cbor",
    },
    [
      [
        "pcr-good-then-other",
        "PCR0 stands twice, the good value first.",
        () => rawPcrs(["00", pcr(0x10)], ...imageEntries, ["00", pcr(0xe0)]),
      ],
      [
        "pcr-other-then-good",
        "PCR0 stands twice, the good value last.",
        () => rawPcrs(["00", pcr(0xe0)], ...imageEntries, ["00", pcr(0x10)]),
      ],
      ["pcr-twice-equal", "PCR0 stands twice with the same value.", () => rawPcrs(["00", pcr(0x10)], ...imageEntries, ["00", pcr(0x10)])],
      [
        "pcr-second-encoding",
        "PCR0 stands twice, its index in one byte and in two.",
        () => rawPcrs(["00", pcr(0x10)], ...imageEntries, ["1800", pcr(0xe0)]),
      ],
    ],
  ),
  ...group(
    "reject-14",
    {
      reason:
        "Every document has this field. Verifiers that skipped a check because its field was absent accepted documents that nobody had signed.",
      source: "AWS attestation_process.md §3.2.2.1; world-chain#1049",
      expect: "payload-field-missing",
    },
    REQUIRED.flatMap((name): Row[] => [
      [`${name.replace("_", "-")}-missing`, `${name} is missing.`, () => without(name)],
      [`${name.replace("_", "-")}-null`, `${name} is null.`, () => documentWith({ [name]: null })],
    ]),
  ),
];
