import { describe, expect, it } from "vitest";
import { concat, der, extension, hex, ascii, name, positive, utcTime } from "../generate/der.ts";
import { codeOf, fieldOf, genTimeMs, issuer, own, stamp, verify } from "../generate/judge-time-stamp.ts";
import { rsaTestKey, spkiOf, testKey } from "../generate/test-keys.ts";
import type { CertificateParts } from "../generate/test-pki.ts";
import {
  digestOf,
  generalizedTime,
  TIME_STAMPING_USAGE,
  timeCertificate,
  timeKey,
  type TimeKey,
  type TimeStampParts,
} from "../generate/test-time-stamp.ts";
import { parseTimeAuthority } from "./time-authority.ts";

// contents and AlgorithmIdentifiers that tests put where others belong
const TIME_STAMPING = hex("300a06082b06010505070308");
const RSA_ENCRYPTION = hex("300d06092a864886f70d0101010500");
const P384 = hex("301006072a8648ce3d020106052b81040022");

describe("an authority", () => {
  it.each([
    ["nobody", []],
    ["another authority", [timeCertificate("P-256")]],
    ["another issuer", [timeCertificate("P-256", "issuer")]],
    ["another certificate of the same key and name", [timeCertificate("P-384", "authority", (c) => void (c.serial = positive(hex("a2"))))]],
    [
      "an issuer of the same name with another key",
      [timeCertificate("P-384", "issuer", (c) => void Object.assign(c, { spki: spkiOf(testKey("x")), signer: testKey("x") }))],
    ],
    [
      "an issuer of the same name with another kind of key",
      [timeCertificate("P-384", "issuer", (c) => void (c.spki = spkiOf(timeKey("issuer", "P-256"))))],
    ],
    ["an issuer that had expired", [timeCertificate("P-384", "issuer", (c) => void (c.notAfter = utcTime(genTimeMs - 1000)))]],
    ["an issuer that was not yet valid", [timeCertificate("P-384", "issuer", (c) => void (c.notBefore = utcTime(genTimeMs + 1000)))]],
  ])("is refused when %s is pinned", async (_, pinned) => {
    expect(await codeOf(stamp(), pinned)).toBe("time-evidence-authority");
  });

  it("is found among others of its name", async () => {
    const renewed = timeCertificate("P-384", "issuer", (c) => void (c.spki = spkiOf(timeKey("issuer", "P-256"))));
    expect(await codeOf(stamp(), [renewed, issuer])).toBe("accepted");
  });

  it("needs not be in the token when it is pinned", async () => {
    const bare = stamp({ edit: (parts) => void (parts.signedData.certificates = hex("")) });
    expect(await codeOf(bare, [own])).toBe("accepted");
    expect(await codeOf(bare, [issuer])).toBe("time-evidence-authority");
  });

  it("may come with its whole chain in any order, unread", async () => {
    const chain = stamp({ edit: (parts) => void (parts.signedData.certificates = der(0xa0, der(0x30, hex("1f")), issuer, own)) });
    expect(await codeOf(chain, [issuer])).toBe("accepted");
  });

  it("may be named by its key identifier", async () => {
    const identifier = extension("551d0e", false, der(0x04, ascii("key")));
    const certificate = timeCertificate("P-384", "authority", (c) => void c.extensions.push(identifier));
    const named = (id: string, of = certificate): Uint8Array =>
      stamp({
        certificate: of,
        edit: ({ signerInfo }) => void Object.assign(signerInfo, { version: hex("020103"), sid: der(0x80, ascii(id)) }),
      });
    expect(await codeOf(named("key"), [issuer])).toBe("accepted");
    expect(await codeOf(named("kez"), [issuer])).toBe("time-evidence-signature");
    expect(await codeOf(named("key", own), [issuer])).toBe("time-evidence-signature");
  });

  it.each<[string, string, (c: CertificateParts) => void]>([
    ["without a purpose", "time-evidence-authority", (c) => void c.extensions.shift()],
    ["whose purpose is not critical", "time-evidence-authority", (c) => void (c.extensions[0] = extension("551d25", false, TIME_STAMPING))],
    ["for servers", "time-evidence-authority", (c) => void (c.extensions[0] = extension("551d25", true, hex("300a06082b06010505070301")))],
    [
      "for time stamps and servers",
      "time-evidence-authority",
      (c) => void (c.extensions[0] = extension("551d25", true, hex("301406082b0601050507030806082b06010505070301"))),
    ],
    ["for any purpose", "time-evidence-authority", (c) => void (c.extensions[0] = extension("551d25", true, hex("30060604551d2500")))],
    ["that may encipher keys alone", "time-evidence-authority", (c) => void (c.extensions[1] = extension("551d0f", true, hex("03020520")))],
    ["with no key usage set", "time-evidence-authority", (c) => void (c.extensions[1] = extension("551d0f", true, hex("030100")))],
    ["for nonRepudiation", "accepted", (c) => void (c.extensions[1] = extension("551d0f", true, hex("03020640")))],
    ["without key usage", "accepted", (c) => void c.extensions.pop()],
    ["that had expired", "time-evidence-authority", (c) => void (c.notAfter = utcTime(genTimeMs - 1000))],
    ["that ends in this second", "accepted", (c) => void (c.notAfter = generalizedTime(genTimeMs + 880))],
    ["that was not yet valid", "time-evidence-authority", (c) => void (c.notBefore = utcTime(genTimeMs + 1000))],
    ["of another issuer", "time-evidence-authority", (c) => void (c.issuer = name([["CN", "another"]]))],
    ["signed by itself", "time-evidence-authority", (c) => void (c.signer = timeKey("authority", "P-384"))],
    ["with an unknown extension", "accepted", (c) => void c.extensions.push(extension("551d20", false, hex("3000")))],
    [
      "with an unknown critical extension",
      "time-evidence-unsupported",
      (c) => void c.extensions.push(extension("551d20", true, hex("3000"))),
    ],
    ["with name constraints", "time-evidence-unsupported", (c) => void c.extensions.push(extension("551d1e", false, hex("3000")))],
    ["with an extension twice", "time-evidence-form", (c) => void c.extensions.push(TIME_STAMPING_USAGE)],
    ["without extensions", "time-evidence-form", (c) => void (c.extensions = [])],
    ["of version 1", "time-evidence-form", (c) => void (c.version = hex("a003020100"))],
    ["without a version", "time-evidence-form", (c) => void (c.version = hex(""))],
    ["with unique identifiers", "time-evidence-form", (c) => void (c.spki = concat(c.spki, hex("810100")))],
    ["with something behind its extensions", "time-evidence-form", (c) => void (c.tbsTail = hex("0500"))],
    ["with another algorithm outside", "time-evidence-form", (c) => void (c.outerAlgorithm = hex("300a06082a8648ce3d040302"))],
    ["with unused bits in its signature", "time-evidence-form", (c) => void (c.finishSignature = (bits) => bits.with(0, 1))],
    [
      "signed with ECDSA and SHA-512",
      "time-evidence-unsupported",
      (c) => void Object.assign(c, { innerAlgorithm: hex("300a06082a8648ce3d040304"), outerAlgorithm: hex("300a06082a8648ce3d040304") }),
    ],
    [
      "signed with an algorithm that names no hash",
      "time-evidence-authority",
      (c) => void Object.assign(c, { innerAlgorithm: RSA_ENCRYPTION, outerAlgorithm: RSA_ENCRYPTION }),
    ],
    ["with a third time", "time-evidence-form", (c) => void (c.notAfter = concat(c.notAfter, c.notAfter))],
    ["without an end", "time-evidence-form", (c) => void (c.notAfter = hex(""))],
    ["without times", "time-evidence-form", (c) => void Object.assign(c, { notBefore: hex(""), notAfter: hex("") })],
    ["with a fraction in its end", "time-evidence-form", (c) => void (c.notAfter = generalizedTime(genTimeMs + 500))],
    ["with a text for its end", "time-evidence-form", (c) => void (c.notAfter = der(0x0c, ascii("400101000000Z")))],
    ["with a UTCTime of 14 digits", "time-evidence-form", (c) => void (c.notAfter = der(0x17, ascii("20400101000000Z")))],
    ["with a UTCTime without seconds", "time-evidence-form", (c) => void (c.notAfter = der(0x17, ascii("4001010000Z")))],
    ["from the century before", "accepted", (c) => void (c.notBefore = der(0x17, ascii("991231235959Z")))],
    ["of a day that does not exist", "time-evidence-form", (c) => void (c.notBefore = der(0x17, ascii("250229000000Z")))],
    [
      "with a negative key identifier's head",
      "time-evidence-form",
      (c) => void c.extensions.push(extension("551d0e", false, hex("0201ff"))),
    ],
    ["with a padded serial number", "time-evidence-form", (c) => void (c.serial = hex("0202007f"))],
    ["that says FALSE", "time-evidence-form", (c) => void c.extensions.push(der(0x30, hex("0603551d20"), hex("010100"), hex("04023000")))],
    ["that is an authority too", "accepted", (c) => void c.extensions.push(extension("551d13", true, hex("30060101ff020100")))],
    [
      "with a path length of 5 bytes",
      "time-evidence-form",
      (c) => void c.extensions.push(extension("551d13", true, hex("300a0101ff02050100000000"))),
    ],
  ])("%s gives %s", async (_, code, edit) => {
    const certificate = timeCertificate("P-384", "authority", edit);
    const sid = ({ signerInfo }: TimeStampParts): void => {
      signerInfo.sid = der(0x30, fieldOf(certificate, 3), fieldOf(certificate, 1));
    };
    expect(await codeOf(stamp({ certificate, edit: sid }), [issuer])).toBe(code);
  });

  it.each<[string, string, Uint8Array, TimeKey]>([
    ["P-521", "time-evidence-unsupported", spkiOf(testKey("time", "P-521")), "P-384"],
    ["RSA of 1024 bits", "time-evidence-unsupported", spkiOf(rsaTestKey("time")), "RSA"],
    ["RSA with a modulus of 4104 bits", "time-evidence-unsupported", rsaSpki(new Uint8Array(513).fill(0x7f), hex("010001")), "RSA"],
    ["RSA with exponent 0", "time-evidence-unsupported", rsaSpki(new Uint8Array(256).fill(0xff), hex("00")), "RSA"],
    [
      "RSA with a negative modulus",
      "time-evidence-unsupported",
      rsaSpki(hex("80"), hex("03"), der(0x02, new Uint8Array(256).fill(0x81))),
      "RSA",
    ],
    ["RSA with exponent 1", "time-evidence-signature", rsaSpki(new Uint8Array(256).fill(0xff), hex("01")), "RSA"],
    ["a P-384 key of 96 bytes", "time-evidence-signature", der(0x30, P384, der(0x03, hex("00"), new Uint8Array(96).fill(4))), "P-384"],
    ["a key with unused bits", "time-evidence-form", der(0x30, P384, der(0x03, hex("01"), new Uint8Array(97).fill(4))), "P-384"],
    ["an RSA key under ECDSA", "time-evidence-unsupported", spkiOf(timeKey("authority", "RSA")), "P-384"],
    ["a P-256 key under ecdsa-with-SHA384", "time-evidence-unsupported", spkiOf(timeKey("authority", "P-256")), "P-384"],
  ])("with %s gives %s", async (_, code, spki, key) => {
    const certificate = timeCertificate(key, "authority", (c) => void (c.spki = spki));
    expect(await codeOf(stamp({ key, certificate }), [timeCertificate(key, "issuer")])).toBe(code);
  });

  it.each<[string, string | null, Uint8Array]>([
    ["one name", "Zeit Ü", der(0x30, commonName(0x0c, "Zeit \u00dc"))],
    ["a printable name", "Zeit", der(0x30, commonName(0x13, "Zeit"))],
    ["two names", "last", der(0x30, commonName(0x0c, "first"), commonName(0x0c, "last"))],
    ["no name", null, der(0x30)],
    ["an empty name", null, der(0x30, commonName(0x0c, ""))],
    ["65 bytes", null, der(0x30, commonName(0x0c, "x".repeat(65)))],
    ["BMPString", null, der(0x30, commonName(0x1e, "\0Z"))],
    ["bytes that are not UTF-8", null, der(0x30, der(0x31, der(0x30, hex("0603550403"), der(0x0c, hex("ff")))))],
    ["sets of nothing", null, der(0x30, der(0x31), der(0x31, der(0x30)))],
  ])("is called by %s", async (_, expected, subject) => {
    const certificate = timeCertificate("P-384", "authority", (c) => void (c.subject = subject));
    const { authority } = await verify(stamp({ certificate }), [issuer]);
    expect(authority).toBe(expected ?? Buffer.from(digestOf("sha256", certificate)).toString("hex"));
  });
});

