import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { combineCrc32 } from "./crc.ts";

it("combines the checksums of two stretches into that of both", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
      expect(combineCrc32(crc32(a), crc32(b), b.length)).toBe(crc32(b, crc32(a)));
    }),
  );
  const [long, zeros] = [Buffer.from("a stretch of an image"), Buffer.alloc(2 ** 24 + 3)];
  expect(combineCrc32(crc32(long), crc32(zeros), zeros.length)).toBe(crc32(zeros, crc32(long)));
});
