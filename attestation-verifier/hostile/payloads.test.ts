import { encodeCbor, type CborValue } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, hex } from "../generate/der.ts";
import { encodeFields, type Fields } from "../generate/test-document.ts";
import { NOW_MS, pcr, PCR4 } from "../generate/test-pki.ts";
import { verifyAttestationDocument } from "../verdict/verify-attestation-document.ts";
import { signatures } from "../signatures/node.ts";
import { ARCHIVED, documentTrust, fields, judgeDocument, signed } from "./generate/genuine.ts";

// Everything here is signed by the leaf key of a genuine chain: an enclave's NSM would have to be hostile, or a reader lax.
const judge = (change: Fields): Promise<string> => judgeDocument(signed(encodeFields({ ...fields, ...change })));
const NEEDED = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"];
const OPTIONAL = ["public_key", "user_data", "nonce"];
const LIMITS: Readonly<Record<string, number>> = { public_key: 1024, user_data: 512, nonce: 512 };
const pairs = (all: Fields): [Uint8Array, Uint8Array][] => Object.entries(all).map(([key, value]) => [encodeCbor(key), encodeCbor(value)]);
const indefinite = (entries: readonly (readonly Uint8Array[])[]): Uint8Array => concat(hex("bf"), ...entries.flat(), hex("ff"));
const definite = (entries: readonly (readonly Uint8Array[])[]): Uint8Array =>
  concat(Uint8Array.of(0xa0 | entries.length), ...entries.flat());

/** Any value of the subset, small. */
const anyValue = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.integer({ min: -1000, max: 2 ** 40 }),
    fc.string({ maxLength: 20 }),
    fc.uint8Array({ maxLength: 60 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(fc.nat(40), tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
})).value;
/** Raw CBOR outside the subset. */
const outside = fc
  .constantFrom("f7", "f90000", "fb3ff8000000000000", "c11a00000000", "5f4101ff", "7f6161ff", "1800", "9b00000000ffffffff", "62c328")
  .map(hex);

