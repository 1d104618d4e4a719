import { describe, expect, it } from "vitest";
import { ascii, concat, der, hex, utcTime } from "../generate/der.ts";
import { codeOf, digest, fieldOf, genTimeMs, issuer, own, stamp, verify } from "../generate/judge-time-stamp.ts";
import { spkiOf, testKey } from "../generate/test-keys.ts";
import {
  ATTRIBUTE,
  attribute,
  digestOf,
  SHA256,
  SHA384,
  SHA512,
  timeCertificate,
  timeKey,
  TST_INFO,
  type TimeStampParts,
} from "../generate/test-time-stamp.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import { signatures as noble } from "../signatures/noble.ts";
import { signatures as node } from "../signatures/node.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";

const backends: [string, SignatureBackend][] = [
  ["node:crypto", node],
  ["WebCrypto", webcrypto],
  ["noble", noble],
];
const RSA_ENCRYPTION = hex("300d06092a864886f70d0101010500");

describe.each(["P-256", "P-384", "RSA"] as const)("a token under %s", (key) => {
  it.each(backends)("is accepted on %s, under its own certificate and its issuer's", async (_, signatures) => {
    const expected = { atMs: genTimeMs + 1, fromMs: genTimeMs - 1, authority: `TEST time-stamping authority ${key}` };
    const token = stamp({ key });
    expect(await verify(token, [timeCertificate(key)], signatures)).toEqual(expected);
    expect(await verify(token, [timeCertificate(key, "issuer")], signatures)).toEqual(expected);
    expect(
      await verify(
        token,
        (["P-256", "P-384", "RSA"] as const).map((one) => timeCertificate(one, "issuer")),
        signatures,
      ),
    ).toEqual(expected);
  });

  it.each(backends)("is refused on %s with a bit of its signature, or of its certificate's, flipped", async (_, signatures) => {
    const flip = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
    const forged = stamp({ key, edit: (parts) => void (parts.finishSignature = flip) });
    await expect(verify(forged, [timeCertificate(key)], signatures)).rejects.toMatchObject({ code: "time-evidence-signature" });
    const certificate = timeCertificate(key, "authority", (parts) => void (parts.finishSignature = flip));
    await expect(verify(stamp({ key, certificate }), [timeCertificate(key, "issuer")], signatures)).rejects.toMatchObject({
      code: "time-evidence-authority",
    });
  });
});

const one =
  (oid: string, ...values: Uint8Array[]) =>
  (parts: TimeStampParts): void => {
    const { attributes } = parts;
    parts.attributes = (content) => [
      ...attributes(content).filter((a) => !Buffer.from(a).includes(Buffer.from(der(0x06, hex(oid))))),
      ...values.map((v) => attribute(oid, v)),
    ];
  };
const more =
  (...extra: Uint8Array[]) =>
  (parts: TimeStampParts): void => {
    const { attributes } = parts;
    parts.attributes = (content) => [...attributes(content), ...extra];
  };
const info =
  (change: Partial<TimeStampParts["info"]>) =>
  (parts: TimeStampParts): void =>
    void Object.assign(parts.info, change);
const signer =
  (change: Partial<TimeStampParts["signerInfo"]>) =>
  (parts: TimeStampParts): void =>
    void Object.assign(parts.signerInfo, change);
const data =
  (change: Partial<TimeStampParts["signedData"]>) =>
  (parts: TimeStampParts): void =>
    void Object.assign(parts.signedData, change);
const time = (text: string) => info({ genTime: der(0x18, ascii(text)) });
const ess = (...parts: Uint8Array[]): Uint8Array => der(0x30, der(0x30, der(0x30, ...parts)));
const ownHash = (hash: string): Uint8Array => der(0x04, digestOf(hash, own));
const tail = (seconds: string) => info({ tail: hex(seconds) });

