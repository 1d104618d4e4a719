import { decode as cborgDecode, encode as cborgEncode, rfc8949EncodeOptions } from "cborg";
import { Decoder } from "cbor-x/decode";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, decodeCbor, decodeForeignCbor, encodeCbor, fromHex, LimitError, toHex, WireError, type CborValue } from "../index.ts";

// Two decoders that others wrote judge ours: cborg, strict, and cbor-x, which is lax and therefore only asked for values.
const STRICT = { strict: true, useMaps: true, rejectDuplicateMapKeys: true, allowUndefined: false, allowBigInt: true };
const cborg = (bytes: Uint8Array): unknown => cborgDecode(bytes, { ...STRICT, allowIndefinite: false });
const cborgForeign = (bytes: Uint8Array): unknown => cborgDecode(bytes, { ...STRICT, allowIndefinite: true });
const X_OPTIONS = { mapsAsObjects: false, useRecords: false, int64AsNumber: true, copyBuffers: true };
const cborX = new Decoder(X_OPTIONS);

/**
 * What cborg 6.1.5 accepts in its strictest reading and our foreign reading refuses, by our code: each with a sign in the
 * bytes or in cborg's value that the difference is the one named. A difference that shows no such sign fails the test.
 */
const STRICTER: Readonly<Record<string, { why: string; sign: (value: unknown, bytes: Uint8Array) => boolean }>> = {
  "cbor-float": {
    why: "floats, even those that hold integers, are outside the subset; cborg has no option against them",
    sign: (_, bytes) => hasFloat(bytes),
  },
  "cbor-integer-range": {
    why: "below -2^32 or beyond 2^53-1; cborg gives numbers and bigints",
    sign: (value) => some(value, (one) => typeof one === "bigint" || (typeof one === "number" && one < -(2 ** 32))),
  },
  "cbor-utf8": {
    why: "cborg puts U+FFFD for invalid UTF-8",
    sign: (value) => some(value, (one) => typeof one === "string" && one.includes("\ufffd")),
  },
  "cbor-key": {
    why: "keys are integers or texts; cborg takes any item, and a float that holds an integer is one",
    sign: (value, bytes) =>
      hasFloat(bytes) ||
      some(value, (one) => one instanceof Map && [...one.keys()].some((key) => typeof key !== "string" && !isInteger(key))),
  },
  "cbor-reserved": {
    why: "a break where the value of a map entry is due; cborg gives a symbol",
    sign: (value) => some(value, (one) => typeof one === "symbol"),
  },
  "limit-depth": { why: "a limit; cborg has none", sign: (value) => depthOf(value) > 12 },
  "limit-bytes": {
    why: "a limit on foreign keys; cborg has none",
    sign: (value) => some(value, (one) => one instanceof Map && [...one.keys()].some((key) => typeof key === "string" && key.length > 80)),
  },
};

const integer = fc.oneof(
  fc.maxSafeInteger().map((n) => Math.max(n, -(2 ** 32))),
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -24, -25, -256, -257, -(2 ** 31) - 1, -(2 ** 32)),
);
const plainInteger = integer.map((n) => (Object.is(n, -0) ? 0 : n));
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", "\u0000", "é", "日本", "\u{1f600}"),
);
const leaf = fc.oneof(plainInteger, text, fc.uint8Array({ maxLength: 300 }), fc.boolean(), fc.constant(null));
const anyValue = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 6 }),
    fc.array(fc.tuple(fc.oneof(plainInteger, text), tie("value")), { maxLength: 6 }).map((entries) => new Map(entries)),
  ),
})).value;

