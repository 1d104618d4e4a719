import { describe, expect, it } from "vitest";
import { der, hex, name } from "../generate/der.ts";
import { makeList } from "../generate/test-crl.ts";
import { NOW_MS } from "../generate/test-pki.ts";
import { describeCertificateList } from "./describe-list.ts";

describe("what a revocation list says of itself", () => {
  it("is its issuer and its two times", () => {
    expect(describeCertificateList(makeList("root"), "root.crl")).toEqual({
      issuer: "test.nitro-enclaves",
      thisUpdateMs: NOW_MS - 3_600_000,
      nextUpdateMs: NOW_MS + 7 * 24 * 3_600_000,
    });
  });

  it("names no issuer without a common name, or with one that would act on a terminal", () => {
    const unnamed = makeList("root", (parts) => void (parts.issuer = name([["O", "Amazon"]])));
    const hidden = makeList("root", (parts) => void (parts.issuer = name([["CN", "a\u0007"]])));
    expect([unnamed, hidden].map((list) => describeCertificateList(list, "x").issuer)).toEqual([null, null]);
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["text", new Uint8Array(Buffer.from("-----BEGIN X509 CRL-----"))],
    ["a sequence of nothing", der(0x30, hex(""))],
    ["half of one", makeList("root").subarray(0, 200)],
  ])("is nothing, of %s", (_, bytes) => {
    expect(() => describeCertificateList(bytes, "root.crl")).toThrow(expect.objectContaining({ code: "crl-form" }));
  });
});
