import { createHmac, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import * as peer from "hpke";
import { describe, expect, it } from "vitest";
import { SUITES, type SuiteId } from "@caladrius/wire";
import { deriveKeyPair, HpkeKeyError, HpkeOpenError, importPublicKey, open, seal } from "./hpke.ts";
import { hmacSha256 } from "./hpke/kdf.ts";

const SUITE_IDS = Object.keys(SUITES) as SuiteId[];
const PEER = { "MLKEM768-X25519": peer.KEM_MLKEM768_X25519, X25519: peer.KEM_DHKEM_X25519_HKDF_SHA256 } as const;
const peerSuite = (suite: SuiteId): peer.CipherSuite => new peer.CipherSuite(PEER[suite], peer.KDF_HKDF_SHA256, peer.AEAD_AES_256_GCM);
const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** Points of order 1, 2, 4 and 8 (RFC 7748 §6.1), and their forms above the modulus. */
const LOW_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

describe.each(SUITE_IDS)("HPKE %s", (suite) => {
  const seed = bytes(32);
  const pair = deriveKeyPair(suite, seed);
  const info = bytes(80);
  const aad = bytes(60);
  const plaintext = bytes(5000);
  const sealed = seal(importPublicKey(suite, pair.publicKey), { info, aad, plaintext });

  it("opens what it sealed, of any length", () => {
    expect(open(pair, { info, aad, ...sealed })).toEqual(plaintext);
    for (const length of [0, 1, 16, 70_000]) {
      const message = bytes(length);
      expect(open(pair, { info, aad, ...seal(importPublicKey(suite, pair.publicKey), { info, aad, plaintext: message }) })).toEqual(
        message,
      );
    }
  });

  it("has the lengths that the suite table says, and fresh randomness at each call", () => {
    expect(pair.publicKey.length).toBe(SUITES[suite].publicKeyBytes);
    expect(sealed.enc.length).toBe(SUITES[suite].encBytes);
    const key = importPublicKey(suite, pair.publicKey);
    expect(seal(key, { info, aad, plaintext }).enc).not.toEqual(seal(key, { info, aad, plaintext }).enc);
  });

  it("derives the same keys from the same seed, without touching it", () => {
    const copy = Uint8Array.from(seed);
    expect(deriveKeyPair(suite, seed).publicKey).toEqual(pair.publicKey);
    expect(seed).toEqual(copy);
    for (const length of [0, 31, 33, 64]) expect(() => deriveKeyPair(suite, bytes(length))).toThrow(HpkeKeyError);
  });

  it("agrees with the npm package hpke in both directions", async () => {
    const their = peerSuite(suite);
    const theirPair = await their.DeriveKeyPair(seed, true);
    expect(await their.SerializePublicKey(theirPair.publicKey)).toEqual(pair.publicKey);

    const toUs = await their.Seal(await their.DeserializePublicKey(pair.publicKey), plaintext, { aad, info });
    expect(open(pair, { enc: toUs.encapsulatedSecret, info, aad, ciphertext: toUs.ciphertext })).toEqual(plaintext);

    expect(await their.Open(theirPair.privateKey, sealed.enc, sealed.ciphertext, { aad, info })).toEqual(plaintext);
  });

  it("refuses any flipped bit of any part with one error", () => {
    const message = { info, aad, ...sealed };
    const opened = (): unknown => {
      try {
        return open(pair, message);
      } catch (error) {
        return error;
      }
    };
    const expected = new HpkeOpenError();
    fc.assert(
      fc.property(fc.constantFrom("enc", "info", "aad", "ciphertext"), fc.nat(), fc.nat(7), (part, at, bit) => {
        const field = message[part];
        const index = at % field.length;
        // the highest bit of an X25519 key, which the curve ignores, is refused too: both KEMs hash enc as it stands
        field[index] = (field[index] ?? 0) ^ (1 << bit);
        const error = opened();
        field[index] = (field[index] ?? 0) ^ (1 << bit);
        expect(error).toBeInstanceOf(HpkeOpenError);
        expect((error as Error).message).toBe(expected.message);
        expect((error as Error).cause).toBeUndefined();
      }),
      { numRuns: 200 },
    );
    expect(opened()).toEqual(plaintext);
  });

  it("refuses wrong lengths and another key with the same error", () => {
    const message = { info, aad, ...sealed };
    const { enc, ciphertext } = sealed;
    for (const wrong of [bytes(0), enc.subarray(1), Uint8Array.of(...enc, 0), bytes(enc.length)])
      expect(() => open(pair, { ...message, enc: wrong })).toThrow(HpkeOpenError);
    for (const wrong of [bytes(0), bytes(15), bytes(16), ciphertext.subarray(1), ciphertext.subarray(0, -1)]) {
      expect(() => open(pair, { ...message, ciphertext: wrong })).toThrow(HpkeOpenError);
    }
    expect(() => open(deriveKeyPair(suite, bytes(32)), message)).toThrow(HpkeOpenError);
    const other = suite === "X25519" ? "MLKEM768-X25519" : "X25519";
    expect(() => open(deriveKeyPair(other, seed), message)).toThrow(HpkeOpenError);
  });

  it("refuses public keys of a wrong length", () => {
    for (const wrong of [bytes(0), pair.publicKey.subarray(1), Uint8Array.of(...pair.publicKey, 0)])
      expect(() => importPublicKey(suite, wrong)).toThrow(HpkeKeyError);
  });

  it.each(LOW_ORDER)("refuses the low-order point %s as a recipient and as a sender", (hex) => {
    const point = Buffer.from(hex, "hex");
    for (const top of [0, 0x80]) {
      const noncanonical = Uint8Array.from(point);
      noncanonical[31] = (noncanonical[31] ?? 0) | top;
      const publicKey = Uint8Array.from(pair.publicKey);
      publicKey.set(noncanonical, publicKey.length - 32);
      expect(() => importPublicKey(suite, publicKey)).toThrow(HpkeKeyError);
      const enc = Uint8Array.from(sealed.enc);
      enc.set(noncanonical, enc.length - 32);
      expect(() => open(pair, { ...sealed, info, aad, enc })).toThrow(HpkeOpenError);
    }
  });
});

describe("HPKE keys and parts", () => {
  it("refuses ML-KEM coefficients above the modulus (FIPS 203 §7.2)", () => {
    const { publicKey } = deriveKeyPair("MLKEM768-X25519", bytes(32));
    publicKey.fill(0xff, 0, 3);
    expect(() => importPublicKey("MLKEM768-X25519", publicKey)).toThrow(HpkeKeyError);
  });

  it("keeps no secret where it can be read or printed", () => {
    const seed = bytes(32);
    const pair = deriveKeyPair("MLKEM768-X25519", seed);
    expect(Object.keys(pair).toSorted()).toEqual(["decapsulate", "publicKey", "suite"]);
    expect(JSON.stringify(pair)).not.toContain(Buffer.from(seed).toString("hex"));
  });

  it("computes HMAC-SHA256 as node:crypto does, for keys up to a block", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (key, parts) => {
        expect(hmacSha256(key, parts)).toEqual(new Uint8Array(createHmac("sha256", key).update(Buffer.concat(parts)).digest()));
      }),
    );
  });
});
