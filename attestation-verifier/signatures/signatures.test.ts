import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import type { SignatureBackend } from "./backend.ts";
import { createSignatures as createNoble, signatures as noble } from "./noble.ts";
import { createSignatures as createNode, signatures as node } from "./node.ts";
import { RecentKeys } from "./recent-keys.ts";
import { createSignatures as createWebcrypto, signatures as webcrypto } from "./webcrypto.ts";

const backends: [string, SignatureBackend][] = [
  ["node:crypto", node],
  ["WebCrypto", webcrypto],
  ["noble", noble],
  ["node:crypto with keys kept", createNode(3)],
  ["WebCrypto with keys kept", createWebcrypto(3)],
  ["noble as others are made", createNoble()],
];
const message = new TextEncoder().encode("Sig_structure");
const raw = (key: KeyObject, length: number): Uint8Array => new Uint8Array(key.export({ format: "der", type: "spki" }).subarray(-length));
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

interface Case {
  method: Exclude<keyof SignatureBackend, "verifyRsa">;
  key: Uint8Array;
  signature: Uint8Array;
  message?: Uint8Array;
}
const cases: [string, boolean, Case][] = [];

for (const [method, namedCurve, hash, size, order] of [
  [
    "verifyEs384",
    "P-384",
    "sha384",
    48,
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  ],
  ["verifyEs256", "P-256", "sha256", 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"],
] as const) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve });
  const key = raw(publicKey, 1 + 2 * size);
  const signature = new Uint8Array(sign(hash, message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
  const n = BigInt(`0x${order}`);
  const s = BigInt(`0x${Buffer.from(signature.subarray(size)).toString("hex")}`);
  const twin = new Uint8Array([...signature.subarray(0, size), ...hex((n - s).toString(16).padStart(2 * size, "0"))]);
  const zero = new Uint8Array(size);
  const both = (r: Uint8Array, t: Uint8Array): Uint8Array => new Uint8Array([...r, ...t]);
  const r = signature.subarray(0, size);
  cases.push(
    [`${method}: a good signature`, true, { method, key, signature }],
    [`${method}: its twin with n - s`, true, { method, key, signature: twin }],
    [`${method}: another message`, false, { method, key, signature, message: message.with(0, 0) }],
    [`${method}: a flipped bit`, false, { method, key, signature: signature.with(3, (signature[3] ?? 0) ^ 1) }],
    [`${method}: one byte short`, false, { method, key, signature: signature.subarray(1) }],
    [`${method}: one byte long`, false, { method, key, signature: both(signature, hex("00")) }],
    [`${method}: DER`, false, { method, key, signature: new Uint8Array(sign(hash, message, privateKey)) }],
    [`${method}: r = s = 0`, false, { method, key, signature: both(zero, zero) }],
    [`${method}: s = 0`, false, { method, key, signature: both(r, zero) }],
    [`${method}: r = s = n`, false, { method, key, signature: both(hex(order), hex(order)) }],
    [`${method}: s = n`, false, { method, key, signature: both(r, hex(order)) }],
    [`${method}: r and s above n`, false, { method, key, signature: new Uint8Array(2 * size).fill(0xff) }],
    [`${method}: an empty key`, false, { method, key: hex(""), signature }],
    [`${method}: a compressed key`, false, { method, key: key.subarray(0, 1 + size).with(0, 2 + ((key.at(-1) ?? 0) & 1)), signature }],
    [`${method}: a hybrid key`, false, { method, key: key.with(0, 6 + ((key.at(-1) ?? 0) & 1)), signature }],
    [`${method}: a key off the curve`, false, { method, key: key.with(2 * size, (key.at(-1) ?? 0) ^ 1), signature }],
    [`${method}: a key with coordinates above p`, false, { method, key: new Uint8Array(1 + 2 * size).fill(0xff).with(0, 4), signature }],
    [`${method}: the point (0, 0)`, false, { method, key: new Uint8Array(1 + 2 * size).with(0, 4), signature }],
  );
}

// RFC 8032 §7.1, test 3
const ed = {
  key: hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
  message: hex("af82"),
  signature: hex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ),
};
// encodings of points of small order, canonical and not (Taming the many EdDSAs, table 1, and their twins)
const SMALL_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
// R = identity, S = 0: verifies under a key of small order for any message with the cofactored equation
const forged = hex(`01${"00".repeat(63)}`);
const L = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
const plusL = (s: Uint8Array): Uint8Array => {
  const sum = new Uint8Array(32);
  for (let i = 0, carry = 0; i < 32; i++) {
    carry += (s[i] ?? 0) + (L[i] ?? 0);
    sum[i] = carry & 255;
    carry >>= 8;
  }
  return sum;
};
const edCase = (change: Partial<Case>): Case => ({ method: "verifyEd25519", ...ed, ...change });
cases.push(
  ["verifyEd25519: RFC 8032 test 3", true, edCase({})],
  ["verifyEd25519: another message", false, edCase({ message: hex("af83") })],
  ["verifyEd25519: a flipped bit in R", false, edCase({ signature: ed.signature.with(0, 0x63) })],
  [
    "verifyEd25519: S + L",
    false,
    edCase({ signature: new Uint8Array([...ed.signature.subarray(0, 32), ...plusL(ed.signature.subarray(32))]) }),
  ],
  ["verifyEd25519: 63 bytes", false, edCase({ signature: ed.signature.subarray(1) })],
  ["verifyEd25519: a key of 31 bytes", false, edCase({ key: ed.key.subarray(1) })],
  ["verifyEd25519: a key off the curve", false, edCase({ key: ed.key.with(0, 0xfd) })],
  ...SMALL_ORDER.map((key): [string, boolean, Case] => [
    `verifyEd25519: small order key ${key.slice(0, 8)}…${key.slice(-2)}`,
    false,
    edCase({ key: hex(key), signature: forged }),
  ]),
  // "Taming the many EdDSAs" table 2, case 4: holds with the cofactor alone
  [
    "verifyEd25519: holds only with the cofactor",
    false,
    edCase({
      message: hex("e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c"),
      key: hex("cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d"),
      signature: hex(
        "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
      ),
    }),
  ],
);

