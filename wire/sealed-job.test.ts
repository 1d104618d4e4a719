import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as wire from "./index.ts";
import { LimitError, WireError, type CborValue } from "./index.ts";
import { b, header, headerBytes } from "./test-support/values.ts";

describe("sealed jobs", () => {
  const sealed = wire.encodeSealedJob({ headerBytes, enc: b(32), ciphertext: b(4112) });

  it("read back, and give the host the header alone", () => {
    expect(wire.decodeSealedJob(sealed)).toEqual({ header, headerBytes, enc: b(32), ciphertext: b(4112) });
    expect(wire.decodeSealedJobHeader(sealed)).toEqual(header);
  });

  it("are refused with wrong lengths, shapes and sizes", () => {
    const bad: CborValue[] = [
      1,
      [headerBytes, new Map(), b(4112)],
      [headerBytes, new Map([[-4, b(31)]]), b(4112)],
      [headerBytes, new Map([[-4, b(32)]]), b(4111)],
      [
        headerBytes,
        new Map([
          [-4, b(32)],
          [5, 1],
        ] as [number, CborValue][]),
        b(4112),
      ],
      [headerBytes, b(1), b(4112)],
      ["x", new Map([[-4, b(32)]]), b(4112)],
      [headerBytes, new Map([[-4, b(32)]]), "x"],
    ];
    for (const value of bad) expect(() => wire.decodeSealedJob(wire.encodeCbor(value))).toThrow(WireError);
    expect(() =>
      wire.decodeSealedJob(
        wire.encodeSealedJob({
          headerBytes: wire.encodeSealedJobHeader({ ...header, paddedBytes: 4097 }),
          enc: b(32),
          ciphertext: b(4113),
        }),
      ),
    ).toThrow(WireError);
  });

  it("pad their content to a bucket and find it again", () => {
    const content = { request: b(500), recording: b(4000), deviceBatch: null };
    const size = wire.jobPaddedBytes({ request: 500, recording: 4000, deviceBatch: 0 });
    expect(size).toBe(6144);
    const padded = wire.encodeJobContent(content, size);
    expect(padded.length).toBe(size);
    expect(wire.decodeJobContent(padded)).toEqual(content);
    const dirty = padded.slice();
    dirty[size - 1] = 1;
    expect(() => wire.decodeJobContent(dirty)).toThrow(WireError);
    expect(() => wire.unpad(Uint8Array.of(0, 0, 1, 0, 0))).toThrow(WireError);
    expect(() => wire.unpad(Uint8Array.of(0, 0))).toThrow(WireError);
    expect(() => wire.encodeJobContent(content, 4096)).toThrow(WireError);
    expect(() => wire.jobPaddedBytes({ request: 1, recording: 33 * 1024 * 1024, deviceBatch: 0 })).toThrow(LimitError);
  });

  it("sizes are buckets of 2^k and 1.5 x 2^k", () => {
    expect([0, 4096, 4097, 6144, 6145, 8193, 50_000].map(wire.sizeBucket)).toEqual([4096, 4096, 6144, 6144, 8192, 12288, 65536]);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 25 }),
        (length) => wire.isSizeBucket(wire.sizeBucket(length)) && wire.sizeBucket(length) >= length,
      ),
    );
    expect(wire.isSizeBucket(2048)).toBe(false);
    expect(wire.isSizeBucket(4096.5)).toBe(false);
  });
});