/** A head in any of its widths, the shortest more often than the others. */
const head = (major: number, argument: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2, 4, 8) }).map((wish) => {
    const least = argument < 24 ? 0 : argument < 256 ? 1 : argument < 65_536 ? 2 : 4;
    const width = Math.max(least, wish);
    const type = major << 5;
    if (width === 0) return Uint8Array.of(type | argument);
    const bytes = new Uint8Array(1 + width);
    bytes[0] = type | (24 + Math.log2(width));
    for (let at = width, rest = argument; at > 0; at--, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
    return bytes;
  });
const BREAK = Uint8Array.of(0xff);
/** Items that are nearly right: any head width, indefinite or chunked, tags, floats, unsorted and repeated keys. */
const rawItem = fc.letrec<{ item: Uint8Array }>((tie) => {
  const many = (major: number, items: number): fc.Arbitrary<Uint8Array> =>
    fc.array(tie("item"), { maxLength: 6 }).chain((all) => {
      const whole = all.slice(0, all.length - (all.length % items));
      return fc.oneof(
        { weight: 3, arbitrary: head(major, whole.length / items).map((start) => concatBytes(start, ...whole)) },
        { weight: 2, arbitrary: fc.constant(concatBytes(Uint8Array.of((major << 5) | 31), ...whole, BREAK)) },
      );
    });
  const string = (major: 2 | 3): fc.Arbitrary<Uint8Array> =>
    fc
      .oneof(fc.uint8Array({ maxLength: 30 }), fc.string({ unit: "binary", maxLength: 12 }).map(utf8))
      .chain((content) => head(major, content.length).map((start) => concatBytes(start, content)));
  return {
    item: fc.oneof(
      { maxDepth: 4 },
      { weight: 4, arbitrary: fc.nat(40).chain((n) => fc.constantFrom(0, 1).chain((major) => head(major, n))) },
      { weight: 2, arbitrary: fc.constantFrom("f4", "f5", "f6", "60", "40").map(fromHex) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(
            "f7",
            "f93c00",
            "fa3f800000",
            "fb3ff8000000000000",
            "f818",
            "c0",
            "ff",
            "5f4100ff",
            "3b0000000100000000",
            "1bffffffffffffffff",
          )
          .map(fromHex),
      },
      { weight: 2, arbitrary: string(2) },
      { weight: 3, arbitrary: string(3) },
      { weight: 2, arbitrary: many(4, 1) },
      { weight: 4, arbitrary: many(5, 2) },
    ),
  };
}).item;

/** Good bytes with a few edits: a bit flipped, a slice taken out, doubled or replaced. */
const mutated = anyValue.chain((value) => {
  const bytes = encodeCbor(value);
  const edit = fc.record({ at: fc.nat(bytes.length), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }), flip: fc.nat(255) });
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) =>
    edits.reduce((before, { at, remove, insert, flip }) => {
      const after = concatBytes(before.subarray(0, at), insert, before.subarray(Math.min(at + remove, before.length)));
      const where = at % Math.max(1, after.length);
      return after.length > 0 && remove === insert.length ? after.with(where, (after[where] ?? 0) ^ flip) : after;
    }, bytes),
  );
});
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), mutated, rawItem);

describe("our encoder", () => {
  it("writes what cborg and cbor-x read as the same value, and what cborg writes", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encodeCbor(value);
        fc.pre(!hasMark(bytes));
        const expected = show(decodeCbor(bytes));
        expect(show(cborg(bytes))).toBe(expected);
        expect(show(cborX.decode(bytes.slice()))).toBe(expected);
        expect(show(decodeForeignCbor(bytes, WIDE))).toBe(expected);
        expect(toHex(cborgEncode(value, rfc8949EncodeOptions))).toBe(toHex(bytes));
      }),
      { numRuns: 600 },
    );
  });
});

describe("the deterministic reading", () => {
  it("accepts exactly what cborg reads, finds in the subset and writes again as the same bytes", () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        fc.pre(!hasMark(bytes));
        const ours = attempt(() => decodeCbor(bytes));
        const theirs = attempt(() => cborg(bytes));
        const canonical =
          theirs.ok &&
          inSubset(theirs.value) &&
          toHex(cborgEncode(theirs.value, rfc8949EncodeOptions)) === toHex(bytes) &&
          depthOf(theirs.value) <= 12;
        expect(ours.ok, `${toHex(bytes)}: ${ours.code}`).toBe(canonical);
        if (!ours.ok) return;
        accepted++;
        expect(show(ours.value)).toBe(show(theirs.value));
        expect(show(cborX.decode(bytes.slice()))).toBe(show(ours.value));
      }),
      { numRuns: 6_000 },
    );
    expect(accepted).toBeGreaterThan(500); // the generator does reach both answers
  });
});