describe("a signed payload", () => {
  it("says the same whatever the order of its keys and the form of its maps", async () => {
    const entries = pairs({ ...fields, user_data: Uint8Array.of(1), nonce: Uint8Array.of(2) });
    const registers = [...(fields["pcrs"] as ReadonlyMap<number, CborValue>)].map(
      ([index, value]) => [encodeCbor(index), encodeCbor(value)] as const,
    );
    const pcrsAt = Object.keys(fields).indexOf("pcrs");
    const claimsOf = async (body: Uint8Array): Promise<unknown> => {
      const { claims } = await verifyAttestationDocument(signed(body), documentTrust, ARCHIVED, signatures);
      return claims === null ? null : { ...claims, pcrs: [...claims.pcrs].toSorted(([a], [b]) => a - b) };
    };
    const expected = await claimsOf(indefinite(entries));
    expect(expected).not.toBeNull();
    const shuffled = <T>(all: readonly T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray([...all], { minLength: all.length });
    const form = fc.constantFrom(definite, indefinite);
    await fc.assert(
      fc.asyncProperty(shuffled(entries.map((_, i) => i)), shuffled(registers), form, form, async (order, some, outer, inner) => {
        const all = order.map((i) => (i === pcrsAt ? [encodeCbor("pcrs"), inner(some)] : (entries[i] ?? [])));
        expect(await claimsOf(outer(all))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("is refused with any key twice, wherever and whatever the second says", async () => {
    const entries = pairs(fields);
    await fc.assert(
      fc.asyncProperty(fc.nat(entries.length - 1), fc.nat(entries.length), fc.option(anyValue), async (which, at, value) => {
        const [key = hex(""), same = hex("")] = entries[which] ?? [];
        const all = entries.toSpliced(at, 0, [key, value === null ? same : encodeCbor(value)]);
        expect(await judgeDocument(signed(indefinite(all)))).toBe("payload-cbor");
        expect(await judgeDocument(signed(definite(all)))).toBe("payload-cbor");
      }),
      { numRuns: 80 },
    );
  });

  it("is accepted without any of its optional keys, refused without any other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...NEEDED, ...OPTIONAL]), async (gone) => {
        const rest = Object.fromEntries(Object.entries(fields).filter(([key]) => !gone.includes(key)));
        const needed = gone.some((key) => NEEDED.includes(key));
        expect(await judgeDocument(signed(encodeFields(rest)))).toBe(needed ? "payload-field-missing" : "accepted");
      }),
      { numRuns: 60 },
    );
  });

  it("reports keys that are unknown, and is the same without them", async () => {
    const unknown = fc
      .string({ minLength: 1, maxLength: 30 })
      .filter((key) => !(key in fields) && key !== "nitrotpm_pcrs" && key !== "__proto__");
    await fc.assert(
      fc.asyncProperty(fc.dictionary(unknown, anyValue, { minKeys: 1, maxKeys: 5, noNullPrototype: true }), async (extra) => {
        const bytes = signed(indefinite([...pairs(extra), ...pairs(fields)]));
        const { claims } = await verifyAttestationDocument(bytes, documentTrust, ARCHIVED, signatures);
        expect(claims?.unknownFields.toSorted()).toEqual(Object.keys(extra).toSorted());
      }),
      { numRuns: 60 },
    );
    for (const key of ["__proto__", "constructor", "toString"]) {
      const bytes = signed(indefinite([...pairs(fields), [encodeCbor(key), encodeCbor(1)]]));
      const { claims } = await verifyAttestationDocument(bytes, documentTrust, ARCHIVED, signatures);
      expect(claims?.unknownFields).toEqual([key]);
    }
  });
});

describe("a field of a signed payload", () => {
  const values: [string, CborValue][] = [
    ["null", null],
    ["true", true],
    ["zero", 0],
    ["a negative integer", -1],
    ["2^53-1", 2 ** 53 - 1],
    ["an empty text", ""],
    ["a text", "SHA384"],
    ["no bytes", hex("")],
    ["one byte", hex("00")],
    ["2000 bytes", new Uint8Array(2000)],
    ["an empty array", []],
    ["an array of arrays", [[[]]]],
    ["an empty map", new Map()],
    ["a map of itself", new Map([["module_id", "x"]])],
  ];
  /** Which of these values each field may have. */
  const MAY: Readonly<Record<string, readonly string[]>> = {
    digest: ["a text"],
    public_key: ["null", "no bytes", "one byte"],
    user_data: ["null", "no bytes", "one byte"],
    nonce: ["null", "no bytes", "one byte"],
  };
  it.each([...NEEDED, ...OPTIONAL])("%s has its own type or is refused", async (key) => {
    for (const [name, value] of values) {
      const code = await judge({ [key]: value });
      if (MAY[key]?.includes(name) === true) expect(code, name).toBe("accepted");
      else expect(code, name).toMatch(/^(payload|module-id|bundle|certificate|timestamp)-/);
    }
  });

  it("is refused where it is CBOR outside the subset, at every place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NEEDED, ...OPTIONAL, "other"), outside, async (key, raw) => {
        const all = pairs({ ...fields, other: null }).map(([name, value]) => [
          name,
          Buffer.compare(name, encodeCbor(key)) === 0 ? raw : value,
        ]);
        expect(await judgeDocument(signed(indefinite(all)))).toBe("payload-cbor");
        const registers = [...(fields["pcrs"] as ReadonlyMap<number, CborValue>)].map(([i, value]) => [encodeCbor(i), encodeCbor(value)]);
        const withRaw = concat(hex("bf"), ...registers.flat(), hex("181e"), raw, hex("ff"));
        const { pcrs: _, ...rest } = fields;
        expect(await judgeDocument(signed(indefinite([...pairs(rest), [encodeCbor("pcrs"), withRaw]])))).toBe("payload-cbor");
      }),
      { numRuns: 60 },
    );
  });

  it("has at most the length that the format gives it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...OPTIONAL),
        fc.oneof(fc.nat(2000), fc.integer({ min: 511, max: 514 }), fc.integer({ min: 1023, max: 1026 })),
        async (key, length) => {
          expect(await judge({ [key]: new Uint8Array(length) })).toBe(length <= (LIMITS[key] ?? 0) ? "accepted" : "payload-field-limit");
        },
      ),
      { numRuns: 80 },
    );
    for (const length of [1, 128, 129, 5000]) {
      const code = await judge({ module_id: "i".repeat(length) });
      expect(code).toBe(length > 128 ? "payload-field-limit" : "module-id-form");
    }
  });

  it("timestamp is refused unless its certificate covers it", async () => {
    const near = fc.oneof(
      fc.integer({ min: -4_000_000, max: 8_000_000 }).map((by) => NOW_MS + by),
      fc.maxSafeInteger().map(Math.abs),
    );
    await fc.assert(
      fc.asyncProperty(near, async (timestamp) => {
        const inside = timestamp >= NOW_MS - 3_600_000 && timestamp <= NOW_MS + 7_200_000;
        expect(await judge({ timestamp })).toMatch(inside ? /^accepted$/ : /^(timestamp-window|payload-field-limit)$/);
      }),
      { numRuns: 80 },
    );
  });
});

