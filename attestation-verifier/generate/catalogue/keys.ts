import { ECDH } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { p384 } from "@noble/curves/nist.js";
import { encodeCbor } from "@caladrius/wire";
import { concat, der, hex, positive } from "../der.ts";
import { defaultFields, encodeFields } from "../test-document.ts";
import { ed25519TestKey, rsaTestKey, signFixed, spkiOf, testKey } from "../test-keys.ts";
import { makeChain, type CertificateParts } from "../test-pki.ts";
import { assemble, documentUnder, ES384, sigStructure, type Edit } from "./base.ts";
import { group, type Vector } from "./vector.ts";

const under = (edit: Edit) => (): Uint8Array => documentUnder(edit);
const point = (parts: CertificateParts): Uint8Array => parts.spki.slice(-97);
const spki = (algorithm: string, key: Uint8Array): Uint8Array => der(0x30, der(0x30, hex(algorithm)), der(0x03, hex("00"), key));
/** id-ecPublicKey with named curve secp384r1 */
const P384 = "06072a8648ce3d020106052b81040022";
const SHA384_WITH_RSA = hex("300d06092a864886f70d01010c0500");

/** A document whose own key is of another kind; r and s, if it gives such, fill 48 bytes each. */
function leafWith(key: KeyObject): Uint8Array {
  const chain = makeChain((parts) => (parts.leaf.spki = spkiOf(key)));
  const payload = encodeFields(defaultFields(chain));
  const short = signFixed(key, "sha384", sigStructure(ES384, payload), "compact");
  const half = (from: number): Uint8Array => concat(new Uint8Array(16), short.subarray(from, from + 32));
  return assemble({ payload: encodeCbor(payload), signature: encodeCbor(concat(half(0), half(32))) });
}

/** A zonal authority with a key of another kind, which issued the instance certificate with it. */
const zonalWith = (make: () => KeyObject, algorithm?: Uint8Array) => (): Uint8Array =>
  documentUnder((parts) => {
    const key = make();
    parts.zonal.spki = spkiOf(key);
    parts.instance.signer = key;
    if (algorithm !== undefined) parts.instance.innerAlgorithm = parts.instance.outerAlgorithm = algorithm;
  });

const lastBitFlipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
const compressed = (parts: CertificateParts): Uint8Array =>
  new Uint8Array(ECDH.convertKey(point(parts), "secp384r1", undefined, undefined, "compressed") as Buffer);
const hybrid = (parts: CertificateParts): Uint8Array => point(parts).with(0, 6 + ((parts.spki.at(-1) ?? 0) & 1));