describe("the foreign reading", () => {
  it("accepts what cborg accepts with indefinite lengths, with the same value and order, but for a table of differences", () => {
    const seen = new Set<string>();
    let accepted = 0;
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        fc.pre(!hasMark(bytes));
        const ours = attempt(() => decodeForeignCbor(bytes));
        const theirs = attempt(() => cborgForeign(bytes));
        if (ours.ok) {
          accepted++;
          expect(theirs.ok, `cborg refuses ${toHex(bytes)}`).toBe(true);
          expect(show(theirs.value)).toBe(show(ours.value));
          expect(show(cborX.decode(bytes.slice()))).toBe(show(ours.value));
          return;
        }
        if (!theirs.ok) return;
        seen.add(ours.code);
        expect(STRICTER[ours.code]?.sign(theirs.value, bytes), `${ours.code}: ${toHex(bytes)}`).toBe(true);
      }),
      { numRuns: 6_000 },
    );
    expect(accepted).toBeGreaterThan(500);
    expect(seen.size).toBeGreaterThan(3);
  });

  it.each([
    ["cbor-float", "f93c00"],
    ["cbor-float", "a101fb3ff8000000000000"],
    ["cbor-integer-range", "1b0020000000000000"],
    ["cbor-integer-range", "3b0000000100000000"],
    ["cbor-utf8", "62c328"],
    ["cbor-key", "a1f601"],
    ["cbor-key", "a1410001"],
    ["cbor-key", "a1800001".slice(0, 6)],
    ["cbor-reserved", "bf01ffff"],
    ["limit-depth", `${"81".repeat(13)}00`],
    ["limit-bytes", `a1790101${"61".repeat(257)}00`],
  ])("differs by %s: %s", (code, hex) => {
    const bytes = fromHex(hex);
    expect(attempt(() => decodeForeignCbor(bytes)).code).toBe(code);
    expect(STRICTER[code]?.sign(cborgForeign(bytes), bytes)).toBe(true);
  });

  // what both refuse, so that the table above stays complete
  it.each([
    "c000",
    "f7",
    "f818",
    "1800",
    "190001",
    "1a00000001",
    "1b0000000000000001",
    "5f4100ff",
    "7f6161ff",
    "a201000100",
    "ff",
    "9f",
    "bf01",
    "0000",
    "",
    "1c",
  ])("agrees with cborg that %s is refused", (hex) => {
    expect(attempt(() => decodeForeignCbor(fromHex(hex))).ok).toBe(false);
    expect(attempt(() => cborgForeign(fromHex(hex))).ok).toBe(false);
  });
});

describe("a byte order mark", () => {
  // The one difference of values: both peers take it off the beginning of a text, so the properties above leave it out.
  it.each(["a", "a".repeat(70)])("stays in a text of ours: %s", (rest) => {
    const bytes = encodeCbor([`\ufeff${rest}`]);
    for (const decode of [decodeCbor, decodeForeignCbor]) expect(decode(bytes)).toEqual([`\ufeff${rest}`]);
    expect(cborg(bytes)).toEqual([rest]);
    expect(
      attempt(() =>
        cborg(
          encodeCbor(
            new Map([
              [rest, 1],
              [`\ufeff${rest}`, 2],
            ]),
          ),
        ),
      ).ok,
    ).toBe(false); // two keys become one
  });
});

const WIDE = { maxItems: 1_000_000, maxDepth: 16 };

interface Attempt {
  ok: boolean;
  value: unknown;
  code: string;
}

/** Errors of ours are refusals; cborg and cbor-x throw plain ones. Anything else is a crash and fails the test. */
function attempt(run: () => unknown): Attempt {
  try {
    return { ok: true, value: run(), code: "" };
  } catch (error) {
    if (error instanceof WireError || error instanceof LimitError) return { ok: false, value: undefined, code: error.code };
    if (error instanceof Error && error.message.startsWith("CBOR decode error")) return { ok: false, value: undefined, code: "cborg" };
    throw error;
  }
}

/** One line per value; order of map entries and kind of key are part of it. */
function show(value: unknown): string {
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${show(key)}:${show(one)}`).join()}}`;
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  if (value instanceof Uint8Array) return `h'${toHex(value)}'`;
  if (typeof value === "string") return JSON.stringify(value);
  return Object.is(value, -0) ? "-0" : `${typeof value} ${String(value)}`;
}

function some(value: unknown, found: (one: unknown) => boolean): boolean {
  if (found(value)) return true;
  if (value instanceof Map) return [...value].some(([key, one]) => some(key, found) || some(one, found));
  return Array.isArray(value) && value.some((one) => some(one, found));
}

function hasFloat(bytes: Uint8Array): boolean {
  return [0xf9, 0xfa, 0xfb].some((head) => bytes.includes(head));
}

function hasMark(bytes: Uint8Array): boolean {
  return toHex(bytes).includes("efbbbf");
}

function isInteger(value: unknown): boolean {
  return typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value) && !Object.is(value, -0));
}

function inSubset(value: unknown): boolean {
  return !some(value, (one) => {
    if (typeof one === "number") return !isInteger(one) || one < -(2 ** 32) || one > Number.MAX_SAFE_INTEGER; // cborg writes greater ones as floats
    if (one instanceof Map) return [...one.keys()].some((key) => typeof key !== "string" && typeof key !== "number");
    return typeof one === "bigint" || typeof one === "symbol" || one === undefined;
  });
}

function depthOf(value: unknown): number {
  if (value instanceof Map) return 1 + Math.max(0, ...[...value].flatMap((pair) => pair.map(depthOf)));
  return Array.isArray(value) ? 1 + Math.max(0, ...value.map(depthOf)) : 0;
}

function utf8(one: string): Uint8Array {
  return new TextEncoder().encode(one);
}