describe("what is pinned", () => {
  it("tells its name and digest", () => {
    expect(parseTimeAuthority(own)).toMatchObject({
      name: "TEST time-stamping authority P-384",
      sha256: Buffer.from(digestOf("sha256", own)).toString("hex"),
    });
  });

  it.each<[string, Uint8Array]>([
    ["nothing", hex("")],
    ["a certificate and a byte", concat(own, hex("00"))],
    ["an authority for servers", timeCertificate("P-384", "authority", (c) => void c.extensions.shift())],
    [
      "an issuer without keyCertSign",
      timeCertificate("P-384", "issuer", (c) => void (c.extensions[1] = extension("551d0f", true, hex("03020780")))),
    ],
    ["an issuer without key usage", timeCertificate("P-384", "issuer", (c) => void c.extensions.pop())],
    [
      "an issuer that is no authority",
      timeCertificate("P-384", "issuer", (c) => void (c.extensions[0] = extension("551d13", true, hex("3000")))),
    ],
    ["an issuer with RSA of 1024 bits", timeCertificate("RSA", "issuer", (c) => void (c.spki = spkiOf(rsaTestKey("time"))))],
  ])("is refused: %s", (_, certificate) => {
    expect(() => parseTimeAuthority(certificate)).toThrow(expect.objectContaining({ code: "trust-time-authority" }) as Error);
  });

  it("may be signed with whatever algorithm", async () => {
    const algorithm = hex("300d06092a864886f70d0101050500"); // SHA-1 with RSA
    const certificate = timeCertificate(
      "P-384",
      "authority",
      (c) => void Object.assign(c, { innerAlgorithm: algorithm, outerAlgorithm: algorithm }),
    );
    expect(await codeOf(stamp({ certificate }), [certificate])).toBe("accepted");
  });
});

function commonName(tag: number, text: string): Uint8Array {
  return der(0x31, der(0x30, hex("0603550403"), der(tag, new TextEncoder().encode(text))));
}

function rsaSpki(modulus: Uint8Array, exponent: Uint8Array, instead = positive(modulus)): Uint8Array {
  return der(0x30, RSA_ENCRYPTION, der(0x03, hex("00"), der(0x30, instead, positive(exponent))));
}
