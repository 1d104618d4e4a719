import { concat, der, hex } from "@caladrius/attestation-verifier/generate/der.ts";
import asn1 from "node-forge/lib/asn1.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBoundedBer } from "./scan-ber.ts";
import { indefinite } from "./test-support/write-cms.ts";

const LIMITS = { depth: 6, elements: 32 };

/** Trees of elements in both forms of length. */
const element = fc.letrec<{ node: Uint8Array; leaf: Uint8Array; tree: Uint8Array }>((tie) => ({
  node: fc.oneof({ depthSize: "small", maxDepth: 4 }, tie("leaf"), tie("tree")),
  leaf: fc.tuple(fc.constantFrom(0x02, 0x04, 0x80), fc.uint8Array({ maxLength: 300 })).map(([tag, bytes]) => der(tag, bytes)),
  tree: fc
    .tuple(fc.boolean(), fc.constantFrom(0x30, 0xa0), fc.array(tie("node"), { maxLength: 3 }))
    .map(([endless, tag, parts]) => (endless ? indefinite(tag, ...parts) : der(tag, ...parts))),
})).node;

describe("isBoundedBer", () => {
  it("takes what it can bound", () => {
    fc.assert(fc.property(element, (bytes) => isBoundedBer(bytes, { depth: 8, elements: 4096 })));
  });

  it("takes nothing that follows, and nothing cut", () => {
    fc.assert(
      fc.property(
        element,
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (bytes, tail, at) => {
          expect(isBoundedBer(concat(bytes, tail), { depth: 8, elements: 4096 })).toBe(false);
          expect(isBoundedBer(bytes.subarray(0, Math.floor(bytes.length * at)), { depth: 8, elements: 4096 })).toBe(false);
        },
      ),
    );
  });

  it("agrees with the reader: what it takes can be read, as deep as it says", () => {
    const bytes = fc.array(fc.constantFrom(0x00, 0x01, 0x02, 0x04, 0x05, 0x30, 0x80, 0x81, 0x82, 0xa0, 0xff), { maxLength: 24 });
    fc.assert(
      fc.property(bytes, (chosen) => {
        const whole = Uint8Array.from(chosen);
        if (!isBoundedBer(whole, LIMITS)) return;
        const options = { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth: LIMITS.depth + 1 };
        asn1.fromDer(Buffer.from(whole).toString("latin1"), options);
      }),
      { numRuns: 20_000 },
    );
  });

  it("takes no element that ends behind the one around it", () => {
    for (const text of [
      "3002040300",
      "300304020000",
      "3001300000",
      "30800403000000",
      "300330800000",
      "30043080000000",
      "3080300305000000",
      "3003308000",
    ])
      expect([text, isBoundedBer(hex(text), LIMITS)]).toEqual([text, false]);
    for (const text of ["30030401aa", "30800401aa0000", "300430800000", "3080300205000000", "3000"])
      expect([text, isBoundedBer(hex(text), LIMITS)]).toEqual([text, true]);
  });

  it("holds depth and count to the limits, exactly", () => {
    const deep = (levels: number): Uint8Array => (levels === 0 ? der(0x05) : indefinite(0x30, deep(levels - 1)));
    expect([isBoundedBer(deep(6), LIMITS), isBoundedBer(deep(7), LIMITS)]).toEqual([true, false]);
    const wide = (count: number): Uint8Array => der(0x30, ...Array.from({ length: count }, () => der(0x05)));
    expect([isBoundedBer(wide(31), LIMITS), isBoundedBer(wide(32), LIMITS)]).toEqual([true, false]);
  });
});
