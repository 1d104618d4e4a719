import { ECDH, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ascii, concat, der, extension, hex, name, positive, utcTime } from "../generate/der.ts";
import { makeDocument } from "../generate/test-document.ts";
import { twinOf } from "../generate/test-keys.ts";
import {
  basicConstraints,
  keyOf,
  leafSerial,
  makeCertificate,
  makeChain,
  MODULE_ID,
  NOW_MS,
  OID,
  REGION,
  spkiOf,
  type CertificateParts,
  type Place,
} from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustAnchor } from "./anchor.ts";
import { verifyEvidence } from "./verify-evidence.ts";

type Edit = (parts: Record<Place, CertificateParts>) => void;

async function verdictOf(edit: Edit): Promise<string> {
  const { bytes, root } = makeDocument({ chain: makeChain(edit) });
  return outcome(bytes, root);
}

async function outcome(bytes: Uint8Array, root: Uint8Array): Promise<string> {
  try {
    await verifyEvidence(bytes, { anchors: [parseTrustAnchor(root)], mode: { kind: "archived", atMs: null, nonce: null }, signatures });
    return "accepted";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const replaceExtension = (parts: CertificateParts, oid: string, ...by: Uint8Array[]): void => {
  const wanted = Buffer.from(der(0x06, hex(oid)));
  parts.extensions = [...parts.extensions.filter((one) => !Buffer.from(one).includes(wanted)), ...by];
};
const usage = (parts: CertificateParts, critical: boolean, value: string): void =>
  replaceExtension(parts, OID.keyUsage, extension(OID.keyUsage, critical, hex(value)));
const constraints = (parts: CertificateParts, ...by: Uint8Array[]): void => replaceExtension(parts, OID.basicConstraints, ...by);
const point = (parts: CertificateParts): Uint8Array => parts.spki.subarray(parts.spki.length - 97);
const spki = (curve: string, key: Uint8Array): Uint8Array =>
  der(0x30, der(0x30, hex("06072a8648ce3d0201"), hex(curve)), der(0x03, Uint8Array.of(0), key));
const attribute = (type: string, value: Uint8Array): Uint8Array => der(0x31, der(0x30, der(0x06, hex(type)), der(0x0c, value)));
/** A name of one attribute with any type and any value. */
const oddName = (type: Uint8Array, tag: number, value: Uint8Array): Uint8Array =>
  der(0x30, der(0x31, der(0x30, der(0x06, type), der(tag, value))));
const P384 = "06052b81040022";
const lastByteFlipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
const HOUR = 3_600_000;

describe("a chain in AWS's shape", () => {
  it("is accepted", async () => {
    expect(await verdictOf(() => {})).toBe("accepted");
  });

  it.each<[string, Edit]>([
    [
      "instance certificate without key identifiers",
      (p) => (replaceExtension(p.instance, OID.authorityKeyIdentifier), replaceExtension(p.instance, OID.subjectKeyIdentifier)),
    ],
    ["leaf key usage marked critical", (p) => usage(p.leaf, true, "030206c0")],
    [
      "leaf window of 3 h and 3 s, issued 3 s after notBefore",
      (p) => ((p.leaf.serial = positive(leafSerial(NOW_MS - HOUR + 3000))), (p.leaf.notAfter = utcTime(NOW_MS + 2 * HOUR + 3000))),
    ],
    ["an unknown extension that is not critical", (p) => p.zonal.extensions.push(extension("551d1f", false, hex("3000")))],
    [
      "an organisation beyond ASCII",
      (p) =>
        (p.regional.issuer =
          p.root.subject =
          p.root.issuer =
            der(0x30, attribute("55040a", hex("c3a9")), attribute("550403", ascii("root")))),
    ],
    ["an end on 29 February of a leap year", (p) => (p.zonal.notAfter = der(0x17, ascii("280229000000Z")))],
    ["an end on 30 April", (p) => (p.zonal.notAfter = der(0x17, ascii("270430000000Z")))],
    ["another order of extensions", (p) => (p.regional.extensions = p.regional.extensions.toReversed())],
  ])("is accepted with %s", async (_, edit) => {
    expect(await verdictOf(edit)).toBe("accepted");
  });
});

describe("certificates that break a rule", () => {
  it.each<[string, string, Edit]>([
    // constraints (25, 26)
    [
      "zonal without CA:TRUE",
      "certificate-basic-constraints",
      (p) => constraints(p.zonal, extension(OID.basicConstraints, true, hex("3000"))),
    ],
    ["zonal without basic constraints", "certificate-basic-constraints", (p) => constraints(p.zonal)],
    [
      "zonal with basic constraints that are not critical",
      "certificate-basic-constraints",
      (p) => constraints(p.zonal, extension(OID.basicConstraints, false, hex("30060101ff020101"))),
    ],
    [
      "leaf with CA:TRUE",
      "certificate-basic-constraints",
      (p) => constraints(p.leaf, extension(OID.basicConstraints, true, hex("30030101ff"))),
    ],
    ["leaf without basic constraints", "certificate-basic-constraints", (p) => constraints(p.leaf)],
    [
      "root without CA:TRUE",
      "certificate-basic-constraints",
      (p) => constraints(p.root, extension(OID.basicConstraints, true, hex("3000"))),
    ],
    ["regional with path length 1", "certificate-path-length", (p) => constraints(p.regional, basicConstraints(1))],
    ["zonal with path length 0", "certificate-path-length", (p) => constraints(p.zonal, basicConstraints(0))],
    ["instance with path length 1", "certificate-path-length", (p) => constraints(p.instance, basicConstraints(1))],
    ["regional without path length", "certificate-path-length", (p) => constraints(p.regional, basicConstraints(null))],
    [
      "leaf with a path length",
      "certificate-path-length",
      (p) => constraints(p.leaf, extension(OID.basicConstraints, true, hex("3003020100"))),
    ],
    [
      "path length of many bytes",
      "certificate-path-length",
      (p) => constraints(p.regional, extension(OID.basicConstraints, true, hex("300c0101ff0207010000000000 02".replace(" ", "")))),
    ],
    [
      "negative path length",
      "certificate-path-length",
      (p) => constraints(p.regional, extension(OID.basicConstraints, true, hex("30060101ff0201fe"))),
    ],
    [
      "padded path length",
      "certificate-path-length",
      (p) => constraints(p.regional, extension(OID.basicConstraints, true, hex("30070101ff02020002"))),
    ],
    [
      "bytes behind the path length",
      "certificate-der",
      (p) => constraints(p.regional, extension(OID.basicConstraints, true, hex("30080101ff0201020500"))),
    ],
    [
      "bytes behind the basic constraints",
      "certificate-der",
      (p) => constraints(p.regional, extension(OID.basicConstraints, true, hex("30060101ff0201020500"))),
    ],
    ["CA FALSE written out", "certificate-der", (p) => constraints(p.leaf, extension(OID.basicConstraints, true, hex("3003010100")))],
    // key usage (27)
    ["zonal without keyCertSign", "certificate-key-usage", (p) => usage(p.zonal, true, "03020780")],
    ["zonal with key usage that is not critical", "certificate-key-usage", (p) => usage(p.zonal, false, "03020186")],
    ["zonal without key usage", "certificate-key-usage", (p) => replaceExtension(p.zonal, OID.keyUsage)],
    ["leaf without digitalSignature", "certificate-key-usage", (p) => usage(p.leaf, false, "03020640")],
    ["leaf with keyCertSign", "certificate-key-usage", (p) => usage(p.leaf, false, "03020284")],
    ["leaf without key usage", "certificate-key-usage", (p) => replaceExtension(p.leaf, OID.keyUsage)],
    ["root without keyCertSign", "certificate-key-usage", (p) => usage(p.root, true, "03020780")],
    ["key usage with wrong unused bits", "certificate-key-usage", (p) => usage(p.zonal, true, "03020086")],
    ["key usage with unused bits that are set", "certificate-key-usage", (p) => usage(p.zonal, true, "03020286")],
    ["key usage with 8 unused bits", "certificate-key-usage", (p) => usage(p.zonal, true, "03020886")],
    ["key usage without bits", "certificate-key-usage", (p) => usage(p.zonal, true, "030100")],
    ["empty key usage", "certificate-key-usage", (p) => usage(p.zonal, true, "0300")],
    ["key usage with a zero byte behind", "certificate-key-usage", (p) => usage(p.zonal, true, "0303008600")],
    ["bytes behind the key usage", "certificate-der", (p) => usage(p.zonal, true, "030201860500")],
    // extensions (28)
    [
      "an unknown critical extension",
      "certificate-extension-critical",
      (p) => p.zonal.extensions.push(extension("551d25", true, hex("3000"))),
    ],
    [
      "a critical extension outside id-ce",
      "certificate-extension-critical",
      (p) => p.leaf.extensions.push(extension("2b0601040182370101", true, hex("3000"))),
    ],
    ["name constraints", "certificate-extension-critical", (p) => p.zonal.extensions.push(extension("551d1e", false, hex("3000")))],
    ["a duplicate extension", "certificate-extension-duplicate", (p) => p.zonal.extensions.push(basicConstraints(1))],
    [
      "a duplicate unknown extension",
      "certificate-extension-duplicate",
      (p) => p.zonal.extensions.push(extension("551d1f", false, hex("3000")), extension("551d1f", false, hex("3000"))),
    ],
    ["no extensions in the list", "certificate-der", (p) => (p.leaf.extensions = [])],
    ["version 1, left out", "certificate-version", (p) => (p.zonal.version = hex(""))],
    ["version 1, written out", "certificate-version", (p) => (p.zonal.version = hex("a003020100"))],
    ["version 4", "certificate-version", (p) => (p.zonal.version = hex("a003020103"))],
    ["bytes behind the version", "certificate-der", (p) => (p.zonal.version = hex("a0050201020500"))],
    // keys (29)
    ["an RSA key", "certificate-key", (p) => (p.leaf.spki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey))],
    ["a key on P-256", "certificate-key", (p) => (p.leaf.spki = spkiOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey))],
    ["a key on P-521", "certificate-key", (p) => (p.zonal.spki = spkiOf(generateKeyPairSync("ec", { namedCurve: "P-521" }).publicKey))],
    [
      "a key on secp256k1",
      "certificate-key",
      (p) => (p.leaf.spki = spkiOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey)),
    ],
    [
      "a compressed point",
      "certificate-key",
      (p) => (p.leaf.spki = spki(P384, ECDH.convertKey(point(p.leaf), "secp384r1", undefined, undefined, "compressed") as Buffer)),
    ],
    ["a point of one byte more", "certificate-key", (p) => (p.leaf.spki = spki(P384, concat(point(p.leaf), hex("00"))))],
    ["explicit curve parameters", "certificate-key", (p) => (p.leaf.spki = spki("3003020101", point(p.leaf)))],
    [
      "unused bits in the key",
      "certificate-key",
      (p) => (p.leaf.spki = der(0x30, der(0x30, hex("06072a8648ce3d0201"), hex(P384)), der(0x03, Uint8Array.of(1), point(p.leaf)))),
    ],
    ["a leaf key that is not on the curve", "document-signature", (p) => (p.leaf.spki = spki(P384, lastByteFlipped(point(p.leaf))))],
    [
      "a leaf key with coordinates above p",
      "document-signature",
      (p) => (p.leaf.spki = spki(P384, concat(hex("04"), new Uint8Array(96).fill(0xff)))),
    ],
    ["an authority key that is not on the curve", "chain-signature", (p) => (p.zonal.spki = spki(P384, lastByteFlipped(point(p.zonal))))],
    // algorithms (30)
    ["another algorithm inside than outside", "certificate-algorithm", (p) => (p.zonal.innerAlgorithm = hex("300a06082a8648ce3d040302"))],
    ["another algorithm outside than inside", "certificate-algorithm", (p) => (p.zonal.outerAlgorithm = hex("300a06082a8648ce3d040302"))],
    [
      "ecdsa-with-SHA256",
      "certificate-algorithm",
      (p) => ((p.zonal.outerAlgorithm = p.zonal.innerAlgorithm = hex("300a06082a8648ce3d040302")), (p.zonal.hash = "sha256")),
    ],
    [
      "ecdsa-with-SHA1",
      "certificate-algorithm",
      (p) => ((p.zonal.outerAlgorithm = p.zonal.innerAlgorithm = hex("300906072a8648ce3d0401")), (p.zonal.hash = "sha1")),
    ],
    [
      "NULL parameters",
      "certificate-algorithm",
      (p) => (p.zonal.outerAlgorithm = p.zonal.innerAlgorithm = hex("300c06082a8648ce3d0403030500")),
    ],
    // DER (31)
    ["trailing bytes", "certificate-der", (p) => (p.zonal.finish = (certificate) => concat(certificate, hex("00")))],
    [
      "an indefinite length",
      "certificate-der",
      (p) => (p.zonal.finish = (certificate) => concat(hex("3080"), certificate.subarray(4), hex("0000"))),
    ],
    ["a length in long form", "certificate-der", (p) => (p.zonal.finish = (certificate) => concat(hex("308300"), certificate.subarray(2)))],
    [
      "PEM",
      "certificate-der",
      (p) =>
        (p.zonal.finish = (certificate) =>
          ascii(`-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString("base64")}`.slice(0, 1000))),
    ],
    ["one byte", "certificate-der", (p) => (p.zonal.finish = () => hex("30"))],
    ["a cut certificate", "certificate-der", (p) => (p.zonal.finish = (certificate) => certificate.subarray(0, 100))],
    ["bytes behind the extensions", "certificate-der", (p) => (p.zonal.tbsTail = hex("0500"))],
    ["a padded serial number", "certificate-serial", (p) => (p.zonal.serial = hex("02020001"))],
    ["a negative serial number", "certificate-serial", (p) => (p.zonal.serial = hex("020180"))],
    ["serial number zero", "certificate-serial", (p) => (p.zonal.serial = hex("020100"))],
    ["an empty serial number", "certificate-serial", (p) => (p.zonal.serial = hex("0200"))],
    ["a serial number of 21 bytes", "certificate-serial", (p) => (p.zonal.serial = positive(new Uint8Array(21).fill(1)))],
    [
      "BOOLEAN 01",
      "certificate-der",
      (p) => constraints(p.zonal, der(0x30, der(0x06, hex(OID.basicConstraints)), hex("010101"), der(0x04, hex("30060101ff020101")))),
    ],
    ["a signature with bytes behind it", "certificate-signature", (p) => (p.zonal.finishSignature = (bits) => concat(bits, hex("00")))],
    ["a signature with unused bits", "certificate-signature", (p) => (p.zonal.finishSignature = (bits) => bits.with(0, 1))],
    ["a signature with r = 0", "certificate-signature", (p) => (p.zonal.finishSignature = () => hex("003006020100020101"))],
    ["a signature with a negative s", "certificate-signature", (p) => (p.zonal.finishSignature = () => hex("003006020101020180"))],
    [
      "a signature with r of 49 bytes",
      "certificate-signature",
      (p) => (p.zonal.finishSignature = () => concat(hex("00"), der(0x30, positive(new Uint8Array(49).fill(1)), hex("020101")))),
    ],
    // names (32)
    [
      "an issuer in another string type",
      "chain-name",
      (p) =>
        (p.leaf.issuer = name(
          [
            ["C", "US"],
            ["O", "Amazon"],
            ["OU", "AWS"],
            ["CN", `i-0123456789abcdef0.${REGION}.aws.nitro-enclaves`],
          ],
          0x13,
        )),
    ],
    [
      "an issuer in another order",
      "chain-name",
      (p) =>
        (p.leaf.issuer = name([
          ["CN", `i-0123456789abcdef0.${REGION}.aws.nitro-enclaves`],
          ["OU", "AWS"],
          ["O", "Amazon"],
          ["C", "US"],
        ])),
    ],
    ["an issuer of another name", "chain-name", (p) => (p.zonal.issuer = p.zonal.subject)],
    [
      "two common names",
      "certificate-name",
      (p) =>
        (p.zonal.subject = name([
          ["CN", "a"],
          ["CN", "b"],
        ])),
    ],
    ["no common name", "certificate-name", (p) => (p.zonal.subject = name([["O", "Amazon"]]))],
    ["a common name with a control character", "certificate-name", (p) => (p.zonal.subject = name([["CN", "a\u0007"]]))],
    ["a name that is not UTF-8", "certificate-der", (p) => (p.zonal.subject = oddName(hex("550403"), 0x0c, hex("c16d")))],
    ["a PrintableString beyond ASCII", "certificate-der", (p) => (p.zonal.subject = oddName(hex("550403"), 0x13, hex("c3a9")))],
    ["an empty object identifier in a name", "certificate-der", (p) => (p.zonal.subject = oddName(hex(""), 0x0c, ascii("a")))],
    ["half an object identifier in a name", "certificate-der", (p) => (p.zonal.subject = oddName(hex("2a83"), 0x0c, ascii("a")))],
    ["a padded object identifier in a name", "certificate-der", (p) => (p.zonal.subject = oddName(hex("2a8003"), 0x0c, ascii("a")))],
    [
      "a padded object identifier of an extension",
      "certificate-der",
      (p) => p.zonal.extensions.push(extension("8055801d8013", false, hex("3000"))),
    ],
    ["a name in BMPString", "certificate-der", (p) => (p.zonal.subject = name([["CN", "ab"]], 0x1e))],
    [
      "an authority key identifier of another key",
      "chain-key-identifier",
      (p) => replaceExtension(p.zonal, OID.authorityKeyIdentifier, extension(OID.authorityKeyIdentifier, false, hex("30048002abcd"))),
    ],
    [
      "an authority key identifier under an issuer without one",
      "chain-key-identifier",
      (p) => replaceExtension(p.regional, OID.subjectKeyIdentifier),
    ],
    [
      "an authority key identifier with issuer and serial",
      "certificate-der",
      (p) => replaceExtension(p.zonal, OID.authorityKeyIdentifier, extension(OID.authorityKeyIdentifier, false, hex("30078002abcd820101"))),
    ],
    [
      "bytes behind an authority key identifier",
      "certificate-der",
      (p) => replaceExtension(p.zonal, OID.authorityKeyIdentifier, extension(OID.authorityKeyIdentifier, false, hex("30048002abcd0500"))),
    ],
    [
      "bytes behind a subject key identifier",
      "certificate-der",
      (p) => replaceExtension(p.zonal, OID.subjectKeyIdentifier, extension(OID.subjectKeyIdentifier, false, hex("0402abcd0500"))),
    ],
    // validity (33)
    ["GeneralizedTime", "certificate-time", (p) => (p.zonal.notAfter = der(0x18, ascii("20270101000000Z")))],
    ["a time without Z", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("2703010000000")))],
    ["a time without seconds", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("2703010000Z")))],
    ["a letter in a time", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("27030100000aZ")))],
    ["30 February", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("270230000000Z")))],
    ["29 February of a common year", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("270229000000Z")))],
    ["31 April", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("270431000000Z")))],
    ["month 13", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("271301000000Z")))],
    ["24 o'clock", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("270301240000Z")))],
    ["second 60", "certificate-time", (p) => (p.zonal.notAfter = der(0x17, ascii("270301235960Z")))],
    [
      "notBefore after notAfter",
      "certificate-validity-order",
      (p) => ([p.zonal.notBefore, p.zonal.notAfter] = [p.zonal.notAfter, p.zonal.notBefore]),
    ],
    ["an expired zonal certificate above a good leaf", "chain-expired", (p) => (p.zonal.notAfter = utcTime(NOW_MS - 1000))],
    ["a regional certificate that is not valid yet", "chain-not-yet-valid", (p) => (p.regional.notBefore = utcTime(NOW_MS + 1000))],
    ["an expired root", "chain-expired", (p) => (p.root.notAfter = utcTime(NOW_MS - 1000))],
    ["a leaf that is not valid yet", "timestamp-window", (p) => (p.leaf.notBefore = utcTime(NOW_MS + 1000))],
    ["an expired leaf", "timestamp-window", (p) => (p.leaf.notAfter = utcTime(NOW_MS - 1000))],
    // signatures
    ["a leaf signed by the zonal key", "chain-signature", (p) => (p.leaf.signer = keyOf("zonal"))],
    ["a regional certificate signed by itself", "chain-signature", (p) => (p.regional.signer = keyOf("regional"))],
    // what is said twice (40)
    [
      "a leaf of another enclave",
      "module-id-leaf-name",
      (p) => (p.leaf.subject = name([["CN", `i-0123456789abcdef0-enc0123456789abcdee.${REGION}.aws`]])),
    ],
    ["a leaf without region", "module-id-leaf-name", (p) => (p.leaf.subject = name([["CN", `${MODULE_ID}.aws`]]))],
    ["a leaf serial of another enclave", "module-id-leaf-serial", (p) => (p.leaf.serial = positive(leafSerial(NOW_MS - HOUR).with(7, 0)))],
    ["a leaf serial of another time", "module-id-leaf-serial", (p) => (p.leaf.serial = positive(leafSerial(NOW_MS)))],
    [
      "an instance certificate of another region",
      "module-id-instance-name",
      (p) => (p.leaf.issuer = p.instance.subject = name([["CN", "i-0123456789abcdef0.us-east-1.aws.nitro-enclaves"]])),
    ],
  ])("%s: %s", async (_, code, edit) => {
    expect(await verdictOf(edit)).toBe(code);
  });
});

