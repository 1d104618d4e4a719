import { encodePemCertificate } from "../../trust/pem.ts";
import { ascii, concat, der, hex, positive } from "../der.ts";
import { OID, type CertificateParts } from "../test-pki.ts";
import { documentUnder, rawExtension, replaceExtension, UNKNOWN_EXTENSION, type Edit } from "./base.ts";
import { group, type Vector } from "./vector.ts";

const under = (edit: Edit) => (): Uint8Array => documentUnder(edit);
const finished = (place: "zonal" | "leaf", finish: (certificate: Uint8Array) => Uint8Array) => (): Uint8Array =>
  documentUnder((parts) => (parts[place].finish = finish));
/** An element of fewer than 128 bytes with its length in two bytes. */
const longForm = (element: Uint8Array): Uint8Array => concat(element.subarray(0, 1), hex("81"), element.subarray(1));
/** A constructed element with an indefinite length (X.690 §8.1.3.6). */
const indefinite = (element: Uint8Array, head: number): Uint8Array =>
  concat(element.subarray(0, 1), hex("80"), element.subarray(head), hex("0000"));
const constraints = (parts: CertificateParts, by: Uint8Array): void => replaceExtension(parts, OID.basicConstraints, by);
/** Another Ecdsa-Sig-Value made of the good r and s. */
const resigned =
  (change: (r: Uint8Array, s: Uint8Array) => Uint8Array) =>
  (bits: Uint8Array): Uint8Array => {
    const r = bits.subarray(3, 5 + (bits[4] ?? 0));
    return concat(hex("00"), change(r, bits.subarray(3 + r.length)));
  };

/** Rule 31: certificates are DER to their last byte. */
export const DER_FORM: readonly Vector[] = [
  ...group(
    "reject-31",
    {
      reason:
        "DER gives each certificate exactly one encoding. Bytes that a reader passes over are bytes in which two readers differ, and a certificate of other bytes escapes lists keyed on them.",
      source: "RFC 5280 §4.1; X.690 §10; Cantina audit of base/nitro-validator",
      expect: "certificate-der",
    },
    [
      [
        "der-trailing-leaf",
        "A zero byte follows the document's certificate.",
        finished("leaf", (certificate) => concat(certificate, hex("00"))),
      ],
      ["der-indefinite", "The zonal certificate is of indefinite length.", finished("zonal", (certificate) => indefinite(certificate, 4))],
      [
        "der-long-length",
        "The length of the zonal certificate takes one byte more than it needs.",
        finished("zonal", (certificate) => concat(hex("308300"), certificate.subarray(2))),
      ],
      ["der-pem", "The zonal certificate is PEM.", finished("zonal", (certificate) => ascii(encodePemCertificate(certificate)))],
      [
        "der-indefinite-subject",
        "The subject inside the signed part is of indefinite length.",
        under((p) => (p.leaf.subject = indefinite(p.leaf.subject, 2))),
      ],
      ["der-long-serial", "The length of the serial number takes two bytes.", under((p) => (p.zonal.serial = longForm(p.zonal.serial)))],
      [
        "der-version-hidden",
        "A NULL is hidden behind the version inside its wrapper.",
        under((p) => (p.zonal.version = hex("a0050201020500"))),
      ],
      ["der-behind-extensions", "A NULL is hidden behind the extensions.", under((p) => (p.zonal.tbsTail = hex("0500")))],
      [
        "der-behind-constraints",
        "A NULL is hidden behind the basic constraints inside their value.",
        under((p) => constraints(p.zonal, rawExtension(OID.basicConstraints, true, "30060101ff0201010500"))),
      ],
      [
        "der-boolean-01",
        "CA:TRUE is written as 01 instead of FF.",
        under((p) => constraints(p.zonal, rawExtension(OID.basicConstraints, true, "3006010101020101"))),
        { source: "X.690 §11.1" },
      ],
      [
        "der-critical-false",
        "An extension writes out that it is not critical, which is the default.",
        under((p) => p.zonal.extensions.push(der(0x30, der(0x06, hex(UNKNOWN_EXTENSION)), hex("010100"), der(0x04, hex("3000"))))),
        { source: "X.690 §11.5" },
      ],
      [
        "der-authority-false",
        "The document's certificate writes out CA:FALSE, which is the default.",
        under((p) => constraints(p.leaf, rawExtension(OID.basicConstraints, true, "3003010100"))),
        { source: "X.690 §11.5" },
      ],
      [
        "der-key-hidden",
        "A NULL is hidden behind the document's key inside SubjectPublicKeyInfo.",
        under((p) => (p.leaf.spki = der(0x30, p.leaf.spki.subarray(2), hex("0500")))),
        { expect: "certificate-key" },
      ],
      [
        "der-key-algorithm-hidden",
        "A NULL is hidden behind the curve of the document's key.",
        under(
          (p) => (p.leaf.spki = der(0x30, hex("301206072a8648ce3d020106052b810400220500"), der(0x03, hex("00"), p.leaf.spki.slice(-97)))),
        ),
        { expect: "certificate-key" },
      ],
      [
        "serial-padded",
        "The serial number has a zero byte before it.",
        under((p) => (p.zonal.serial = hex("02020001"))),
        { expect: "certificate-serial", source: "X.690 §8.3.2" },
      ],
      [
        "serial-negative",
        "The serial number is negative.",
        under((p) => (p.zonal.serial = hex("020180"))),
        { expect: "certificate-serial", source: "RFC 5280 §4.1.2.2" },
      ],
      [
        "serial-21-bytes",
        "The serial number has 21 bytes.",
        under((p) => (p.zonal.serial = positive(new Uint8Array(21).fill(1)))),
        { expect: "certificate-serial", source: "RFC 5280 §4.1.2.2" },
      ],
    ],
  ),
  ...group(
    "reject-31",
    {
      reason:
        "The signature of a certificate is DER of two positive integers. It is not covered by itself, so every second form of it is a second certificate.",
      source: "RFC 3279 §2.2.3; X.690 §8.3.2, §10; CVE-2014-8275",
      expect: "certificate-signature",
    },
    [
      [
        "certificate-signature-trailing",
        "A zero byte follows the signature inside its BIT STRING.",
        under((p) => (p.zonal.finishSignature = (bits) => concat(bits, hex("00")))),
      ],
      [
        "certificate-signature-unused-bits",
        "The signature declares an unused bit.",
        under((p) => (p.zonal.finishSignature = (bits) => bits.with(0, 1))),
      ],
      [
        "certificate-signature-padded",
        "r has a zero byte more than it needs.",
        under((p) => (p.zonal.finishSignature = resigned((r, s) => der(0x30, der(0x02, hex("00"), r.subarray(2)), s)))),
      ],
      [
        "certificate-signature-zero",
        "r and s of a certificate are zero.",
        under((p) => (p.zonal.finishSignature = resigned(() => hex("3006020100020100")))),
      ],
      [
        "certificate-signature-long-form",
        "The length of the signature takes one byte more than it needs.",
        under((p) => (p.zonal.finishSignature = resigned((r, s) => longForm(der(0x30, r, s))))),
        { expect: "certificate-der" },
      ],
    ],
  ),
];
