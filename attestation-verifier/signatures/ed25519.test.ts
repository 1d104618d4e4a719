import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, fromHex, toHex, utf8Encode } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import type { SignatureBackend } from "./backend.ts";
import { signatures as noble } from "./noble.ts";
import { signatures as node } from "./node.ts";
import { signatures as webcrypto } from "./webcrypto.ts";

// Signatures on which implementations of Ed25519 disagree, in all the kinds of Chalkias, Garillot and Nikolaenko, "Taming the
// many EdDSAs" (SSR 2020, table 5): made here, with points of small order added to key and R, so that each answer is known.
const BACKENDS: [string, SignatureBackend][] = [
  ["node:crypto", node],
  ["WebCrypto", webcrypto],
  ["noble", noble],
];
const { Point } = ed25519;
const L = Point.Fn.ORDER;
const P = 2n ** 255n - 19n;
/** A point of order 8; its multiples are all eight points of small order. */
const TORSION = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", true);
const torsion = (i: number): typeof TORSION => (i === 0 ? Point.ZERO : TORSION.multiplyUnsafe(BigInt(i)));
const mod = (value: bigint, by: bigint): bigint => ((value % by) + by) % by;
const ALL_K = [0, 1, 2, 3, 4, 5, 6, 7];
const SECRET = 0x1234567890abcdef1234567890abcdefn;
const NONCE = 0xfedcba0987654321fedcba0987654321n;

interface Signed {
  key: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}

/** Signs so that [S]B = R + [k]A but for the parts of small order; messages are tried until k fits. */
function signedWith(
  a: bigint,
  r: bigint,
  key: Uint8Array,
  big: Uint8Array,
  fits: (kModulo8: number) => boolean = () => true,
  add = 0n,
): Signed {
  for (let i = 0; ; i++) {
    const message = utf8Encode(`message ${i}`);
    const k = mod(bytesToNumberLE(sha512(concatBytes(big, key, message))), L);
    if (!fits(Number(k % 8n))) continue;
    const s = mod(r + k * a, L) + add;
    return { key, message, signature: concatBytes(big, numberToBytesLE(s, 32)) };
  }
}

const key = (a: bigint, i: number): Uint8Array => (a === 0n ? torsion(i) : Point.BASE.multiply(a).add(torsion(i))).toBytes();

async function expectAll(expected: boolean, { key: publicKey, message, signature }: Signed, why: string): Promise<void> {
  for (const [name, backend] of BACKENDS)
    expect(await backend.verifyEd25519(publicKey, message, signature), `${name}: ${why}`).toBe(expected);
}