describe("a token", () => {
  it.each<[string, string, (parts: TimeStampParts) => void]>([
    // ContentInfo and SignedData
    ["with a byte behind it", "time-evidence-form", (p) => void (p.finish = (token) => concat(token, hex("00")))],
    ["twice", "time-evidence-form", (p) => void (p.finish = (token) => concat(token, token))],
    ["cut by a byte", "time-evidence-form", (p) => void (p.finish = (token) => token.subarray(0, -1))],
    ["of nothing", "time-evidence-form", (p) => void (p.finish = () => hex(""))],
    ["in a response", "time-evidence-form", (p) => void (p.finish = (token) => der(0x30, hex("3003020100"), token))],
    ["of another type", "time-evidence-form", (p) => void (p.finish = (token) => token.with(token.indexOf(0x07), 9))],
    ["over data of another type", "time-evidence-form", data({ contentType: hex("06092a864886f70d010701") })],
    ["of version 1", "time-evidence-unsupported", data({ version: hex("020101") })],
    ["of version 5", "time-evidence-unsupported", data({ version: hex("020105") })],
    ["of a version of nine bytes", "time-evidence-form", data({ version: hex("0209010000000000000003") })],
    ["of a negative version", "time-evidence-form", data({ version: hex("0201ff") })],
    ["whose version is padded", "time-evidence-form", data({ version: hex("02020003") })],
    ["whose version is empty", "time-evidence-form", data({ version: hex("0200") })],
    ["that lists another hash", "time-evidence-form", data({ digestAlgorithms: der(0x31, SHA256) })],
    ["that lists no hash", "time-evidence-form", data({ digestAlgorithms: der(0x31) })],
    ["that lists several", "accepted", data({ digestAlgorithms: der(0x31, SHA256, SHA384, hex("300706052b0e03021a")) })],
    ["with an attribute certificate", "accepted", data({ certificates: der(0xa0, own, der(0xa1, hex("0500"))) })],
    ["with revocation lists", "accepted", data({ certificates: concat(der(0xa0, own), der(0xa1, hex("3000"))) })],
    ["with certificates that are not DER", "time-evidence-form", data({ certificates: der(0xa0, own, hex("3080")) })],
    ["with a tag of two bytes", "time-evidence-form", data({ certificates: der(0xa0, own, hex("3f8101")) })],
    ["with 17 certificates", "time-evidence-form", data({ certificates: der(0xa0, ...Array.from({ length: 17 }, () => own)) })],
    ["with certificates twice", "time-evidence-form", data({ certificates: concat(der(0xa0, own), der(0xa0, own)) })],
    // SignerInfo
    ["with two signers", "time-evidence-form", (p) => void (p.finishSigners = (one_) => concat(one_, one_))],
    ["without a signer", "time-evidence-form", (p) => void (p.finishSigners = () => hex(""))],
    ["with an empty signer", "time-evidence-unsupported", (p) => void (p.finishSigners = () => hex("3000"))],
    ["with a signer of version 2", "time-evidence-unsupported", signer({ version: hex("020102") })],
    ["with a key identifier in version 1", "time-evidence-form", signer({ sid: hex("800101") })],
    ["with a serial number in version 3", "time-evidence-form", signer({ version: hex("020103") })],
    ["that names another serial number", "time-evidence-signature", signer({ sid: der(0x30, fieldOf(own, 3), hex("0201a2")) })],
    ["that names another issuer", "time-evidence-signature", signer({ sid: der(0x30, fieldOf(own, 5), fieldOf(own, 1)) })],
    ["with SHA-1", "time-evidence-unsupported", signer({ digestAlgorithm: hex("300706052b0e03021a") })],
    [
      "with SHA-256 beside ecdsa-with-SHA384",
      "time-evidence-unsupported",
      (p) => (signer({ digestAlgorithm: SHA256 })(p), data({ digestAlgorithms: der(0x31, SHA256) })(p)),
    ],
    ["with a hash without NULL", "accepted", (p) => (signer({ digestAlgorithm: hex("300b0609608648016503040202") })(p), undefined)],
    [
      "with parameters of a hash",
      "time-evidence-unsupported",
      signer({ digestAlgorithm: hex("300e06096086480165030402020401aa").with(1, 14) }),
    ],
    ["with parameters of ECDSA", "time-evidence-unsupported", signer({ algorithm: hex("300c06082a8648ce3d0403030500") })],
    ["with id-ecPublicKey for a signature", "time-evidence-unsupported", signer({ algorithm: hex("300906072a8648ce3d0201") })],
    ["with RSA-PSS", "time-evidence-unsupported", signer({ algorithm: hex("300d06092a864886f70d01010a3000") })],
    ["with Ed25519", "time-evidence-unsupported", signer({ algorithm: hex("300506032b6570") })],
    ["under the algorithm of another key", "time-evidence-unsupported", signer({ algorithm: RSA_ENCRYPTION })],
    ["with unsigned attributes", "accepted", signer({ tail: der(0xa1, attribute("2a03", hex("0500"), hex("020101"))) })],
    ["with unsigned attributes that are none", "time-evidence-form", signer({ tail: der(0xa1, hex("0500")) })],
    ["with no unsigned attribute", "time-evidence-form", signer({ tail: hex("a100") })],
    ["with something behind", "time-evidence-form", signer({ tail: hex("0500") })],
    ["signed by another key", "time-evidence-signature", (p) => void (p.signer = testKey("another"))],
    ["signed over another hash", "time-evidence-signature", (p) => void (p.hash = "sha256")],
    ["with another content", "time-evidence-signature", (p) => void (p.finishContent = (content) => content.with(content.length - 1, 2))],
    ["with r || s for a signature", "time-evidence-form", (p) => void (p.finishSignature = () => new Uint8Array(96).fill(1))],
    ["with r = s = 0", "time-evidence-form", (p) => void (p.finishSignature = () => hex("3006020100020100"))],
    ["with a negative s", "time-evidence-form", (p) => void (p.finishSignature = () => hex("30060201010201ff"))],
    [
      "with a long s",
      "time-evidence-form",
      (p) => void (p.finishSignature = () => der(0x30, hex("020101"), der(0x02, new Uint8Array(49).fill(1)))),
    ],
    ["with a third number", "time-evidence-form", (p) => void (p.finishSignature = () => hex("3009020101020101020101"))],
    ["with a byte behind its signature", "time-evidence-form", (p) => void (p.finishSignature = (s) => concat(s, hex("00")))],
    // signed attributes
    [
      "with attributes out of order",
      "time-evidence-form",
      (p) => {
        const { attributes } = p;
        p.sorted = false;
        p.attributes = (content) => attributes(content).toReversed();
      },
    ],
    ["without a content type", "time-evidence-form", one(ATTRIBUTE.contentType)],
    ["with two content types", "time-evidence-form", one(ATTRIBUTE.contentType, TST_INFO, hex("06022a03"))],
    [
      "with two content types in one",
      "time-evidence-form",
      (p) => (one(ATTRIBUTE.contentType)(p), more(attribute(ATTRIBUTE.contentType, TST_INFO, TST_INFO))(p)),
    ],
    ["that signs another content type", "time-evidence-signature", one(ATTRIBUTE.contentType, hex("06092a864886f70d010701"))],
    ["whose content type is a text", "time-evidence-form", one(ATTRIBUTE.contentType, hex("0c0161"))],
    ["without a message digest", "time-evidence-form", one(ATTRIBUTE.messageDigest)],
    [
      "with two message digests",
      "time-evidence-form",
      one(ATTRIBUTE.messageDigest, der(0x04, digestOf("sha384", hex(""))), der(0x04, hex(""))),
    ],
    ["with another message digest", "time-evidence-signature", one(ATTRIBUTE.messageDigest, der(0x04, digestOf("sha384", hex(""))))],
    ["with a message digest of another hash", "time-evidence-signature", one(ATTRIBUTE.messageDigest, der(0x04, digest))],
    ["without a signing certificate", "time-evidence-form", one(ATTRIBUTE.signingCertificateV2)],
    [
      "with a signing certificate in the first form",
      "accepted",
      (p) => (one(ATTRIBUTE.signingCertificateV2)(p), more(attribute(ATTRIBUTE.signingCertificate, ess(ownHash("sha1"))))(p)),
    ],
    [
      "with a signing certificate in the first form, by SHA-256",
      "time-evidence-form",
      more(attribute(ATTRIBUTE.signingCertificate, ess(SHA256, ownHash("sha256")))),
    ],
    [
      "with another signing certificate in the first form",
      "time-evidence-authority",
      more(attribute(ATTRIBUTE.signingCertificate, ess(der(0x04, digestOf("sha1", hex("")))))),
    ],
    [
      "with the first form twice",
      "time-evidence-form",
      more(attribute(ATTRIBUTE.signingCertificate, ess(ownHash("sha1"))), attribute(ATTRIBUTE.signingCertificate, ess(der(0x04)))),
    ],
    ["with a signing certificate in both forms", "accepted", more(attribute(ATTRIBUTE.signingCertificate, ess(ownHash("sha1"))))],
    [
      "with two signing certificates",
      "time-evidence-form",
      one(ATTRIBUTE.signingCertificateV2, ess(ownHash("sha256")), ess(SHA512, ownHash("sha512"))),
    ],
    ["with another signing certificate", "time-evidence-authority", one(ATTRIBUTE.signingCertificateV2, ess(der(0x04, digest)))],
    ["with a signing certificate by SHA-384", "accepted", one(ATTRIBUTE.signingCertificateV2, ess(SHA384, ownHash("sha384")))],
    ["with a signing certificate by SHA-512", "accepted", one(ATTRIBUTE.signingCertificateV2, ess(SHA512, ownHash("sha512")))],
    ["with a signing certificate by SHA-256, said so", "accepted", one(ATTRIBUTE.signingCertificateV2, ess(SHA256, ownHash("sha256")))],
    [
      "with a signing certificate by SHA-1, in the second form",
      "time-evidence-unsupported",
      one(ATTRIBUTE.signingCertificateV2, ess(hex("300706052b0e03021a"), ownHash("sha1"))),
    ],
    [
      "with issuer and serial number",
      "accepted",
      one(ATTRIBUTE.signingCertificateV2, ess(ownHash("sha256"), der(0x30, der(0x30), hex("0201a1")))),
    ],
    [
      "with more certificates and policies",
      "accepted",
      one(ATTRIBUTE.signingCertificateV2, der(0x30, der(0x30, der(0x30, ownHash("sha256")), der(0x30, der(0x04, digest))), hex("3000"))),
    ],
    ["with no certificate", "time-evidence-form", one(ATTRIBUTE.signingCertificateV2, der(0x30, der(0x30)))],
    [
      "with the signer's issuer for its certificate",
      "time-evidence-signature",
      (p) => (
        one(ATTRIBUTE.signingCertificateV2, ess(der(0x04, digestOf("sha256", issuer))))(p),
        data({ certificates: der(0xa0, own, issuer) })(p)
      ),
    ],
    [
      "with other attributes",
      "accepted",
      more(attribute("2a864886f70d010905", utcTime(genTimeMs)), attribute("2a0304", hex("0500"), hex("0500"))),
    ],
    ["with an attribute twice", "time-evidence-form", more(attribute("2a0304", hex("0500")), attribute("2a0304", hex("0500")))],
    ["without attributes", "time-evidence-form", (p) => void (p.attributes = () => [])],
    // TSTInfo
    ["of TSTInfo version 2", "time-evidence-unsupported", info({ version: hex("020102") })],
    ["of another result", "time-evidence-imprint", info({ imprint: der(0x30, SHA256, der(0x04, digestOf("sha256", ascii("another")))) })],
    ["with a cut digest", "time-evidence-imprint", info({ imprint: der(0x30, SHA256, der(0x04, digest.subarray(1))) })],
    ["with no digest", "time-evidence-imprint", info({ imprint: der(0x30, SHA256, der(0x04)) })],
    ["of SHA-512", "time-evidence-imprint", info({ imprint: der(0x30, SHA512, der(0x04, digestOf("sha512", ascii("result")))) })],
    ["that calls this digest one of SHA-512", "time-evidence-imprint", info({ imprint: der(0x30, SHA512, der(0x04, digest)) })],
    [
      "that calls this digest one of SHA3-256",
      "time-evidence-imprint",
      info({ imprint: der(0x30, hex("300b0609608648016503040208"), der(0x04, digest)) }),
    ],
    ["without NULL beside SHA-256", "accepted", info({ imprint: der(0x30, hex("300b0609608648016503040201"), der(0x04, digest)) })],
    ["without a policy", "time-evidence-form", info({ policy: hex("") })],
    ["without a serial number", "time-evidence-form", info({ serial: hex("") })],
    ["with a serial number of 20 bytes", "accepted", info({ serial: der(0x02, new Uint8Array(20).fill(0x7f)) })],
    ["with a negative serial number", "accepted", info({ serial: hex("0201ff") })],
    ["with a padded negative serial number", "time-evidence-form", info({ serial: hex("0202ffff") })],
    ["with a long negative serial number", "accepted", info({ serial: hex("0202ff7f") })],
    ["with a long positive serial number", "accepted", info({ serial: hex("020200ff") })],
    [
      "ordered, with nonce, name and extension",
      "accepted",
      // accuracy, ordering, nonce, tsa, extensions
      tail("30030201000101ff020900ffffffffffffffffa00786056e6f626f64a108300606012a040100"),
    ],
    ["with ordering FALSE", "time-evidence-form", tail("010100")],
    ["with ordering of two bytes", "time-evidence-form", tail("0102ffff")],
    ["with fields out of order", "time-evidence-form", tail("0201010101ff")],
    ["with a critical extension", "time-evidence-unsupported", tail("a10b300906012a0101ff040100")],
    ["with an extension twice", "time-evidence-form", tail("a110300606012a040100300606012a040100")],
    ["with an empty list of extensions", "time-evidence-form", tail("a100")],
    ["with a UTCTime", "time-evidence-form", info({ genTime: utcTime(genTimeMs) })],
    ["without seconds", "time-evidence-form", time("202603011201Z")],
    ["in another zone", "time-evidence-form", time("20260301120102+0100")],
    ["in local time", "time-evidence-form", time("20260301120102")],
    ["with a comma", "time-evidence-form", time("20260301120102,1Z")],
    ["with a trailing zero", "time-evidence-form", time("20260301120102.10Z")],
    ["with a point and nothing", "time-evidence-form", time("20260301120102.Z")],
    ["with a leap second", "time-evidence-form", time("20260630235960Z")],
    ["at 24:00", "time-evidence-form", time("20260301240000Z")],
    ["on 29 February of a common year", "time-evidence-form", time("20260229120102Z")],
    ["on 29 February of a leap year", "accepted", time("20280229120102Z")],
    ["in month 13", "time-evidence-form", time("20261301120102Z")],
    ["before 1970", "time-evidence-form", time("19691231235959Z")],
    ["in the year 0", "time-evidence-form", time("00000101000000Z")],
    ["with a very long fraction", "time-evidence-form", time(`20260301120102.${"1".repeat(20)}Z`)],
    ["of no digits", "time-evidence-form", time("Z")],
    ["before its certificate", "time-evidence-authority", time("20191231235959Z")],
    ["after its certificate", "time-evidence-authority", time("20400101000001Z")],
    ["with an accuracy of 1000 thousandths", "time-evidence-form", tail("3004800203e8")],
    ["with an accuracy of 1000 millionths", "time-evidence-form", tail("3004810203e8")],
    ["with a negative accuracy", "time-evidence-form", tail("30030201ff")],
    ["with a padded accuracy", "time-evidence-form", tail("300480020001")],
    ["with an accuracy out of order", "time-evidence-form", tail("3006810101800101")],
  ])("%s gives %s", async (_, code, edit) => {
    expect(await codeOf(stamp({ edit }), [own])).toBe(code);
  });

  it.each<[string, string, string, number, number]>([
    ["no accuracy", "20260301120102Z", "", -1000, 1000],
    ["no accuracy, and a fraction", "20260301120102.5Z", "", -500, 1500],
    ["an accuracy of nothing", "20260301120102Z", "3000", 0, 0],
    ["3 s", "20260301120102Z", "3003020103", -3000, 3000],
    ["1.5001 s", "20260301120102Z", "300a020101800201f4810164", -1501, 1501],
    ["500 ms", "20260301120102.322Z", "3004800201f4", -178, 822],
    ["1 µs", "20260301120102.322Z", "3003810101", 321, 323],
    ["a fraction of microseconds", "20260301120102.000001Z", "3000", 0, 1],
    ["a fraction of less", "20260301120102.0000001Z", "3000", 0, 1],
    ["2^31 - 1 s", "20260301120102Z", "300602047fffffff", -2_147_483_647_000, 2_147_483_647_000],
  ])("with %s gives an interval", async (_, genTime, accuracy, from, to) => {
    const second = Date.UTC(2026, 2, 1, 12, 1, 2);
    const token = stamp({ edit: info({ genTime: der(0x18, ascii(genTime)), tail: hex(accuracy) }) });
    expect(await verify(token, [own])).toMatchObject({ fromMs: second + from, atMs: second + to });
  });

  it("of RSA may name SHA-2 in either place", async () => {
    for (const [hash, identifier, last] of [
      ["sha256", SHA256, "0b"],
      ["sha384", SHA384, "0c"],
      ["sha512", SHA512, "0d"],
    ] as const)
      for (const algorithm of [RSA_ENCRYPTION, hex("300b06092a864886f70d010101"), hex(`300d06092a864886f70d0101${last}0500`)]) {
        const edit = (parts: TimeStampParts): void => {
          const { attributes } = parts;
          Object.assign(parts, { hash });
          Object.assign(parts.signerInfo, { digestAlgorithm: identifier, algorithm });
          parts.signedData.digestAlgorithms = der(0x31, identifier);
          parts.attributes = (content) => [
            ...attributes(content).filter((_, i) => i !== 1),
            attribute(ATTRIBUTE.messageDigest, der(0x04, digestOf(hash, content))),
          ];
        };
        expect(await codeOf(stamp({ key: "RSA", edit }), [timeCertificate("RSA", "issuer")])).toBe("accepted");
      }
  });

  it("does not borrow the certificate of another key", async () => {
    // The same name, serial number and key identifier, made by whoever wants to have stamped it
    const forged = timeCertificate("P-384", "authority", (c) => void (c.spki = spkiOf(testKey("thief"))));
    const swap = (parts: TimeStampParts): void => void (parts.signedData.certificates = der(0xa0, forged));
    expect(await codeOf(stamp({ edit: swap }), [issuer])).toBe("time-evidence-authority"); // the signed one is not there
    expect(await codeOf(stamp({ edit: swap }), [own])).toBe("accepted"); // and not needed where it is pinned
    const signed = (parts: TimeStampParts): void => void (parts.signer = testKey("thief"));
    expect(await codeOf(stamp({ edit: (p) => (signed(p), swap(p)) }), [own])).toBe("time-evidence-signature");
    // signed by the issuer's own key: no authority to stamp
    const byIssuer = (parts: TimeStampParts): void => void (parts.signer = timeKey("issuer", "P-384"));
    expect(
      await codeOf(
        stamp({ certificate: issuer, edit: (p) => (byIssuer(p), signer({ sid: der(0x30, fieldOf(issuer, 3), fieldOf(issuer, 1)) })(p)) }),
        [issuer],
      ),
    ).toBe("time-evidence-authority");
  });

  it("copies what it reads", async () => {
    const token = Buffer.from(stamp());
    const pending = verify(token, [own], { ...node, verifyEs384: async (...of) => (token.fill(0), node.verifyEs384(...of)) });
    expect(await pending).toMatchObject({ atMs: genTimeMs + 1 });
  });
});
