import { toHex } from "@caladrius/wire";
import { ascii, der, extension, hex, name, utcTime } from "../der.ts";
import { INSTANCE_ID, keyIdentifier, keyOf, makeChain, NOW_MS, OID, REGION, type CertificateParts } from "../test-pki.ts";
import { documentUnder, documentWith, HOUR_MS, replaceExtension, trustFile, type Edit } from "./base.ts";
import { group, type Input, type Vector } from "./vector.ts";

const under = (edit: Edit) => (): Uint8Array => documentUnder(edit);
const INSTANCE_NAME = [
  ["C", "US"],
  ["O", "Amazon"],
  ["OU", "AWS"],
  ["CN", `${INSTANCE_ID}.${REGION}.aws.nitro-enclaves`],
] as const;
const identifier = (parts: CertificateParts, value: string): void =>
  replaceExtension(parts, OID.authorityKeyIdentifier, extension(OID.authorityKeyIdentifier, false, hex(value)));
const ends = (text: string) => under((p) => (p.zonal.notAfter = der(0x17, ascii(text))));
/** A document under an edited root, which is the pinned one. */
function pinned(edit: Edit): Partial<Input> {
  const chain = makeChain(edit);
  return { bytes: documentWith({}, chain), trust: trustFile({}, chain.root) };
}
const expired = (place: "regional" | "zonal" | "instance") => under((p) => (p[place].notAfter = utcTime(NOW_MS - 1000)));