describe("registers of a signed payload", () => {
  const image: [number, CborValue][] = [
    [0, pcr(0x10)],
    [1, pcr(0x11)],
    [2, pcr(0x12)],
    [4, PCR4],
  ];
  it("may be any further ones of 48 bytes under 0 to 31", async () => {
    const other = fc.tuple(
      fc.oneof(
        { weight: 20, arbitrary: fc.nat(31) },
        { weight: 1, arbitrary: fc.integer({ min: 32, max: 2 ** 33 }) },
        { weight: 1, arbitrary: fc.integer({ min: -5, max: -1 }) },
      ),
      fc.oneof({ weight: 20, arbitrary: fc.constant(48) }, { weight: 1, arbitrary: fc.nat(100) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(other, { maxLength: 30, selector: ([index]) => index }), async (others) => {
        const more = others.filter(([index]) => ![0, 1, 2, 4].includes(index));
        const good = more.every(([index, length]) => index >= 0 && index < 32 && length === 48);
        const pcrs = new Map<number, CborValue>([
          ...image,
          ...more.map(([index, length]): [number, CborValue] => [index, new Uint8Array(length).fill(7)]),
        ]);
        expect(await judge({ pcrs })).toBe(good ? "accepted" : "payload-pcrs");
      }),
      { numRuns: 80 },
    );
  });

  it("are refused where one that the policy names is missing, another, or zero", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, 2), fc.constantFrom("missing", "another", "zero"), fc.nat(383), async (index, how, bit) => {
        const pcrs = new Map(image);
        const value = pcrs.get(index) as Uint8Array;
        if (how === "missing") pcrs.delete(index);
        else if (how === "zero") pcrs.set(index, pcr(0));
        else pcrs.set(index, value.with(bit >> 3, (value[bit >> 3] ?? 0) ^ (1 << (bit & 7))));
        expect(await judge({ pcrs })).toBe(how === "another" ? "measurement-mismatch" : "debug-refused");
      }),
      { numRuns: 60 },
    );
  });
});

describe("any CBOR as a signed payload", () => {
  it("is refused", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyValue,
        fc.dictionary(fc.constantFrom(...NEEDED, ...OPTIONAL, "x"), anyValue, { noNullPrototype: true }),
        async (value, some) => {
          expect(await judgeDocument(signed(encodeCbor(value)))).toMatch(/^payload-/);
          expect(await judgeDocument(signed(encodeFields(some)))).toMatch(/^payload-/);
        },
      ),
      { numRuns: 150 },
    );
  });
});
