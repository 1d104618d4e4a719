import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, type SuiteId } from "@caladrius/wire";
import { deriveKeyPair } from "./hpke.ts";
import { keySchedule, type MessageKey } from "./hpke/schedule.ts";

interface Vector {
  source: string;
  kem_id: number;
  kdf_id: number;
  aead_id: number;
  info: string;
  ikmR: string;
  pkRm: string;
  enc: string;
  shared_secret?: string;
  key?: string;
  base_nonce?: string;
  encryptions?: { aad: string; ct: string; nonce: string; pt: string }[];
  encryptions_accumulated?: string;
}

const HKDF_SHA256 = 1;
const CIPHER = { 2: "aes-256-gcm", 3: "chacha20-poly1305" } as const;
const SUITE = new Map<number, SuiteId>([
  [0x0020, "X25519"],
  [0x647a, "MLKEM768-X25519"],
]);

/** Vectors differ in what they hold; a part that one lacks is no test of its. */
const itIf = (present: boolean, name: string, run: () => void): void => {
  if (present) it(name, run);
};

const VECTORS = [
  "x25519-hkdf-sha256-aes-256-gcm",
  "mlkem768-x25519-hkdf-sha256-chacha20-poly1305",
  "mlkem768-x25519-shake256-chacha20-poly1305",
].map((name) => ({
  name,
  vector: JSON.parse(readFileSync(new URL(`../vectors/hpke/${name}.json`, import.meta.url), "utf8")) as Vector,
}));

describe.each(VECTORS)("published vector $name", ({ vector }) => {
  const suite = SUITE.get(vector.kem_id)!;
  const pair = deriveKeyPair(suite, fromHex(vector.ikmR));
  const sharedSecret = pair.decapsulate(fromHex(vector.enc));
  const schedule = (): MessageKey =>
    keySchedule({ kem: vector.kem_id, kdf: vector.kdf_id, aead: vector.aead_id })(sharedSecret, fromHex(vector.info));

  it("DeriveKeyPair gives the recipient's public key", () => {
    expect(toHex(pair.publicKey)).toBe(vector.pkRm);
  });

  itIf(vector.shared_secret !== undefined, "Decap gives the shared secret", () => {
    expect(toHex(sharedSecret)).toBe(vector.shared_secret);
  });

  itIf(vector.key !== undefined && vector.kdf_id === HKDF_SHA256, "KeySchedule gives key and base nonce", () => {
    const { key, baseNonce } = schedule();
    expect({ key: toHex(key), base_nonce: toHex(baseNonce) }).toEqual({ key: vector.key, base_nonce: vector.base_nonce });
  });

  itIf(vector.encryptions !== undefined && vector.kdf_id === HKDF_SHA256, "opens every encryption of the sequence", () => {
    const messageKey = schedule();
    for (const [sequence, { aad, ct, nonce, pt }] of vector.encryptions!.entries()) {
      const at = nonceOf(messageKey, sequence);
      expect(toHex(at)).toBe(nonce);
      const sealed = fromHex(ct);
      const decipher = createDecipheriv("chacha20-poly1305", messageKey.key, at, { authTagLength: 16 });
      decipher.setAAD(fromHex(aad), { plaintextLength: sealed.length - 16 });
      decipher.setAuthTag(sealed.subarray(-16));
      expect(toHex(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]))).toBe(pt);
    }
  });

  itIf(vector.encryptions_accumulated !== undefined, "gives the accumulated digest of a thousand encryptions", () => {
    const messageKey = schedule();
    const source = shakeOfNothing(1000 * 2 * 256);
    const sink = createHash("shake128", { outputLength: 16 });
    let offset = 0;
    const draw = (): Uint8Array => {
      const start = offset + 1;
      offset = start + source[offset]!;
      return source.subarray(start, offset);
    };
    for (let sequence = 0; sequence < 1000; sequence++) {
      const aad = draw();
      const plaintext = draw();
      const cipher = createCipheriv(CIPHER[2], messageKey.key, nonceOf(messageKey, sequence));
      cipher.setAAD(aad);
      sink.update(cipher.update(plaintext));
      cipher.final();
      sink.update(cipher.getAuthTag());
    }
    expect(sink.digest("hex")).toBe(vector.encryptions_accumulated);
  });
});

/** RFC 9180 §5.2 ComputeNonce. */
function nonceOf({ baseNonce }: MessageKey, sequence: number): Uint8Array {
  const nonce = Buffer.from(baseNonce);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence) >>> 0, 8);
  return nonce;
}

function shakeOfNothing(length: number): Uint8Array {
  return createHash("shake128", { outputLength: length }).digest();
}
