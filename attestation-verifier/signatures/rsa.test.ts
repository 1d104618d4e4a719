import { constants, createHash, generateKeyPairSync, privateEncrypt, sign, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { rsaTestKey } from "../generate/test-keys.ts";
import type { HashName, RsaPublicKey, SignatureBackend } from "./backend.ts";
import { signatures as noble } from "./noble.ts";
import { signatures as node } from "./node.ts";
import { rememberSignatures } from "./remember.ts";
import { signatures as webcrypto } from "./webcrypto.ts";

const backends: [string, SignatureBackend][] = [
  ["node:crypto", node],
  ["WebCrypto", webcrypto],
  ["noble", noble],
  ["a memory", rememberSignatures(node)],
];
const message = new TextEncoder().encode("SignedAttributes");
const fromBase64url = (text = ""): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const toBytes = (value: bigint, length: number): Uint8Array => hex(value.toString(16).padStart(2 * length, "0"));
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const digest = (hash: string): Uint8Array => new Uint8Array(createHash(hash).update(message).digest());

function publicOf(key: KeyObject): RsaPublicKey {
  const { n, e } = key.export({ format: "jwk" });
  return { modulus: fromBase64url(n), exponent: fromBase64url(e) };
}

const privateKey = rsaTestKey("signatures", 2048);
const publicKey = publicOf(privateKey);
const n = toNumber(publicKey.modulus);
const genuine = new Uint8Array(sign("sha256", message, privateKey));
/** Signs an encoded message as it stands. */
const raw = (encoded: Uint8Array): Uint8Array =>
  new Uint8Array(privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded));

const INFO = hex("3031300d060960864801650304020105000420");
const good = join(INFO, digest("sha256"));
/** 00 01, FF …, 00, info, filled up to 256 bytes. */
const padded = (info: Uint8Array, type = 1): Uint8Array =>
  join(Uint8Array.of(0, type), new Uint8Array(253 - info.length).fill(0xff), Uint8Array.of(0), info);

interface Case {
  key?: RsaPublicKey;
  hash?: HashName;
  signature?: Uint8Array;
  message?: Uint8Array;
}
const cases: [string, boolean, Case][] = [
  ["a good signature", true, {}],
  ["SHA-384", true, { hash: "SHA-384", signature: new Uint8Array(sign("sha384", message, privateKey)) }],
  ["SHA-512", true, { hash: "SHA-512", signature: new Uint8Array(sign("sha512", message, privateKey)) }],
  ["the same, made by hand", true, { signature: raw(padded(good)) }],
  ["another message", false, { message: message.with(0, 0) }],
  ["another hash", false, { hash: "SHA-384" }],
  ["a flipped bit", false, { signature: genuine.with(100, (genuine[100] ?? 0) ^ 1) }],
  ["one byte short", false, { signature: genuine.subarray(1) }],
  ["a leading zero", false, { signature: join(hex("00"), genuine) }],
  ["a trailing zero", false, { signature: join(genuine, hex("00")) }],
  ["nothing", false, { signature: hex("") }],
  ["s = 0", false, { signature: new Uint8Array(256) }],
  ["s = 1", false, { signature: toBytes(1n, 256) }],
  ["s = n - 1", false, { signature: toBytes(n - 1n, 256) }],
  ["s = n", false, { signature: publicKey.modulus }],
  ["s above n", false, { signature: new Uint8Array(256).fill(0xff) }],
  // RFC 8017 §9.2, each part broken
  ["block type 0", false, { signature: raw(padded(good, 0)) }],
  ["block type 2", false, { signature: raw(padded(good, 2)) }],
  ["a first byte of 1", false, { signature: raw(padded(good).with(0, 1)) }],
  ["padding of zeros", false, { signature: raw(padded(good).fill(0, 2, 200)) }],
  ["a zero in the padding", false, { signature: raw(padded(good).with(40, 0)) }],
  ["a byte of padding that is not FF", false, { signature: raw(padded(good).with(40, 0xfe)) }],
  ["no zero behind the padding", false, { signature: raw(padded(good).with(255 - good.length, 0xff)) }],
  [
    "short padding, and garbage behind the digest (CVE-2006-4339)",
    false,
    { signature: raw(join(padded(good).subarray(0, 10), hex("00"), good, new Uint8Array(245 - good.length).fill(0xaa))) },
  ],
  [
    "short padding, and garbage before it",
    false,
    { signature: raw(join(hex("0001"), new Uint8Array(8).fill(0xff), hex("00"), new Uint8Array(245 - good.length).fill(1), good)) },
  ],
  ["one byte of garbage behind the digest", false, { signature: raw(padded(join(good, hex("00")))) }],
  ["a digest one byte short", false, { signature: raw(padded(good.subarray(0, -1))) }],
  ["no DigestInfo", false, { signature: raw(padded(digest("sha256"))) }],
  ["parameters absent", false, { signature: raw(padded(join(hex("302f300b0609608648016503040201"), hex("0420"), digest("sha256")))) }],
  [
    "parameters that are not NULL",
    false,
    { signature: raw(padded(join(hex("3033300f06096086480165030402010402aaaa0420"), digest("sha256")))) },
  ],
  ["a NULL of two bytes", false, { signature: raw(padded(join(hex("3033300f06096086480165030402010502aaaa0420"), digest("sha256")))) }],
  ["a long form of a length", false, { signature: raw(padded(join(hex("308131300d060960864801650304020105000420"), digest("sha256")))) }],
  [
    "bytes inside DigestInfo behind the digest",
    false,
    { signature: raw(padded(join(hex("3033300d060960864801650304020105000420"), digest("sha256"), hex("0500")))) },
  ],
  [
    "SHA-256's digest under SHA-512/256's name",
    false,
    { signature: raw(padded(join(hex("3031300d060960864801650304020605000420"), digest("sha256")))) },
  ],
  ["SHA-1", false, { signature: new Uint8Array(sign("sha1", message, privateKey)) }],
  ["PSS", false, { signature: new Uint8Array(sign("sha256", message, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING })) }],
  // keys out of form, and the signature good where it can be
  [
    "a modulus with a leading zero",
    false,
    { key: { ...publicKey, modulus: join(hex("00"), publicKey.modulus) }, signature: join(hex("00"), genuine) },
  ],
  ["an even modulus", false, { key: { ...publicKey, modulus: publicKey.modulus.with(255, (publicKey.modulus[255] ?? 0) & 0xfe) } }],
  ["no modulus", false, { key: { ...publicKey, modulus: hex("") }, signature: hex("") }],
  ["a modulus of 2047 bits", false, { key: { ...publicKey, modulus: publicKey.modulus.with(0, 0x7f) } }],
  ["no exponent", false, { key: { ...publicKey, exponent: hex("") } }],
  ["exponent 1, and the encoded message itself", false, { key: { ...publicKey, exponent: hex("01") }, signature: padded(good) }],
  ["exponent 2", false, { key: { ...publicKey, exponent: hex("02") } }],
  ["an even exponent", false, { key: { ...publicKey, exponent: hex("010000") } }],
  ["an exponent with a leading zero", false, { key: { ...publicKey, exponent: hex("00010001") } }],
  ["exponent 2^32 + 1", false, { key: { ...publicKey, exponent: hex("0100000001") } }],
  ["exponent 3", false, { key: { ...publicKey, exponent: hex("03") } }],
];