/** Rules 29 and 30: keys and algorithms of certificates. */
export const KEYS: readonly Vector[] = [
  ...group(
    "reject-29",
    {
      reason:
        "Every key of the chain is an uncompressed point of the named curve P-384. Another curve or form is another strength, or a second encoding of one key.",
      source: "AWS attestation_process.md §2.1; RFC 5480 §2.1.1, §2.2",
      expect: "certificate-key",
    },
    [
      ["leaf-p256", "The document's key is on P-256, and its signature is good.", () => leafWith(testKey("P-256", "P-256"))],
      [
        "leaf-secp256k1",
        "The document's key is on secp256k1, and its signature is good.",
        () => leafWith(testKey("secp256k1", "secp256k1")),
      ],
      ["leaf-p521", "The document's key is on P-521.", under((p) => (p.leaf.spki = spkiOf(testKey("P-521", "P-521"))))],
      ["leaf-rsa", "The document's key is RSA.", under((p) => (p.leaf.spki = spkiOf(rsaTestKey("RSA"))))],
      ["leaf-ed25519", "The document's key is Ed25519.", under((p) => (p.leaf.spki = spkiOf(ed25519TestKey("Ed25519"))))],
      ["zonal-p256", "The zonal key is on P-256 and issued the instance certificate.", zonalWith(() => testKey("P-256", "P-256"))],
      [
        "zonal-secp256k1",
        "The zonal key is on secp256k1 and issued the instance certificate.",
        zonalWith(() => testKey("secp256k1", "secp256k1")),
      ],
      ["zonal-p521", "The zonal key is on P-521 and issued the instance certificate.", zonalWith(() => testKey("P-521", "P-521"))],
      ["zonal-rsa", "The zonal key is RSA and issued the instance certificate.", zonalWith(() => rsaTestKey("RSA"), SHA384_WITH_RSA)],
      [
        "point-compressed",
        "The document's key is the right point, compressed.",
        under((p) => (p.leaf.spki = spki(P384, compressed(p.leaf)))),
      ],
      ["point-hybrid", "The document's key is the right point in hybrid form.", under((p) => (p.leaf.spki = spki(P384, hybrid(p.leaf))))],
      ["point-infinity", "The document's key is the point at infinity.", under((p) => (p.leaf.spki = spki(P384, hex("00"))))],
      [
        "point-longer",
        "A zero byte follows the point of the document's key.",
        under((p) => (p.leaf.spki = spki(P384, concat(point(p.leaf), hex("00"))))),
        { source: "Cantina audit of base/nitro-validator" },
      ],
      [
        "curve-explicit",
        "The document's key states the parameters of P-384 instead of its name.",
        under((p) => (p.leaf.spki = spki(`06072a8648ce3d0201${Buffer.from(explicitP384()).toString("hex")}`, point(p.leaf)))),
        { source: "RFC 5480 §2.1.1; CVE-2020-0601" },
      ],
      [
        "key-for-agreement",
        "The document's key is for key agreement alone (id-ecDH).",
        under((p) => (p.leaf.spki = spki("06052b8104010c06052b81040022", point(p.leaf)))),
        { source: "RFC 5480 §2.1.2" },
      ],
      [
        "key-unused-bits",
        "The document's key declares an unused bit.",
        under((p) => (p.leaf.spki = der(0x30, der(0x30, hex(P384)), der(0x03, hex("01"), point(p.leaf))))),
      ],
    ],
  ),
  ...group(
    "reject-29",
    {
      reason: "A point that is not on the curve leads arithmetic to other, weaker groups; a coordinate beyond p is a second encoding.",
      source: "SEC 1 §3.2.2.1; Cantina audit of base/nitro-validator",
      expect: "document-signature",
    },
    [
      ["point-off-curve", "The document's key is not on the curve.", under((p) => (p.leaf.spki = lastBitFlipped(p.leaf.spki)))],
      [
        "point-beyond-p",
        "Both coordinates of the document's key are 2^384 - 1.",
        under((p) => (p.leaf.spki = spki(P384, concat(hex("04"), new Uint8Array(96).fill(0xff))))),
      ],
      [
        "point-off-curve-zonal",
        "The zonal key is not on the curve.",
        under((p) => (p.zonal.spki = lastBitFlipped(p.zonal.spki))),
        { expect: "chain-signature" },
      ],
    ],
  ),
  ...group(
    "reject-30",
    {
      reason: "Certificates of the chain are signed with ecdsa-with-SHA384. The algorithm stands twice, alike, and without parameters.",
      source: "RFC 5280 §4.1.1.2, §4.1.2.3; RFC 5758 §3.2",
      expect: "certificate-algorithm",
    },
    [
      [
        "algorithm-inner-other",
        "The algorithm inside the zonal certificate is SHA-256, outside SHA-384.",
        under((p) => (p.zonal.innerAlgorithm = SHA256)),
      ],
      [
        "algorithm-outer-other",
        "The algorithm outside the zonal certificate is SHA-256, inside SHA-384.",
        under((p) => (p.zonal.outerAlgorithm = SHA256)),
      ],
      [
        "algorithm-sha256",
        "The zonal certificate was signed with SHA-256 and says so.",
        under((p) => ((p.zonal.innerAlgorithm = p.zonal.outerAlgorithm = SHA256), (p.zonal.hash = "sha256"))),
      ],
      [
        "algorithm-sha1",
        "The zonal certificate was signed with SHA-1 and says so.",
        under((p) => ((p.zonal.innerAlgorithm = p.zonal.outerAlgorithm = SHA1), (p.zonal.hash = "sha1"))),
      ],
      [
        "algorithm-null",
        "The algorithm of the zonal certificate has NULL for parameters.",
        under((p) => (p.zonal.innerAlgorithm = p.zonal.outerAlgorithm = hex("300c06082a8648ce3d0403030500"))),
      ],
      [
        "algorithm-trailing",
        "An INTEGER is hidden behind the object identifier of the algorithm.",
        under((p) => (p.zonal.innerAlgorithm = p.zonal.outerAlgorithm = hex("300d06082a8648ce3d040303020100"))),
        { source: "Cantina audit of base/nitro-validator" },
      ],
    ],
  ),
];

/** SpecifiedECDomain of P-384 (SEC 1 §C.2). */
function explicitP384(): Uint8Array {
  const { p, a, b, n, Gx, Gy } = p384.Point.CURVE();
  const bytes = (value: bigint): Uint8Array => hex(value.toString(16).padStart(96, "0"));
  const field = der(0x30, hex("06072a8648ce3d0101"), positive(bytes(p)));
  const curve = der(0x30, der(0x04, bytes(a)), der(0x04, bytes(b)));
  return der(0x30, hex("020101"), field, curve, der(0x04, hex("04"), bytes(Gx), bytes(Gy)), positive(bytes(n)), hex("020101"));
}

const SHA1 = hex("300906072a8648ce3d0401");
const SHA256 = hex("300a06082a8648ce3d040302");
