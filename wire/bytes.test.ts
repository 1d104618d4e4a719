import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareBytes, concatBytes, equalBytes, fromBase64, fromHex, toBase64, toHex, utf8Decode, utf8Encode, WireError } from "./index.ts";

describe("bytes", () => {
  it("hex and base64 are inverse and agree with Node", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it("refuses text that is not canonical", () => {
    for (const text of ["0", "0G", "AB", " 00"]) expect(() => fromHex(text)).toThrow(WireError);
    for (const text of ["A", "AA", "AA=A", "AB==", "AAB=", "A===", "AA\n=", "-_AA"]) expect(() => fromBase64(text)).toThrow(WireError);
  });

  it("compares, joins and decodes", () => {
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(2))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1))).toBe(true);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(a, b)));
      }),
    );
    expect(concatBytes(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    expect(utf8Decode(utf8Encode("\ufeffü"))).toBe("\ufeffü");
    expect(() => utf8Decode(Uint8Array.of(0xff))).toThrow(WireError);
  });
});
