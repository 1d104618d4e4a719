import { generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { toHex } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCertificate, type Certificate } from "../evidence/certificate.ts";
import { decodeEnvelope } from "../evidence/envelope.ts";
import { parsePayload } from "../evidence/payload.ts";
import { concat, der, extension, hex, utcTime } from "../generate/der.ts";
import { keyOf, makeCertificate, makeChain, NOW_MS, OID, spkiOf, type CertificateParts, type Place } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { Refusal } from "../verdict/refusal.ts";
import { derElements, type DerElement } from "./generate/der-elements.ts";
import { chain } from "./generate/genuine.ts";

// OpenSSL, through node:crypto, judges our reader: what ours reads, it must read, and as the same certificate.
const PLACES: readonly Place[] = ["root", "regional", "zonal", "instance", "leaf"];
const tests = [...chain.cabundle, chain.certificate];
const spkiHead = hex("3076301006072a8648ce3d020106052b81040022036200");

/** Ours, or the code of its refusal. */
function ours(bytes: Uint8Array): Certificate | string {
  try {
    return readCertificate(bytes, "certificate");
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

/** Node's, or null where it refuses. */
function theirs(bytes: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(bytes);
  } catch {
    return null;
  }
}

/** A key that Node cannot read is no point of the curve. */
function keyInside(certificate: X509Certificate): KeyObject | null {
  try {
    return certificate.publicKey;
  } catch {
    return null;
  }
}

/** Compares everything both can say about one certificate, and about signatures by the key `issuer`. */
function compare(bytes: Uint8Array, issuer: { point: Uint8Array; key: KeyObject }): boolean {
  const own = ours(bytes);
  if (typeof own === "string") return false;
  const other = theirs(bytes);
  expect(other, `Node refuses ${toHex(bytes)}`).not.toBeNull();
  if (other === null) return false;
  expect(toHex(new Uint8Array(other.raw))).toBe(toHex(bytes));
  expect(BigInt(`0x${toHex(own.serial)}`)).toBe(BigInt(`0x${other.serialNumber}`));
  expect([own.notBeforeMs, own.notAfterMs]).toEqual([other.validFromDate.getTime(), other.validToDate.getTime()]);
  for (const [name, text] of [
    [own.subject, other.subject],
    [own.issuer, other.issuer],
  ] as const) {
    const lines = linesOf(name.der);
    if (lines !== null) expect(text.split("\n")).toEqual(lines);
    if (/^[\w. -]*[\w.-]$/.test(name.commonName)) expect(text.split("\n")).toContain(`CN=${name.commonName}`);
  }
  const key = keyInside(other);
  if (key !== null) expect(toHex(spkiOf(key))).toBe(toHex(concat(spkiHead, own.publicKey)));
  else expect(signatures.verifyEs384(own.publicKey, own.toBeSigned, own.signature)).toBe(false);
  const { basicConstraints, keyUsage } = own;
  // X509_check_ca: constraints that say so, and no key usage that forbids it. OpenSSL takes no certificate for an authority
  // whose names, distribution points or extended usage it cannot read; ours passes them over where they are not critical.
  const authority = basicConstraints?.authority === true && (keyUsage === null || (keyUsage.bits & 0x04) !== 0);
  if (other.ca || !/0603551d(?:11|1f|25)/.test(toHex(bytes))) expect(other.ca).toBe(authority);
  expect(signatures.verifyEs384(issuer.point, own.toBeSigned, own.signature)).toBe(other.verify(issuer.key));
  return true;
}

const keyOfPlace = (place: Place): { point: Uint8Array; key: KeyObject } => {
  const key = theirs(tests[PLACES.indexOf(place)] ?? hex(""))?.publicKey ?? keyOf(place);
  return { key, point: spkiOf(key).subarray(-97) };
};
const issuerOf = (index: number): { point: Uint8Array; key: KeyObject } => keyOfPlace(PLACES[Math.max(0, index - 1)] ?? "root");

describe("certificates that our reader accepts", () => {
  it.each(PLACES.map((place, i) => [place, i] as const))("are read alike by Node: %s", (_, i) => {
    expect(compare(tests[i] ?? hex(""), issuerOf(i))).toBe(true);
    expect(theirs(tests[i] ?? hex(""))?.verify(issuerOf(i).key)).toBe(true);
    expect(theirs(tests[i] ?? hex(""))?.verify(keyOfPlace("leaf").key)).toBe(false);
  });

  it("are read alike after one element of their DER was changed, with all lengths around it set right", () => {
    let accepted = 0;
    const change = fc.record({
      how: fc.constantFrom("bit", "bit", "bit", "longer", "shorter", "empty", "zero", "tag", "double", "gone", "swap", "bytes"),
      by: fc.nat(1_000_000),
      bytes: fc.uint8Array({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(fc.nat(4), fc.nat(200), change, (which, position, { how, by, bytes }) => {
        const certificate = tests[which] ?? hex("");
        const elements = derElements(certificate);
        const element = elements[position % elements.length];
        if (element === undefined) return;
        const changed = rebuilt(certificate, element, edited(certificate, elements, element, how, by, bytes));
        if (compare(changed, issuerOf(which))) accepted++;
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(50); // the changes do leave certificates that both read
  });

  it("are read alike whatever one byte says", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.nat(4), fc.nat(1023), fc.integer({ min: 1, max: 255 }), (which, at, mask) => {
        const certificate = tests[which] ?? hex("");
        const place = at % certificate.length;
        if (compare(certificate.with(place, (certificate[place] ?? 0) ^ mask), issuerOf(which))) accepted++;
      }),
      { numRuns: 800 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe("certificates that Node accepts", () => {
  const [root = hex(""), , zonal = hex("")] = tests;
  const edit = (change: (parts: CertificateParts) => void): Uint8Array => {
    let changed = hex("");
    makeChain((parts) => {
      change(parts.zonal);
      changed = makeCertificate(parts.zonal);
    });
    return changed;
  };
  const constraints = (value: string): Uint8Array => extension(OID.basicConstraints, true, hex(value));
  const only = (...extensions: Uint8Array[]): Uint8Array => edit((p) => (p.extensions = extensions));

  it.each<[string, string, Uint8Array]>([
    ["trailing bytes", "certificate-der", concat(zonal, hex("00"))],
    ["another certificate behind it", "certificate-der", concat(zonal, root).subarray(0, 1024)],
    ["PEM", "certificate-der", new Uint8Array(Buffer.from(new X509Certificate(zonal).toString()))],
    ["an indefinite length (BER)", "certificate-der", concat(hex("3080"), zonal.subarray(4), hex("0000"))],
    ["a length with a leading zero (BER)", "certificate-der", concat(hex("308300"), zonal.subarray(2))],
    ["version 1 with extensions", "certificate-version", edit((p) => (p.version = hex("")))],
    ["version 4", "certificate-version", edit((p) => (p.version = hex("a003020103")))],
    ["a negative serial number", "certificate-serial", edit((p) => (p.serial = hex("020180")))],
    ["serial number zero", "certificate-serial", edit((p) => (p.serial = hex("020100")))],
    ["a serial number of 40 bytes", "certificate-serial", edit((p) => (p.serial = der(0x02, new Uint8Array(40).fill(1))))],
    ["GeneralizedTime", "certificate-time", edit((p) => (p.notAfter = der(0x18, Buffer.from("20270101000000Z"))))],
    [
      "an end before the beginning",
      "certificate-validity-order",
      edit((p) => ((p.notBefore = utcTime(NOW_MS)), (p.notAfter = utcTime(NOW_MS - 1000)))),
    ],
    ["a P-256 key", "certificate-key", edit((p) => (p.spki = spkiOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey)))],
    ["an RSA key", "certificate-key", edit((p) => (p.spki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey)))],
    ["an Ed25519 key", "certificate-key", edit((p) => (p.spki = spkiOf(generateKeyPairSync("ed25519").publicKey)))],
    [
      "a signature by SHA-256",
      "certificate-algorithm",
      edit((p) => ((p.hash = "sha256"), (p.innerAlgorithm = p.outerAlgorithm = hex("300a06082a8648ce3d040302")))),
    ],
    ["two algorithms", "certificate-algorithm", edit((p) => (p.innerAlgorithm = hex("300a06082a8648ce3d040302")))],
    ["an empty signature", "certificate-der", edit((p) => (p.finishSignature = () => hex("00")))],
    ["a signature with a byte behind it", "certificate-signature", edit((p) => (p.finishSignature = (bits) => concat(bits, hex("00"))))],
    ["no extensions in their list", "certificate-der", only()],
    ["an extension twice", "certificate-extension-duplicate", only(constraints("3000"), constraints("3000"))],
    ["an unknown critical extension", "certificate-extension-critical", only(constraints("3000"), extension("2a03", true, hex("0500")))],
    ["name constraints", "certificate-extension-critical", only(constraints("3000"), extension("551d1e", false, hex("3000")))],
    ["BOOLEAN 01", "certificate-der", only(constraints("3003010101"))],
    ["FALSE written out", "certificate-der", only(constraints("3003010100"))],
    ["a byte behind the constraints", "certificate-der", only(constraints("300000"))],
    ["a negative path length", "certificate-path-length", only(constraints("30060101ff0201ff"))],
    ["a path length of 2^40", "certificate-path-length", only(constraints("300b0101ff0206010000000000"))],
    [
      "key usage with bits that are said to be unused",
      "certificate-key-usage",
      only(constraints("3000"), extension(OID.keyUsage, true, hex("03020786"))),
    ],
    ["no common name", "certificate-name", edit((p) => (p.subject = hex("3000")))],
  ])("are refused by ours: %s", (_, code, bytes) => {
    expect(theirs(bytes)).not.toBeNull();
    expect(ours(bytes)).toBe(code);
  });
});

const fixtures = new URL("../../../shared/fixtures/attestation/", import.meta.url);
const present = existsSync(new URL("index.json", fixtures));

describe.skipIf(!present)("certificates of real documents (fixtures beside the repository)", () => {
  const documents = present
    ? (JSON.parse(readFileSync(new URL("index.json", fixtures), "utf8")) as { file: string }[]).map(({ file }) =>
        file.replace("attestation/", ""),
      )
    : [];
  it.each(documents)("are read alike by Node: %s", (file) => {
    const { payload } = decodeEnvelope(new Uint8Array(readFileSync(new URL(file, fixtures))));
    const { cabundle, certificate } = parsePayload(payload);
    let issuer = cabundle[0] ?? hex("");
    for (const one of [...cabundle, certificate]) {
      const key = new X509Certificate(issuer).publicKey;
      expect(compare(one, { key, point: spkiOf(key).subarray(-97) })).toBe(true);
      expect(new X509Certificate(one).verify(key)).toBe(true);
      issuer = one;
    }
  });
});

/** Lines as Node prints a name, if it holds only what is printed without escapes; else null. */
function linesOf(name: Uint8Array): string[] | null {
  const lines = derElements(name)
    .filter(({ tag, path }) => path === "30/31/30/06" || (path.startsWith("30/31/30/") && tag !== 0x30))
    .map(({ at, header, length }) => name.subarray(at + header, at + length));
  const found: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const type = TYPES[toHex(lines[i] ?? hex(""))];
    const value = Buffer.from(lines[i + 1] ?? hex("")).toString("latin1");
    if (type === undefined || !/^[\w. -]*[\w.-]$/.test(value) || value.startsWith(" ")) return null;
    found.push(`${type}=${value}`);
  }
  return found;
}

const TYPES: Readonly<Record<string, string>> = {
  "550403": "CN",
  "550406": "C",
  "550407": "L",
  "550408": "ST",
  "55040a": "O",
  "55040b": "OU",
};

/** Other bytes for one element: itself with its content changed, twice, gone, or that of another place. */
function edited(
  whole: Uint8Array,
  elements: readonly DerElement[],
  { at, header, length, tag }: DerElement,
  how: string,
  by: number,
  bytes: Uint8Array,
): Uint8Array {
  const element = whole.subarray(at, at + length);
  const content = whole.subarray(at + header, at + length);
  const other = elements[by % elements.length];
  switch (how) {
    case "bit":
      return content.length === 0
        ? element
        : der(tag, content.with(by % content.length, (content[by % content.length] ?? 0) ^ (1 << (by % 8))));
    case "longer":
      return der(tag, content, Uint8Array.of(by & 255));
    case "shorter":
      return der(tag, content.subarray(0, -1));
    case "empty":
      return der(tag);
    case "zero":
      return der(tag, Uint8Array.of(0), content);
    case "tag":
      return der([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0xa0][by % 14] ?? 0, content);
    case "double":
      return concat(element, element);
    case "gone":
      return hex("");
    case "swap":
      return other === undefined ? element : whole.subarray(other.at, other.at + other.length);
    default:
      return der(tag, bytes);
  }
}

/** The whole with another element in the place of one, and the lengths of all around it set right. */
function rebuilt(whole: Uint8Array, target: DerElement, replacement: Uint8Array, from = 0, to: number = whole.length): Uint8Array {
  const parts: Uint8Array[] = [];
  const level = derElements(whole, from, to).filter(({ path }) => !path.includes("/"));
  for (const { at, header, length, tag } of level) {
    const content = whole.subarray(at + header, at + length);
    if (at === target.at) parts.push(replacement);
    else if (target.at > at && target.at < at + length) {
      const prefix = tag === 0x03 ? 1 : 0; // the count of unused bits
      parts.push(der(tag, content.subarray(0, prefix), rebuilt(whole, target, replacement, at + header + prefix, at + length)));
    } else parts.push(whole.subarray(at, at + length));
  }
  return concat(...parts);
}