/** Rules 32 and 33: names, key identifiers and validity. */
export const NAMES: readonly Vector[] = [
  ...group(
    "reject-32",
    {
      reason:
        "Names of a chain are compared as DER bytes. AWS copies them, and every softer comparison has made two names equal that were not.",
      source: "RFC 5280 §6.1.3 (a)(4), §4.1.2.4",
      expect: "chain-name",
    },
    [
      [
        "issuer-other",
        "The issuer of the zonal certificate is not the regional authority's name.",
        under((p) => (p.zonal.issuer = p.zonal.subject)),
      ],
      [
        "issuer-string-type",
        "The issuer of the document's certificate has PrintableStrings where the subject above has UTF8Strings.",
        under((p) => (p.leaf.issuer = name(INSTANCE_NAME, 0x13))),
      ],
      [
        "issuer-order",
        "The issuer of the document's certificate has the attributes in the opposite order.",
        under((p) => (p.leaf.issuer = name(INSTANCE_NAME.toReversed()))),
      ],
      [
        "issuer-case",
        "The issuer of the document's certificate has other capitals.",
        under((p) => (p.leaf.issuer = name([["C", "US"], ["O", "AMAZON"], ["OU", "AWS"], INSTANCE_NAME[3]]))),
      ],
      [
        "name-twice",
        "The subject of the document's certificate has two common names.",
        under(
          (p) =>
            (p.leaf.subject = name([
              ["CN", "i-0fedcba9876543210"],
              ["CN", `${INSTANCE_ID}-enc0123456789abcdef.${REGION}.aws`],
            ])),
        ),
        { expect: "certificate-name" },
      ],
      [
        "name-nul",
        "The common name of the document's certificate holds a NUL.",
        under((p) => (p.leaf.subject = name([["CN", `${INSTANCE_ID}-enc0123456789abcdef.${REGION}.aws\u0000.example`]]))),
        { expect: "certificate-name", source: "CVE-2009-2408" },
      ],
      [
        "key-identifier-other",
        "The authority key identifier of the zonal certificate names another key.",
        under((p) => identifier(p.zonal, "30048002abcd")),
        { expect: "chain-key-identifier", source: "RFC 5280 §4.2.1.1" },
      ],
      [
        "key-identifier-shorter",
        "The authority key identifier is the beginning of the right one.",
        under((p) => identifier(p.zonal, `30158013${toHex(keyIdentifier("regional").subarray(0, 19))}`)),
        { expect: "chain-key-identifier", source: "RFC 5280 §4.2.1.1" },
      ],
      [
        "key-identifier-of-nothing",
        "The zonal certificate names a key of an issuer that has no identifier.",
        under((p) => replaceExtension(p.regional, OID.subjectKeyIdentifier)),
        { expect: "chain-key-identifier", source: "RFC 5280 §4.2.1.1" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "Names alone prove nothing: the key of the certificate above must have signed.",
      source: "RFC 5280 §6.1.3 (a)(1)",
      expect: "chain-signature",
    },
    [
      [
        "leaf-signed-by-zonal",
        "The zonal key signed the document's certificate in the name of the instance authority.",
        under((p) => (p.leaf.signer = keyOf("zonal"))),
      ],
      [
        "regional-self-signed",
        "The regional certificate was signed with its own key in the name of the root.",
        under((p) => (p.regional.signer = keyOf("regional"))),
      ],
      [
        "instance-changed",
        "One bit of the instance certificate's serial number was flipped after it was signed.",
        under((p) => (p.instance.finish = (certificate) => certificate.with(30, (certificate[30] ?? 0) ^ 1))),
      ],
    ],
  ),
  ...group(
    "reject-33",
    {
      reason: "Each certificate speaks for its own time. A chain is valid when all of them are, the root too, at the time of verification.",
      source: "AWS attestation_process.md §3.2.3.1; RFC 5280 §6.1.3 (a)(2)",
      expect: "chain-expired",
    },
    [
      [
        "leaf-expired",
        "The document's certificate has expired at the given time.",
        () => ({ bytes: documentWith(), timeMs: NOW_MS + 2 * HOUR_MS + 1 }),
      ],
      ["instance-expired", "The instance certificate has expired, the document's has not.", expired("instance")],
      ["zonal-expired", "The zonal certificate has expired, the document's has not.", expired("zonal")],
      ["regional-expired", "The regional certificate has expired, the document's has not.", expired("regional")],
      [
        "root-expired",
        "The pinned root has expired, the document's certificate has not.",
        () => pinned((p) => (p.root.notAfter = utcTime(NOW_MS - 1000))),
      ],
      [
        "instance-not-yet",
        "The instance certificate is not valid yet, the document's is.",
        under((p) => (p.instance.notBefore = utcTime(NOW_MS + 1000))),
        { expect: "chain-not-yet-valid" },
      ],
      [
        "leaf-not-yet",
        "The given time lies before the document's certificate, and so before the document.",
        () => ({ bytes: documentWith(), timeMs: NOW_MS - 2 * HOUR_MS }),
        { expect: "timestamp-future" },
      ],
    ],
  ),
  ...group(
    "reject-33",
    {
      reason: "Dates of this century are UTCTime with seconds and Z. A date that does not exist is read differently by every reader.",
      source: "RFC 5280 §4.1.2.5.1; Cantina audit of base/nitro-validator",
      expect: "certificate-time",
    },
    [
      ["time-generalized", "A date of 2027 is GeneralizedTime.", under((p) => (p.zonal.notAfter = der(0x18, ascii("20270301000000Z"))))],
      ["time-no-zone", "A time has no Z.", ends("270301000000")],
      ["time-offset", "A time has an offset instead of Z.", ends("270301000000+0000")],
      ["time-no-seconds", "A time has no seconds.", ends("2703010000Z")],
      ["time-30-february", "A date is 30 February.", ends("270230000000Z")],
      ["time-29-february", "A date is 29 February of a common year.", ends("270229000000Z")],
      ["time-hour-24", "An hour is 24.", ends("270301240000Z")],
      ["time-second-60", "A second is 60.", ends("270301235960Z")],
      [
        "time-turned",
        "The zonal certificate ends before it begins.",
        under((p) => ([p.zonal.notBefore, p.zonal.notAfter] = [p.zonal.notAfter, p.zonal.notBefore])),
        { expect: "certificate-validity-order", source: "RFC 5280 §4.1.2.5" },
      ],
    ],
  ),
];
