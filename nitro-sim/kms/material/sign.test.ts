import { createHash, createPrivateKey, sign, verify, constants, createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeSecret, privateKeyOf } from "./make.ts";
import { signMessage, verifyMessage } from "./sign.ts";
import { SIGNING, SPEC, type KeySpec, type SigningAlgorithm } from "./specs.ts";

const MESSAGE = Buffer.from("what is signed");
const CASES = (["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"] as const).flatMap((spec) =>
  SPEC[spec].signing.map((algorithm): [KeySpec, SigningAlgorithm] => [spec, algorithm]),
);
const keys = new Map<KeySpec, Promise<Uint8Array>>();
function secretOf(spec: KeySpec): Promise<Uint8Array> {
  const made = keys.get(spec) ?? makeSecret(spec);
  keys.set(spec, made);
  return made;
}

describe("signatures over digests", () => {
  it.each(CASES)("of %s with %s are those of node:crypto over messages", async (spec, algorithm) => {
    const key = privateKeyOf(await secretOf(spec));
    const { scheme, hash } = SIGNING[algorithm];
    const digest = createHash(hash).update(MESSAGE).digest();
    const options =
      scheme === "ecdsa"
        ? { dsaEncoding: "der" as const }
        : scheme === "pss"
          ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
          : { padding: constants.RSA_PKCS1_PADDING };
    const overDigest = { algorithm, type: "DIGEST" as const, message: digest };
    const overMessage = { algorithm, type: "RAW" as const, message: MESSAGE };

    const ours = signMessage(key, overDigest);
    expect(verify(hash, MESSAGE, { key: createPublicKey(key), ...options }, ours)).toBe(true);
    expect(verifyMessage(key, overMessage, ours)).toBe(true);
    const theirs = sign(hash, MESSAGE, { key, ...options });
    expect(verifyMessage(key, overDigest, theirs)).toBe(true);
    expect(verifyMessage(key, overDigest, signMessage(key, overMessage))).toBe(true);

    const otherDigest = createHash(hash).update("something else").digest();
    expect(verifyMessage(key, { ...overDigest, message: otherDigest }, theirs)).toBe(false);
    for (const at of [0, 1, 5, theirs.length - 1]) {
      const changed = Buffer.from(theirs);
      changed[at]! ^= 1;
      expect(verifyMessage(key, overDigest, changed), `byte ${at}`).toBe(false);
    }
    for (const wrong of [Buffer.alloc(0), theirs.subarray(1), Buffer.concat([theirs, Buffer.from([0])])])
      expect(verifyMessage(key, overDigest, wrong)).toBe(false);
  });

  it("refuses an ECDSA signature of zeros and one in other than the shortest form", async () => {
    const key = createPrivateKey({ key: Buffer.from(await secretOf("ECC_NIST_P256")), format: "der", type: "pkcs8" });
    const digest = createHash("sha256").update(MESSAGE).digest();
    const overDigest = { algorithm: "ECDSA_SHA_256" as const, type: "DIGEST" as const, message: digest };
    expect(verifyMessage(key, overDigest, Buffer.from("3006020100020100", "hex"))).toBe(false);
    const good = Buffer.from(sign("sha256", MESSAGE, key));
    const rLength = good[3]!;
    const padded = Buffer.concat([Buffer.from([0x30, good[1]! + 1, 2, rLength + 1, 0]), good.subarray(4)]);
    expect(verifyMessage(key, overDigest, good)).toBe(true);
    expect(verifyMessage(key, overDigest, padded)).toBe(false);
  });
});
