import { generateKeyPairSync, sign } from "node:crypto";
import { p256, p384 } from "@noble/curves/nist.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8Encode } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import type { SignatureBackend } from "./backend.ts";
import { signatures as noble } from "./noble.ts";
import { signatures as node } from "./node.ts";
import { signatures as webcrypto } from "./webcrypto.ts";

// ECDSA at the edges of its ranges (SEC 1 §4.1.4; the kinds of Wycheproof's ecdsa vectors). A signature with any r and s is
// made by choosing the key last: from R = u1 G + u2 Q follows Q.
const BACKENDS: [string, SignatureBackend][] = [
  ["node:crypto", node],
  ["WebCrypto", webcrypto],
  ["noble", noble],
];
const CURVES = [
  ["P-384", "verifyEs384", p384, sha384, 48],
  ["P-256", "verifyEs256", p256, sha256, 32],
] as const;
const message = utf8Encode("message");
const mod = (value: bigint, by: bigint): bigint => ((value % by) + by) % by;

describe.each(CURVES)("ECDSA on %s, on all back ends", (curve, method, { Point }, hash, size) => {
  const n = Point.Fn.ORDER;
  const p = Point.Fp.ORDER;
  const z = mod(bytesToNumberBE(hash(message)), n);
  const bytes = (value: bigint): Uint8Array => numberToBytesBE(value, size);
  const pair = (r: bigint, s: bigint): Uint8Array => concatBytes(bytes(r), bytes(s));
  type CurvePoint = InstanceType<typeof Point>;
  const times = (point: CurvePoint, by: bigint): CurvePoint => (mod(by, n) === 0n ? Point.ZERO : point.multiplyUnsafe(mod(by, n)));
  const inverse = (value: bigint): bigint => Point.Fn.inv(mod(value, n));

  /** The key under which (r, s) is a good signature, where the point R has r for its x modulo n. */
  const keyFor = (R: CurvePoint, s: bigint): { key: Uint8Array; r: bigint } => {
    const r = mod(R.toAffine().x, n);
    const u1 = z * inverse(s);
    const u2 = r * inverse(s);
    return { r, key: times(R.subtract(times(Point.BASE, u1)), inverse(u2)).toBytes(false) };
  };
  const expectAll = async (expected: boolean, key: Uint8Array, signature: Uint8Array, why = ""): Promise<void> => {
    for (const [name, backend] of BACKENDS) expect(await backend[method](key, message, signature), `${name} ${why}`).toBe(expected);
  };
  const R = times(Point.BASE, 0x1234567890abcdefn);

  it("accepts s from 1 to n - 1, low and high, and its twin", async () => {
    for (const s of [1n, 2n, 5n, n / 2n, n / 2n + 1n, n - 2n, n - 1n]) {
      const { key, r } = keyFor(R, s);
      await expectAll(true, key, pair(r, s), `s = ${s}`);
      await expectAll(true, key, pair(r, n - s), `twin of s = ${s}`);
    }
  });

  it("refuses r and s that are zero, n, above n, or the same plus n", async () => {
    const s = 5n; // so small that s + n still fits
    const { key, r } = keyFor(R, s);
    const most = 2n ** BigInt(8 * size) - 1n;
    for (const odd of [0n, n, n + 1n, p, most]) {
      await expectAll(false, key, pair(odd, s), `r = ${odd}`);
      await expectAll(false, key, pair(r, odd), `s = ${odd}`);
      await expectAll(false, key, pair(odd, odd), `r = s = ${odd}`);
    }
    await expectAll(false, key, pair(r, s + n), "s + n");
    await expectAll(false, key, pair(r, 2n * n > most ? most : 2n * n), "s = 2n");
    for (const odd of [1n, n - 1n]) {
      await expectAll(false, key, pair(odd, s), `r = ${odd}`); // in range, and no signature
      await expectAll(false, key, pair(r, odd), `s = ${odd}`);
    }
    await expectAll(false, key, pair(s, r), "r and s in each other's place");
  });

  it("takes R's x modulo n: a small r is good where x lies between n and p, and r itself never does", async () => {
    let x = n;
    let wrapped: CurvePoint | null = null;
    while (wrapped === null) {
      x += 1n;
      try {
        wrapped = Point.fromBytes(concatBytes(Uint8Array.of(2), bytes(x)));
      } catch {
        wrapped = null; // about every second x is on no point
      }
    }
    expect(x).toBeLessThan(p);
    const { key, r } = keyFor(wrapped, 77n);
    expect(r).toBe(x - n);
    await expectAll(true, key, pair(r, 77n), "r = x - n");
    await expectAll(false, key, pair(x, 77n), "r = x");
  });

  it("refuses where u1 G + u2 Q is the point at infinity", async () => {
    for (const r of [1n, 12_345n, n - 1n]) {
      const key = times(Point.BASE, -z * inverse(r)).toBytes(false);
      for (const s of [1n, 99n, n - 1n]) await expectAll(false, key, pair(r, s), `r = ${r}, s = ${s}`);
    }
  });

  it("accepts keys at odd places: G, -G and twice G", async () => {
    for (const d of [1n, n - 1n, 2n]) {
      const key = times(Point.BASE, d).toBytes(false);
      const k = 0xabcdefn;
      const r = mod(times(Point.BASE, k).toAffine().x, n);
      await expectAll(true, key, pair(r, mod(inverse(k) * (z + r * d), n)), `d = ${d}`);
    }
  });

  it("refuses keys that are no points, or not written as one", async () => {
    const s = 5n;
    const { key, r } = keyFor(R, s);
    const signature = pair(r, s);
    await expectAll(true, key, signature);
    const [x, y] = [key.subarray(1, 1 + size), key.subarray(1 + size)];
    const point = (a: Uint8Array, b: Uint8Array, head = 4): Uint8Array => concatBytes(Uint8Array.of(head), a, b);
    const zero = new Uint8Array(size);
    const other = curve === "P-384" ? "P-256" : "P-384";
    const odd: [string, Uint8Array][] = [
      ["(0, 0)", point(zero, zero)],
      ["(x, 0)", point(x, zero)],
      ["(0, y)", point(zero, y)],
      ["(y, x)", point(y, x)],
      ["(x, -y)", point(x, bytes(p - bytesToNumberBE(y)))], // a point, and another key
      ["(p, y)", point(bytes(p), y)],
      ["(x, p)", point(x, bytes(p))],
      ["infinity as one byte", Uint8Array.of(0)],
      ["infinity, filled up", point(zero, zero, 0)],
      ["compressed", Point.fromBytes(key).toBytes(true)],
      ["compressed, filled up", concatBytes(Point.fromBytes(key).toBytes(true), zero)],
      ["hybrid", point(x, y, 6 + ((y.at(-1) ?? 0) & 1))],
      ["hybrid, the wrong sign", point(x, y, 7 - ((y.at(-1) ?? 0) & 1))],
      ["one byte short", key.subarray(0, -1)],
      ["one byte long", concatBytes(key, Uint8Array.of(0))],
      ["none", new Uint8Array(0)],
      [
        "of the other curve",
        new Uint8Array(generateKeyPairSync("ec", { namedCurve: other }).publicKey.export({ format: "der", type: "spki" })).subarray(
          -(1 + 2 * size),
        ),
      ],
    ];
    for (const [why, bad] of odd) await expectAll(false, bad, signature, why);
  });

  it("gives one answer to whatever the three are asked, by a key of Node's", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
    const key = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-(1 + 2 * size)));
    const signature = new Uint8Array(sign(`sha${8 * size}`, message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
    await expectAll(true, key, signature);
    for (let bit = 0; bit < signature.length * 8; bit += 37)
      await expectAll(false, key, signature.with(bit >> 3, (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7))), `bit ${bit}`);
    await expectAll(false, key, new Uint8Array(sign(`sha${8 * size}`, message, privateKey)), "DER");
  });
});
