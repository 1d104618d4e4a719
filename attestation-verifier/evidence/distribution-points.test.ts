import { existsSync, readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ascii, concat, der, extension, hex } from "../generate/der.ts";
import { distributionPoints, LIST_OID } from "../generate/test-crl.ts";
import { makeChain } from "../generate/test-pki.ts";
import { parseTrustAnchor } from "./anchor.ts";
import { AWS_NITRO_ROOT_G1 } from "./aws-root-g1.ts";
import { readChain, type Chain } from "./chain.ts";
import { crlDistributionPoints } from "./distribution-points.ts";
import { decodeEnvelope } from "./envelope.ts";
import { parsePayload } from "./payload.ts";

const uri = (text: string): Uint8Array => der(0x86, ascii(text));
const point = (...names: Uint8Array[]): Uint8Array => der(0x30, der(0xa0, der(0xa0, ...names)));
const urlsOf = (value: Uint8Array): readonly string[] => crlDistributionPoints({ distributionPoints: value, place: "certificate" });
const A = "http://a.example/1.crl";
const B = "http://b.example/2.crl";

function chainWith(value: Uint8Array): Chain {
  const { root, cabundle, certificate } = makeChain(({ regional }) => regional.extensions.push(value));
  return readChain(cabundle, certificate, [parseTrustAnchor(root)]);
}

describe("distribution points", () => {
  it("give the URLs of the certificate, in order", () => {
    expect(crlDistributionPoints(chainWith(distributionPoints(A, B)).regional)).toEqual([A, B]);
    expect(urlsOf(der(0x30, point(uri(B), uri(A))))).toEqual([B, A]);
  });

  it("are absent from a certificate without them", () => {
    const { regional, leaf } = chainWith(distributionPoints(A));
    expect(leaf.distributionPoints).toBeNull();
    expect(crlDistributionPoints(leaf)).toEqual([]);
    expect(regional.distributionPoints).not.toBeNull();
  });

  it("must not be critical, since that forbids what a caller without lists does", () => {
    expect(() => chainWith(extension(LIST_OID.distributionPoints, true, der(0x30, point(uri(A)))))).toThrow(
      expect.objectContaining({ code: "certificate-extension-critical" }),
    );
  });

  it.each<[string, Uint8Array]>([
    ["an empty list", hex("3000")],
    ["a point without a name", hex("30023000")],
    ["a full name without names", hex("30063004a002a000")],
    ["a point with reasons", der(0x30, der(0x30, der(0xa0, der(0xa0, uri(A))), hex("81020640")))],
    ["a point of another issuer", der(0x30, der(0x30, der(0xa0, der(0xa0, uri(A))), der(0xa2, uri(A))))],
    ["a relative name", der(0x30, der(0x30, der(0xa0, der(0xa1, uri(A)))))],
    ["a directory name", der(0x30, point(der(0xa4, hex("3000"))))],
    ["a URL beside a mail address", der(0x30, point(uri(A), der(0x81, ascii("a@b"))))],
    ["an empty URL", der(0x30, point(uri("")))],
    ["a URL with a space", der(0x30, point(uri("http://a.example/ 1.crl")))],
    ["a URL with a control character", der(0x30, point(uri("http://a.example/\u001b[2J")))],
    ["a URL that is not ASCII", der(0x30, point(uri("http://\u00e4.example/")))],
    ["bytes behind the list", concat(der(0x30, point(uri(A))), hex("00"))],
    ["BER", concat(hex("3080"), point(uri(A)), hex("0000"))],
    ["nothing", hex("")],
    ["one good point beside a bad one", der(0x30, point(uri(A)), hex("3000"))],
  ])("give no URL, and refuse nothing, for %s", (_, value) => {
    expect(urlsOf(value)).toEqual([]);
    const { regional } = chainWith(extension(LIST_OID.distributionPoints, false, value));
    expect(regional.distributionPoints).toEqual(value);
  });

  it("give printable URLs or none for any bytes", () => {
    const near = fc.tuple(fc.nat(49), fc.nat(255)).map(([at, byte]) => der(0x30, point(uri(A), uri(B))).with(at, byte));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), near), (bytes) => {
        for (const url of urlsOf(bytes)) expect(url).toMatch(/^[!-~]+$/);
      }),
    );
  });

  it("pass on what is no refusal", () => {
    const broken = new Proxy(hex("3000"), { get: () => { throw new RangeError("broken"); } }); // oxfmt-ignore
    expect(() => urlsOf(broken)).toThrow(RangeError);
  });
});

const fixtures = new URL("../../../shared/fixtures/attestation/", import.meta.url);
const present = existsSync(fixtures);

describe.skipIf(!present)("distribution points of real documents (fixtures beside the repository)", () => {
  const files = present ? readdirSync(fixtures).filter((file) => file.endsWith(".cose")) : [];

  it.each(files)("%s", (file) => {
    const { cabundle, certificate } = parsePayload(decodeEnvelope(new Uint8Array(readFileSync(new URL(file, fixtures)))).payload);
    const { regional, zonal, instance, leaf } = readChain(cabundle, certificate, [AWS_NITRO_ROOT_G1]);
    const region = file.split("_")[1] ?? "";
    expect(crlDistributionPoints(regional)).toEqual([
      expect.stringMatching(/^http:\/\/aws-nitro-enclaves-crl\.s3\.amazonaws\.com\/crl\/[0-9a-f-]{36}\.crl$/),
    ]);
    expect(crlDistributionPoints(zonal)).toEqual([
      expect.stringMatching(
        new RegExp(`^http://crl-${region}-aws-nitro-enclaves\\.s3\\.${region}\\.amazonaws\\.com/crl/[0-9a-f-]{36}\\.crl$`),
      ),
    ]);
    expect([instance.distributionPoints, leaf.distributionPoints]).toEqual([null, null]);
  });
});
