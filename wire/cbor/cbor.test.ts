import { decode as cborgDecode, encode as cborgEncode, rfc8949EncodeOptions } from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, decodeCbor, decodeForeignCbor, encodeCbor, LimitError, toHex, WireError, type CborValue } from "../index.ts";

const key = fc.oneof(fc.integer({ min: -(2 ** 32), max: Number.MAX_SAFE_INTEGER }), fc.string({ maxLength: 12 }));
const leaf = fc.oneof(
  fc.maxSafeInteger().map((n) => Math.max(n, -(2 ** 32))),
  fc.string(),
  fc.uint8Array({ maxLength: 40 }),
  fc.boolean(),
  fc.constant(null),
);
const anyCbor = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf.map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.array(tie("value"), { maxLength: 5 }),
    fc
      .array(fc.tuple(key, tie("value")), { maxLength: 5 })
      .map((entries) => new Map(entries.map(([k, v]) => [Object.is(k, -0) ? 0 : k, v]))),
  ),
})).value;

describe("cbor", () => {
  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(anyCbor, (value) => {
        expect(sorted(decodeCbor(encodeCbor(value)))).toEqual(sorted(value));
      }),
    );
  });

  it("writes what cborg writes by RFC 8949 §4.2.1", () => {
    fc.assert(
      fc.property(anyCbor, (value) => {
        expect(toHex(encodeCbor(value))).toBe(toHex(cborgEncode(value, rfc8949EncodeOptions)));
      }),
    );
  });

  it("accepts only bytes that it would write itself", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const value = attempt(() => decodeCbor(bytes));
        if (value !== undefined) expect(toHex(encodeCbor(value))).toBe(toHex(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it("accepts nothing that cborg refuses in strict mode", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        if (attempt(() => decodeForeignCbor(bytes)) === undefined) return;
        cborgDecode(bytes, { strict: true, useMaps: true, rejectDuplicateMapKeys: true, allowIndefinite: true, allowBigInt: true });
      }),
      { numRuns: 5000 },
    );
  });

  it("refuses any one bit more or less of a document without crashing", () => {
    const bytes = encodeCbor(
      new Map<string, CborValue>([
        ["a", [1, "ü", new Uint8Array(30)]],
        ["b", new Map([[1, null]])],
      ]),
    );
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      attempt(() => decodeCbor(flipped));
      attempt(() => decodeForeignCbor(flipped));
    }
  });

  it("holds every limit", () => {
    expect(() => decodeCbor(new Uint8Array(11), { maxBytes: 10 })).toThrow(LimitError);
    expect(() => decodeCbor(encodeCbor([[1]]), { maxDepth: 1 })).toThrow(LimitError);
    expect(() => decodeCbor(encodeCbor(new Map([["a", new Map()]])), { maxDepth: 1 })).toThrow(LimitError);
    expect(() => decodeCbor(encodeCbor([1, 2, 3]), { maxItems: 3 })).toThrow(LimitError);
    const longKey = concatBytes(Uint8Array.of(0xa1), encodeCbor("k".repeat(255)), Uint8Array.of(1)); // 257 with its head, one too many
    for (const decode of [decodeCbor, decodeForeignCbor]) expect(() => decode(longKey)).toThrow(LimitError);
  });

  it("refuses to write what it would not read", () => {
    const refused: unknown[] = [
      1.5,
      -0,
      Number.NaN,
      2 ** 53,
      -(2 ** 33),
      "\ud800",
      undefined,
      {},
      5n,
      new Map([[{}, 1]]),
      new Map([[1.5, 1]]),
      new Map([["k".repeat(255), 1]]),
    ];
    for (const value of refused) expect(() => encodeCbor(value as CborValue)).toThrow(WireError);
  });

  it("keeps a byte order mark: two keys that differ by it stay two", () => {
    for (const length of [0, 70]) {
      const text = `\ufeff${"a".repeat(length)}`;
      const value = new Map<string, CborValue>([
        [text.slice(1), text],
        [text, 1],
      ]);
      for (const decode of [decodeCbor, decodeForeignCbor]) expect([...(decode(encodeCbor(value)) as typeof value)]).toEqual([...value]);
    }
  });

  it("gives plain byte arrays, also of Node's Buffer", () => {
    const inside = decodeCbor(Buffer.from(encodeCbor([Uint8Array.of(1, 2)]))) as readonly Uint8Array[];
    expect(inside[0]?.constructor).toBe(Uint8Array);
  });

  it("writes values of any size, a large one before a small one", () => {
    const large = [new Uint8Array(100_000).fill(7), "x".repeat(70_000), Array.from({ length: 30_000 }, (_, i) => i)];
    for (const value of [large, [1], large]) expect(decodeCbor(encodeCbor(value))).toEqual(value);
  });

  it("puts keys in order whatever they share", () => {
    const keys = ["aaaaaaab", "aaaaaaaa", "b", 24, 23, -1, 0];
    expect([...(decodeCbor(encodeCbor(new Map(keys.map((one) => [one, null])))) as Map<number | string, null>).keys()]).toEqual([
      0,
      23,
      24,
      -1,
      "b",
      "aaaaaaaa",
      "aaaaaaab",
    ]);
  });

  it("does not touch the caller's array", () => {
    const bytes = encodeCbor([1, "a"]);
    decodeCbor(bytes);
    expect(Object.keys(bytes)).toEqual(Object.keys(new Uint8Array(bytes.length)));
  });

  it("reads maps of indefinite length inside indefinite arrays", () => {
    expect(decodeForeignCbor(Uint8Array.of(0x9f, 0xbf, 0x01, 0x02, 0xff, 0xff))).toEqual([new Map([[1, 2]])]);
    expect(() => decodeForeignCbor(Uint8Array.of(0xbf, 0x01, 0x02))).toThrow(WireError);
    expect(() => decodeForeignCbor(Uint8Array.of(0xbf, 0x01, 0xff))).toThrow(WireError);
  });
});

/** Maps compare by content, whatever order they were built in. */
function sorted(value: CborValue): unknown {
  if (value instanceof Map)
    return new Map(
      [...(value as ReadonlyMap<number | string, CborValue>)]
        .map(([k, v]) => [k, sorted(v)] as const)
        .toSorted((a, b) => (JSON.stringify(a[0]) < JSON.stringify(b[0]) ? -1 : 1)),
    );
  if (Array.isArray(value)) return (value as CborValue[]).map(sorted);
  return value instanceof Uint8Array ? toHex(value) : value;
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof WireError || error instanceof LimitError) return undefined;
    throw error;
  }
}