describe("the bundle", () => {
  const chain = makeChain();
  const [root = hex(""), regional = hex(""), zonal = hex(""), instance = hex("")] = chain.cabundle;
  const other = makeChain((p) => (p.root.serial = hex("020155"))).root;
  const resigned = makeCertificateAgain();

  it.each<[string, string, Uint8Array[]]>([
    ["empty", "bundle-length", []],
    ["three", "bundle-length", [root, regional, zonal]],
    ["five with an unused one", "bundle-length", [root, regional, zonal, instance, instance]],
    ["nine", "bundle-length", Array.from({ length: 9 }, () => root)],
    ["an empty entry", "payload-field-limit", [root, hex(""), zonal, instance]],
    ["an entry of 1025 bytes", "payload-field-limit", [root, regional, zonal, new Uint8Array(1025)]],
    ["root last", "bundle-root", [instance, zonal, regional, root]],
    ["another root of the same name", "bundle-root", [other, regional, zonal, instance]],
    ["the root with trailing bytes", "bundle-root", [concat(root, hex("00")), regional, zonal, instance]],
    ["the root signed again", "bundle-root", [resigned, regional, zonal, instance]],
    ["two swapped", "chain-name", [root, zonal, regional, instance]],
    ["a duplicate", "chain-name", [root, regional, regional, instance]],
    ["the leaf inside", "chain-name", [root, regional, zonal, chain.certificate]],
  ])("%s: %s", async (_, code, cabundle) => {
    expect(await outcome(makeDocument({ chain, fields: { cabundle } }).bytes, root)).toBe(code);
  });

  it("is refused without pinned roots", async () => {
    const { bytes } = makeDocument({ chain });
    await expect(verifyEvidence(bytes, { anchors: [], mode: { kind: "archived", atMs: null, nonce: null }, signatures })).rejects.toThrow(
      expect.objectContaining({ code: "bundle-root" }),
    );
  });

  it("refuses a leaf that an earlier authority issued", async () => {
    const short = makeChain((p) => {
      p.leaf.issuer = p.zonal.subject;
      p.leaf.signer = keyOf("zonal");
    });
    expect(await outcome(makeDocument({ chain: short }).bytes, short.root)).toBe("chain-name");
  });

  function makeCertificateAgain(): Uint8Array {
    let again = hex("");
    makeChain((p) => {
      const finishSignature = (bits: Uint8Array): Uint8Array => concat(hex("00"), twinOf(bits.subarray(1), "der"));
      again = makeCertificate({ ...p.root, finishSignature });
    });
    return again;
  }
});