/** Multiplies the primes of keys into one of more bits, or other ones than a library would make, and signs with it. */
function product(...primes: bigint[]): Case {
  const modulus = primes.reduce((all, prime) => all * prime, 1n);
  const phi = primes.reduce((all, prime) => all * (prime - 1n), 1n);
  const bytes = Math.ceil(modulus.toString(16).length / 2);
  const encoded = join(Uint8Array.of(0, 1), new Uint8Array(bytes - 3 - good.length).fill(0xff), Uint8Array.of(0), good);
  const signature = power(toNumber(encoded), inverse(65_537n, phi), modulus);
  return { key: { modulus: toBytes(modulus, bytes), exponent: hex("010001") }, signature: toBytes(signature, bytes) };
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) result = (((result * result) % modulus) * (bit === "1" ? base : 1n)) % modulus;
  return result;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next, t, nextT] = [modulus, value, 0n, 1n];
  while (next !== 0n) [r, next, t, nextT] = [next, r % next, nextT, t - (r / next) * nextT];
  return ((t % modulus) + modulus) % modulus;
}

const primesOf = (key: KeyObject): [bigint, bigint] => {
  const { p, q } = key.export({ format: "jwk" });
  return [toNumber(fromBase64url(p)), toNumber(fromBase64url(q))];
};
const [p, q] = primesOf(privateKey);
const [r, s] = primesOf(rsaTestKey("more primes", 2048));
const [t, u] = primesOf(rsaTestKey("short primes"));
cases.push(
  ["4096 bits", true, product(p, q, r, s)],
  ["3072 bits", true, product(p, q, r)],
  ["4608 bits", false, product(p, q, r, s, t)],
  ["1536 bits", false, product(p, t)],
  ["1024 bits", false, product(t, u)],
);

/** Largest number whose cube is at most `value`. */
function cubeRoot(value: bigint): bigint {
  let low = 0n;
  let high = 1n << 700n;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (middle ** 3n <= value) low = middle;
    else high = middle - 1n;
  }
  return low;
}

const small = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 });
const smallKey = publicOf(small.publicKey);
const forgery = toBytes(
  cubeRoot(toNumber(join(hex("0001"), new Uint8Array(8).fill(0xff), hex("00"), good, new Uint8Array(245 - good.length).fill(0xff)))),
  256,
);
cases.push(
  ["exponent 3, signed by its key", true, { key: smallKey, signature: new Uint8Array(sign("sha256", message, small.privateKey)) }],
  ["exponent 3, a cube root instead of a signature (CVE-2006-4339)", false, { key: smallKey, signature: forgery }],
);

// s + n is the same number to the modulus, and must not be taken where it fits
const other = Array.from({ length: 64 }, (_, i) => Uint8Array.of(i)).find(
  (text) => toNumber(sign("sha256", text, privateKey)) + n < 1n << 2048n,
);
cases.push([
  "s + n",
  false,
  { message: other ?? hex(""), signature: toBytes(toNumber(sign("sha256", other ?? hex(""), privateKey)) + n, 256) },
]);

describe.each(backends)("RSA signatures on %s", (_, backend) => {
  it.each(cases)(
    "%s: %s",
    async (_name, expected, { key = publicKey, hash = "SHA-256", signature = genuine, message: signed = message }) => {
      expect(await backend.verifyRsa(key, hash, signed, signature)).toBe(expected);
    },
  );
});

it("has forgeries that are what they should be", () => {
  const opened = power(toNumber(forgery), 3n, toNumber(smallKey.modulus));
  expect(toBytes(opened, 256).subarray(0, 11 + good.length)).toEqual(join(hex("0001"), new Uint8Array(8).fill(0xff), hex("00"), good));
  expect(other).toBeDefined();
});
