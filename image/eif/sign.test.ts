import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { decodeForeignCbor, encodeCbor, type CborValue } from "@caladrius/wire";
import { afterAll, describe, expect, it } from "vitest";
import { ImageError } from "../errors.ts";
import { measureEif, measureParts } from "./measure.ts";
import { readEif } from "./read.ts";
import { signEif } from "./sign.ts";
import { verifySignatureSection } from "./signature.ts";
import { assembleEif } from "./write.ts";

const FIXTURES = new URL("../../../shared/fixtures/eif/", import.meta.url);
const present = existsSync(FIXTURES);
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const folder = mkdtempSync(path.join(tmpdir(), "caladrius-sign-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fixture = (name: string): Buffer => readFileSync(new URL(name, FIXTURES));
const key = present
  ? createPrivateKey({ key: fixture("signing-key.pkcs8.der"), format: "der", type: "pkcs8" })
  : generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey;
const pkcs8 = String(key.export({ format: "pem", type: "pkcs8" }));
const certificate = present ? fixture("signing-cert.pem").toString() : "";

function codeOf(work: () => unknown): string {
  try {
    work();
    return "accepted";
  } catch (error) {
    if (error instanceof ImageError) return error.code;
    throw error;
  }
}

/** The one map of a signature section, with its two byte vectors. */
function entryOf(section: Uint8Array | null): { keys: unknown[]; pem: Uint8Array; cose: CborValue[] } {
  const [map] = decodeForeignCbor(section ?? new Uint8Array(0)) as [Map<string, number[]>];
  const cose = decodeForeignCbor(Uint8Array.from(map.get("signature") ?? [])) as CborValue[];
  return { keys: [...map.keys()], pem: Uint8Array.from(map.get("signing_certificate") ?? []), cose };
}

describe.skipIf(!present)("signing (with the keys of ../shared)", () => {
  it.each<[string, string]>([
    ["PKCS#8", pkcs8],
    ["SEC1", String(key.export({ format: "pem", type: "sec1" }))],
  ])("writes with a %s key what nitro-cli writes, but for the random signature", (_form, pem) => {
    const signed = signEif(fixture("ok-two-ramdisks.eif"), { key: pem, certificate });
    const ours = entryOf(readEif(signed).signature);
    const theirs = entryOf(readEif(fixture("ok-signed.eif")).signature);
    expect(ours.keys).toEqual(theirs.keys);
    expect(ours.pem).toEqual(theirs.pem);
    expect(ours.cose.slice(0, 3)).toEqual(theirs.cose.slice(0, 3));
    expect((ours.cose[3] as Uint8Array).length).toBe(96);
    expect(measureEif(signed)).toEqual(measureEif(fixture("ok-signed.eif")));
    expect(readEif(signed).sections.map(({ kind }) => kind)).toEqual(readEif(fixture("ok-signed.eif")).sections.map(({ kind }) => kind));
  });

  it("keeps header fields and unmeasured sections", () => {
    const before = readEif(fixture("ok-default-mem-differs.eif"));
    const after = readEif(signEif(fixture("ok-default-mem-differs.eif"), { key: pkcs8, certificate }));
    expect([after.defaultMemory, after.defaultCpus, after.architecture]).toEqual([
      before.defaultMemory,
      before.defaultCpus,
      before.architecture,
    ]);
    const plain = (eif: typeof before): unknown => eif.sections.map(({ kind, data }) => [kind, Buffer.from(data).toString("hex")]);
    expect(plain({ ...after, sections: after.sections.slice(0, -1) })).toEqual(plain(before));
  });

  it("keeps a signature that is there unless told", () => {
    const signed = fixture("ok-signed.eif");
    expect(codeOf(() => signEif(signed, { key: pkcs8, certificate }))).toBe("sign-signed");
    const again = signEif(signed, { key: pkcs8, certificate }, { replace: true });
    expect(measureEif(again)).toEqual(measureEif(signed));
    expect(Buffer.from(again).equals(signed)).toBe(false);
  });

  it.each<[string, string, { key?: string; certificate?: string }, string]>([
    ["a key of P-256", "sign-key", { key: newKey("prime256v1") }, "prime256v1"],
    ["a key of P-521", "sign-key", { key: newKey("secp521r1") }, "secp521r1"],
    [
      "an RSA key",
      "sign-key",
      { key: String(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" })) },
      "rsa",
    ],
    [
      "an encrypted key",
      "sign-key",
      { key: String(key.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" })) },
      "encrypted",
    ],
    ["no key", "sign-key", { key: "" }, "no private key"],
    ["a key of another certificate", "sign-certificate", { key: newKey("secp384r1") }, "another key"],
    ["no certificate", "sign-certificate", { certificate: "x" }, "not one PEM"],
    ["two certificates", "sign-certificate", { certificate: certificate + certificate }, "not one PEM"],
  ])("is refused with %s: %s", (_what, code, change, words) => {
    const sign = (): unknown => signEif(fixture("ok-two-ramdisks.eif"), { key: pkcs8, certificate, ...change });
    expect(codeOf(sign)).toBe(code);
    expect(sign).toThrow(words);
  });

  it.skipIf(!hasOpenssl)("is verified by openssl", () => {
    const { pem, cose } = entryOf(readEif(signEif(fixture("ok-one-ramdisk.eif"), { key: pkcs8, certificate })).signature);
    const [protectedHeader, , payload, signature] = cose as [Uint8Array, unknown, Uint8Array, Uint8Array];
    const file = (name: string, content: Uint8Array | string): string => {
      writeFileSync(path.join(folder, name), content);
      return path.join(folder, name);
    };
    const publicKey = file("key.pem", execFileSync("openssl", ["x509", "-pubkey", "-noout"], { input: pem }));
    const signed = file("signed", encodeCbor(["Signature1", protectedHeader, new Uint8Array(0), payload]));
    const verify = (der: Buffer): string =>
      spawnSync("openssl", ["dgst", "-sha384", "-verify", publicKey, "-signature", file("signature", der), signed], { encoding: "utf8" })
        .stdout;
    const [r, s] = [signature.subarray(0, 48), signature.subarray(48)];
    expect(verify(ecdsaDer(r, s))).toContain("Verified OK");
    expect(verify(ecdsaDer(s, r))).not.toContain("Verified OK");
  });
});

describe.skipIf(!present)("a signature section (with the keys of ../shared)", () => {
  const eif = present ? readEif(fixture("ok-signed.eif")) : null;
  const pcr0 = eif === null ? new Uint8Array(48) : measureParts(eif).pcr0;
  const der = present ? new X509Certificate(certificate).raw : Buffer.alloc(0);
  const pemOf = (bytes: Buffer): string => `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64")}\n-----END CERTIFICATE-----\n`;

  /** The section of the fixture with its certificate or its COSE_Sign1 replaced. */
  function sectionWith(change: { pem?: string; cose?: (parts: CborValue[]) => CborValue; elements?: number }): Uint8Array {
    const { pem, cose } = entryOf(eif?.signature ?? null);
    const element = new Map<string, CborValue>([
      ["signing_certificate", [...(change.pem === undefined ? pem : Buffer.from(change.pem))]],
      ["signature", [...encodeCbor(change.cose === undefined ? cose : change.cose([...cose]))]],
    ]);
    return encodeCbor(Array.from({ length: change.elements ?? 1 }, () => element));
  }

  it("is accepted as it is, and written in another order of keys", () => {
    expect(verifySignatureSection(eif?.signature ?? new Uint8Array(0), pcr0)).toEqual({
      algorithm: "ES384",
      certificate: new Uint8Array(der),
    });
    expect(verifySignatureSection(sectionWith({}), pcr0).algorithm).toBe("ES384");
    expect(verifySignatureSection(sectionWith({ pem: `\n${certificate}\n\n` }), pcr0).algorithm).toBe("ES384");
  });

  it.each<[string, string, () => Uint8Array]>([
    ["two elements", "eif-signature-count", () => sectionWith({ elements: 2 })],
    ["no element", "eif-signature-count", () => sectionWith({ elements: 0 })],
    ["bytes after the certificate", "eif-signature-certificate", () => sectionWith({ pem: pemOf(Buffer.concat([der, Buffer.alloc(1)])) })],
    ["bytes after the PEM block", "eif-signature-certificate", () => sectionWith({ pem: `${certificate}x` })],
    ["a second certificate", "eif-signature-certificate", () => sectionWith({ pem: certificate + certificate })],
    ["a certificate in DER", "eif-signature-certificate", () => sectionWith({ pem: der.toString("latin1") })],
    ["no base64", "eif-signature-certificate", () => sectionWith({ pem: certificate.replace("MII", "M=I") })],
    ["a changed signature", "eif-signature-invalid", () => sectionWith({ cose: ([a = 0, b = 0, c = 0, d]) => [a, b, c, flipped(d)] })],
    [
      "a short signature",
      "eif-signature",
      () => sectionWith({ cose: ([a = 0, b = 0, c = 0, d]) => [a, b, c, (d as Uint8Array).subarray(1)] }),
    ],
    ["ES256 named", "eif-signature", () => sectionWith({ cose: ([, b = 0, c = 0, d = 0]) => [encodeCbor(new Map([[1, -7]])), b, c, d] })],
    ["EdDSA named", "eif-signature", () => sectionWith({ cose: ([, b = 0, c = 0, d = 0]) => [encodeCbor(new Map([[1, -8]])), b, c, d] })],
    ["three parts", "eif-signature", () => sectionWith({ cose: (parts) => parts.slice(1) })],
  ])("is refused with %s: %s", (_what, code, section) => {
    expect(codeOf(() => verifySignatureSection(section(), pcr0))).toBe(code);
  });

  it("is refused twice in one image, or over another PCR0", () => {
    if (eif === null) return;
    const signature = eif.sections.filter(({ kind }) => kind === "signature");
    expect(codeOf(() => measureEif(assembleEif([...eif.sections, ...signature], eif)))).toBe("eif-signature-count");
    expect(codeOf(() => verifySignatureSection(sectionWith({}), new Uint8Array(48)))).toBe("eif-signature-pcr0");
  });
});

function newKey(namedCurve: string): string {
  return String(generateKeyPairSync("ec", { namedCurve }).privateKey.export({ format: "pem", type: "pkcs8" }));
}

function flipped(value: CborValue | undefined): Uint8Array {
  const copy = Uint8Array.from(value as Uint8Array);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}

/** ECDSA-Sig-Value (RFC 5480 appendix A). */
function ecdsaDer(r: Uint8Array, s: Uint8Array): Buffer {
  const integer = (value: Uint8Array): Buffer => {
    const from = value.findIndex((octet) => octet !== 0);
    const rest = value.subarray(from);
    return (rest[0] ?? 0) > 127
      ? Buffer.concat([Buffer.from([2, rest.length + 1, 0]), rest])
      : Buffer.concat([Buffer.from([2, rest.length]), rest]);
  };
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}
