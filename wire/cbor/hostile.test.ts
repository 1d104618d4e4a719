import { describe, expect, it } from "vitest";
import { concatBytes, decodeCbor, decodeForeignCbor, encodeCbor, fromHex, LimitError, toHex, WireError, type CborValue } from "../index.ts";

const READINGS = [decodeCbor, decodeForeignCbor];
/** How much larger the large input is. */
const TIMES = 30;
const WIDE = { maxItems: 1_000_000, maxDepth: 16 };
const BREAK = Uint8Array.of(0xff);

describe("lengths and counts", () => {
  // giant ones in every integer width, at every place of a small item
  const giants = ["1817", "18ff", "19ffff", "1affffffff", "1b0000ffffffffffff", "1b001fffffffffffff", "1bffffffffffffffff"].map(fromHex);
  const places: [string, (giant: Uint8Array) => Uint8Array][] = [
    ["alone", (giant) => giant],
    ["in an array", (giant) => concatBytes(fromHex("8201"), giant)],
    ["as a value", (giant) => concatBytes(fromHex("a101"), giant)],
    ["as a key", (giant) => concatBytes(fromHex("a1"), giant, fromHex("00"))],
    ["in an indefinite array", (giant) => concatBytes(fromHex("9f"), giant, BREAK)],
    ["in an indefinite map", (giant) => concatBytes(fromHex("bf00"), giant, BREAK)],
  ];
  it.each(places)("are compared with the bytes left %s", (_, place) => {
    for (const major of [2, 3, 4, 5])
      for (const giant of giants) {
        const bytes = place(giant.with(0, (giant[0] ?? 0) | (major << 5)));
        for (const decode of READINGS)
          expect(
            codeOf(() => decode(bytes)),
            toHex(bytes),
          ).toMatch(/^cbor-/);
      }
  });

  it("are missed when bytes are cut off at any place", () => {
    const bytes = encodeCbor(
      new Map<string, CborValue>([
        ["a", [1, -300, 70_000, 2 ** 40, null, true, "text", "x".repeat(300)]],
        ["ü", new Map([[1, new Uint8Array(300)]])],
      ]),
    );
    const indefinite = fromHex("bf61619f01ff6162bf0102ffff");
    for (let cut = 0; cut < bytes.length; cut++)
      for (const decode of READINGS) expect(codeOf(() => decode(bytes.subarray(0, cut)))).toBe("cbor-truncated");
    for (let cut = 0; cut < indefinite.length; cut++)
      expect(codeOf(() => decodeForeignCbor(indefinite.subarray(0, cut)))).toBe("cbor-truncated");
    expect(decodeForeignCbor(indefinite)).toBeInstanceOf(Map);
  });

  it("of maps end at 1024 entries, definite and indefinite, on both ways", () => {
    const entries = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => concatBytes(encodeCbor(i), fromHex("00")));
    const definite = (count: number): Uint8Array => concatBytes(Uint8Array.of(0xb9, count >> 8, count & 255), ...entries(count));
    for (const decode of READINGS) {
      expect(decode(definite(1024))).toHaveProperty("size", 1024);
      expect(codeOf(() => decode(definite(1025)))).toBe("limit-items");
    }
    expect(codeOf(() => decodeForeignCbor(concatBytes(fromHex("bf"), ...entries(1025), BREAK)))).toBe("limit-items");
    expect(codeOf(() => encodeCbor(new Map(Array.from({ length: 1025 }, (_, i) => [i, 0]))))).toBe("cbor-value");
  });
});

describe("time", () => {
  const filled = (key: (i: number) => string | number): CborValue => new Map(Array.from({ length: 1000 }, (_, i) => [key(i), 0]));
  const collision = collidingKeys(1000);
  it.each<[string, number, CborValue]>([
    ["integers", 2000, 0],
    ["empty arrays", 2000, []],
    ["empty maps", 2000, new Map()],
    ["texts that are not ASCII", 1000, "é"],
    ["long texts", 100, "é".repeat(1000)],
    ["maps of short keys", 1, filled((i) => `k${i}`)],
    ["maps of keys that begin alike", 1, filled((i) => `${"a".repeat(200)}${i}`)],
    ["maps of integers that collide in the engine's hash table", 1, filled((i) => collision[i] ?? 0)],
  ])("grows in proportion to the bytes: %s", (_, count, item) => {
    const small = encodeCbor(Array.from({ length: count }, () => item));
    const large = encodeCbor(Array.from({ length: TIMES * count }, () => item));
    for (const decode of READINGS) {
      const many = fastest(() => {
        for (let i = 0; i < TIMES; i++) decode(small, WIDE);
      });
      expect(fastest(() => decode(large, WIDE)) / many).toBeLessThan(TIMES / 3); // about 1; if it were quadratic, as many times
    }
  });

  it("is not lost in a map of keys that collide", () => {
    expect(new Set(collision).size).toBe(1000);
    // one map with as many as a whole input may hold of items is refused at the bound, not walked to its end
    const keys = collidingKeys(30_000).toSorted((a, b) => a - b);
    const parts = keys.map((key) => concatBytes(encodeCbor(key), fromHex("00")));
    const bytes = concatBytes(Uint8Array.of(0xb9, keys.length >> 8, keys.length & 255), ...parts);
    for (const decode of READINGS) {
      expect(codeOf(() => decode(bytes))).toBe("limit-items");
      expect(fastest(() => codeOf(() => decode(bytes)))).toBeLessThan(100); // about a second without the bound
    }
  });
});

/**
 * Integers whose hashes share their 14 lowest bits in V8's hash tables: its hash of small integers has no seed and can be
 * run backwards (V8's ComputeUnseededHash).
 */
function collidingKeys(count: number): number[] {
  const keys: number[] = [];
  for (let high = 0; keys.length < count; high++) {
    const key = keyOfHash((high << 14) >>> 0);
    if (key < 2 ** 30) keys.push(key);
  }
  return keys;
}

function keyOfHash(hash: number): number {
  let x = unshift(hash, 16);
  x = unshift(Math.imul(x, inverse(2057)), 4);
  x = unshift(Math.imul(x, inverse(5)), 12);
  return Math.imul(x + 1, inverse(32_767)) >>> 0;
}

/** The x of x ^ (x >>> by). */
function unshift(mixed: number, by: number): number {
  let x = mixed;
  for (let bits = by; bits < 32; bits += by) x = mixed ^ (x >>> by);
  return x >>> 0;
}

/** Of an odd number modulo 2^32. */
function inverse(odd: number): number {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError || error instanceof LimitError) return error.code;
    throw error;
  }
  return "accepted";
}

/** The least of several runs, in ms of this process's own time: what a busy machine disturbs least. */
function fastest(run: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 3 }, () => {
      const began = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(began);
      return (user + system) / 1000;
    }),
  );
}