describe.each(backends)("signatures on %s", (_, backend) => {
  it.each(cases)("%s: %s", async (_name, expected, { method, key, signature, message: signed = message }) => {
    expect(await backend[method](key, signed, signature)).toBe(expected);
  });
});

describe("a runtime without an algorithm", () => {
  it("is said to lack it, which is no verdict about a key", async () => {
    const lacking = vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(new DOMException("not here", "NotSupportedError"));
    try {
      for (const backend of [webcrypto, createWebcrypto(3)])
        await expect(backend.verifyEd25519(ed.key, ed.message, ed.signature)).rejects.toThrow("not here");
      lacking.mockRejectedValue(new DOMException("no point", "DataError"));
      expect(await webcrypto.verifyEd25519(ed.key, ed.message, ed.signature)).toBe(false);
    } finally {
      lacking.mockRestore();
    }
  });
});

describe("keys used last", () => {
  it("are made once, kept as long as they are used, and found by their bytes", () => {
    const made: string[] = [];
    const make = (key: Uint8Array): string => {
      if (key[0] === 9) throw new Error("no key");
      made.push(`${key[0]}`);
      return `key ${key[0]}`;
    };
    const recent = new RecentKeys<string>(2);
    const get = (first: number): string => recent.get(Uint8Array.of(first, 7), make);
    expect([1, 2, 1, 3, 1, 2].map(get)).toEqual(["key 1", "key 2", "key 1", "key 3", "key 1", "key 2"]);
    expect(made).toEqual(["1", "2", "3", "2"]);
    for (let i = 0; i < 2; i++) expect(() => get(9)).toThrow("no key");
    const buffer = Buffer.from([5, 7]);
    recent.get(buffer, make);
    buffer[0] = 2; // now the bytes of another key
    expect(recent.get(buffer, make)).toBe("key 2");
    expect(get(5)).toBe("key 5");
    expect(made).toEqual(["1", "2", "3", "2", "5"]);
  });
});