describe("Ed25519 on all back ends", () => {
  it("holds by the equation without the cofactor, whatever of small order is in key and R", async () => {
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++) {
        // [S]B - [k]A = R exactly if what is left of small order agrees: -k*i = j (mod 8)
        const agrees = (k: number): boolean => (k * i + j) % 8 === 0;
        const why = `${i} in the key, ${j} in R`;
        if (ALL_K.some(agrees)) await expectAll(true, signedWith(SECRET, NONCE, key(SECRET, i), key(NONCE, j), agrees), why);
        if (!ALL_K.every(agrees))
          await expectAll(
            false,
            signedWith(SECRET, NONCE, key(SECRET, i), key(NONCE, j), (k) => !agrees(k)),
            why,
          );
      }
  });

  it("refuses an R of small order, though the equation holds", async () => {
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++) {
        const agrees = (k: number): boolean => (k * i + j) % 8 === 0;
        if (ALL_K.some(agrees))
          await expectAll(false, signedWith(SECRET, 0n, key(SECRET, i), key(0n, j), agrees), `${i} in the key, R is ${j}`);
      }
  });

  it("refuses keys of small order, with R of any kind and S of zero or not", async () => {
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++)
        for (const r of [NONCE, 0n]) {
          const agrees = (k: number): boolean => (k * i + j) % 8 === 0;
          if (!ALL_K.some(agrees)) continue;
          await expectAll(false, signedWith(0n, r, key(0n, i), key(r, j), agrees), `${i} is the key, ${j} in R`);
        }
  });

  it.each([
    ["y = p", encoded(P, 0)],
    ["y = p, the other sign", encoded(P, 1)],
    ["y = p + 1", encoded(P + 1n, 0)],
    ["y = p + 1, the other sign", encoded(P + 1n, 1)],
    ["y = 1, the other sign", encoded(1n, 1)],
    ["y = -1, the other sign", encoded(P - 1n, 1)],
  ])("refuses an R that is not in canonical form: %s", async (_, R) => {
    // all are points of small order j, written in a second way; each j is tried, so one of them holds but for the form
    for (let i = 0; i < 8; i++)
      for (let want = 0; want < 8; want++)
        await expectAll(
          false,
          signedWith(SECRET, 0n, key(SECRET, i), R, (k) => k === want),
          toHex(R),
        );
  });

  it("refuses a key that is not in canonical form, every one there is", async () => {
    for (let more = 0n; more < 19n; more++)
      for (const sign of [0, 1]) {
        const odd = encoded(P + more, sign);
        await expectAll(
          false,
          { key: odd, message: utf8Encode("message"), signature: concatBytes(encoded(1n, 0), new Uint8Array(32)) },
          toHex(odd),
        );
      }
    for (const y of [1n, P - 1n]) {
      const odd = encoded(y, 1);
      await expectAll(
        false,
        { key: odd, message: utf8Encode("message"), signature: concatBytes(encoded(1n, 0), new Uint8Array(32)) },
        toHex(odd),
      );
    }
  });

  it("refuses S that is not reduced, by every multiple of L that 32 bytes hold", async () => {
    const good = signedWith(SECRET, NONCE, key(SECRET, 0), key(NONCE, 0));
    await expectAll(true, good, "S < L");
    for (let times = 1n; times <= 15n; times++)
      await expectAll(false, signedWith(SECRET, NONCE, key(SECRET, 0), key(NONCE, 0), undefined, times * L), `S + ${times} L`);
    const [R, S] = [good.signature.subarray(0, 32), bytesToNumberLE(good.signature.subarray(32))];
    for (const s of [0n, L - 1n, L, L + 1n, 2n ** 252n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n, mod(-S, L)])
      await expectAll(false, { ...good, signature: concatBytes(R, numberToBytesLE(s, 32)) }, `S = ${s}`);
  });

  it("refuses an R or a key that is no point, and any length but its own", async () => {
    const good = signedWith(SECRET, NONCE, key(SECRET, 0), key(NONCE, 0));
    const noPoint = numberToBytesLE(2n, 32); // y = 2 is on no point of the curve
    await expectAll(false, { ...good, key: noPoint }, "key");
    await expectAll(false, { ...good, signature: concatBytes(noPoint, good.signature.subarray(32)) }, "R");
    for (const length of [0, 1, 31, 33, 63, 65, 128]) {
      await expectAll(
        false,
        { ...good, signature: new Uint8Array(length).map((_, i) => good.signature[i] ?? 0) },
        `signature of ${length}`,
      );
      await expectAll(false, { ...good, key: new Uint8Array(length).map((_, i) => good.key[i] ?? 0) }, `key of ${length}`);
    }
  });

  it("signs what RFC 8032 signs with this key", () => {
    // the construction above is that of the standard: one of its signatures, made both ways
    const seed = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"); // RFC 8032 §7.1, test 1
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
    const standard = ed25519.sign(utf8Encode("message 0"), seed);
    const s = bytesToNumberLE(standard.subarray(32));
    const k = mod(bytesToNumberLE(sha512(concatBytes(standard.subarray(0, 32), pointBytes, utf8Encode("message 0")))), L);
    const r = mod(s - k * scalar, L);
    expect(toHex(Point.BASE.multiply(r).toBytes())).toBe(toHex(standard.subarray(0, 32)));
    expect(toHex(signedWith(scalar, r, pointBytes, standard.subarray(0, 32)).signature)).toBe(toHex(standard));
  });
});

/** The encoding of a y, canonical or not, and the sign of x (RFC 8032 §5.1.2). */
function encoded(y: bigint, sign: number): Uint8Array {
  return numberToBytesLE(y | (BigInt(sign) << 255n), 32);
}
