import { createCipheriv, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hex } from "@caladrius/attestation-verifier/generate/der.ts";
import { toHex } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openCms, type CmsRecipient } from "./open-cms.ts";
import { KmsError } from "./port.ts";
import { MAX_CMS_BYTES, readCms } from "./read-cms.ts";
import { indefinite, oaep, writeCms, type CmsParts } from "./test-support/write-cms.ts";

const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }));
const recipientOf = (privateKey: KeyObject): CmsRecipient => ({ privateKey, spki: spkiOf(privateKey) });
const OURS = recipientOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
const OTHER = recipientOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
const PLAINTEXT = new Uint8Array(randomBytes(32));

/** The plaintext, or the one refusal there is. */
function open(cms: Uint8Array, recipient: CmsRecipient = OURS, plaintextBytes = 32): Uint8Array | "refused" {
  try {
    return openCms(cms, recipient, { plaintextBytes, randomBytes });
  } catch (error) {
    if (!(error instanceof KmsError) || error.code !== "kms-answer-refused") throw error;
    return "refused";
  }
}

describe("openCms", () => {
  it.each(["constructed", "primitive"] as const)("opens what KMS writes, with %s content", (form) => {
    expect(open(writeCms(OURS.spki, PLAINTEXT, { form }))).toEqual(PLAINTEXT);
  });

  it.each([0, 1, 12, 15, 16, 17, 64])("opens %i bytes where so many are awaited, and no other number", (length) => {
    const plaintext = new Uint8Array(randomBytes(length));
    const cms = writeCms(OURS.spki, plaintext);
    expect(open(cms, OURS, length)).toEqual(plaintext);
    for (const other of [length + 1, length + 16, Math.max(0, length - 1)].filter((one) => one !== length))
      expect(open(cms, OURS, other)).toBe("refused");
  });

  const contentKey = randomBytes(32);
  const wrong: Record<string, Partial<CmsParts>> = {
    "for another key, under our identifier": { encryptedKey: oaep(OTHER.spki, contentKey) },
    "for our key, under another identifier": { keyIdentifier: randomBytes(32) },
    "under an identifier that is cut": { keyIdentifier: new Uint8Array(31) },
    "with a content key of 16 bytes": { encryptedKey: oaep(OURS.spki, randomBytes(16)) },
    "with a content key of 33 bytes": { encryptedKey: oaep(OURS.spki, randomBytes(33)) },
    "with an empty content key": { encryptedKey: oaep(OURS.spki, new Uint8Array(0)) },
    "with a content key that RSA did not encrypt": { encryptedKey: randomBytes(256) },
    "with a content key larger than the modulus": { encryptedKey: new Uint8Array(256).fill(0xff) },
    "with a content key of 255 bytes": { encryptedKey: new Uint8Array(255) },
    "with another content": { ciphertext: randomBytes(48) },
    "with content that is one block short": { ciphertext: randomBytes(32) },
    "with content that is no whole block": { ciphertext: randomBytes(47) },
    "with no content": { ciphertext: new Uint8Array(0) },
    "with an IV of 12 bytes": { iv: new Uint8Array(12) },
  };
  it.each(Object.keys(wrong))("refuses one %s", (name) => {
    if (name.endsWith("12 bytes")) expect(open(withIv(12))).toBe("refused");
    else expect(open(writeCms(OURS.spki, PLAINTEXT, wrong[name]))).toBe("refused");
  });

  it("refuses what the key would open that it goes on with when RSA fails", () => {
    const stranger = new Uint8Array(randomBytes(32));
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-256-cbc", stranger, iv);
    const ciphertext = Buffer.concat([cipher.update(PLAINTEXT), cipher.final()]);
    for (const encryptedKey of [randomBytes(256), oaep(OTHER.spki, stranger), oaep(OURS.spki, stranger.subarray(1))]) {
      const cms = writeCms(OURS.spki, PLAINTEXT, { encryptedKey, iv, ciphertext });
      expect(() => openCms(cms, OURS, { plaintextBytes: 32, randomBytes: () => stranger.slice() })).toThrow(KmsError);
    }
    const known = writeCms(OURS.spki, PLAINTEXT, { encryptedKey: oaep(OURS.spki, stranger), iv, ciphertext });
    expect(open(known)).toEqual(PLAINTEXT);
  });

  it("refuses one for another key altogether", () => {
    expect(open(writeCms(OTHER.spki, PLAINTEXT))).toBe("refused");
  });

  it("refuses every other last block: no two answers tell what its padding says", () => {
    // Flipped bits of the block before come out as flipped bits of the padding: a block of sixteen times 16.
    const cms = writeCms(OURS.spki, PLAINTEXT);
    const ciphertext = readCms(cms)!.ciphertext;
    const at = Buffer.from(cms).indexOf(ciphertext);
    for (let byte = 16; byte < 32; byte++) {
      for (const bit of [1, 0x10, 0x1f ^ 0x10, 0x80]) {
        const changed = cms.slice();
        changed[at + byte]! ^= bit;
        expect(open(changed)).toBe("refused");
      }
    }
  });

  it("refuses every flipped bit outside the IV and the first content blocks, which CBC does not protect", () => {
    const cms = writeCms(OURS.spki, PLAINTEXT);
    const { iv, ciphertext } = readCms(cms)!;
    const unprotected = [iv, ciphertext.subarray(0, 16)].map((part) => Buffer.from(cms).indexOf(part));
    for (let index = 0; index < cms.length; index++) {
      if (unprotected.some((start) => index >= start && index < start + 16)) continue;
      const changed = cms.slice();
      changed[index]! ^= 1 << (index % 8);
      expect([index, open(changed)]).toEqual([index, "refused"]);
    }
  });

  it("refuses every cut and every byte more", () => {
    const cms = writeCms(OURS.spki, PLAINTEXT);
    for (let length = 0; length < cms.length; length++) expect(open(cms.subarray(0, length))).toBe("refused");
    for (const tail of ["00", "0000", "0500"]) expect(open(Buffer.concat([cms, hex(tail)]))).toBe("refused");
  });

  it("throws nothing else for any bytes", () => {
    const cms = writeCms(OURS.spki, PLAINTEXT);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => open(bytes) === "refused"));
    fc.assert(
      fc.property(fc.nat(cms.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, bytes) => {
        const changed = cms.slice();
        changed.set(bytes.subarray(0, cms.length - at), at);
        const opened = open(changed);
        return opened === "refused" || opened.length === 32;
      }),
    );
  });
});

/** writeCms cannot: no cipher takes such an IV. */
function withIv(length: number): Uint8Array {
  const cms = Buffer.from(writeCms(OURS.spki, PLAINTEXT));
  const at = cms.indexOf(hex("060960864801650304012a0410"));
  const algorithm = Buffer.concat([hex("06096086480165030401"), hex("2a"), Uint8Array.of(4, length), randomBytes(length)]);
  return Buffer.concat([cms.subarray(0, at - 2), Uint8Array.of(0x30, algorithm.length), algorithm, cms.subarray(at + 29)]);
}

describe("BER that is a bomb", () => {
  const bombs: Record<string, Uint8Array> = {
    "8000 elements deep, indefinite": hex("3080".repeat(8000)),
    "8000 elements deep and closed": hex("3080".repeat(4000) + "0000".repeat(4000)),
    "4000 elements deep, definite": nested(4000),
    "8000 elements wide": indefinite(0x30, hex("0500".repeat(8000))),
    "with a length of four gigabytes": hex("3084ffffffff"),
    "with a length of 126 bytes": hex(`30fe${"ff".repeat(126)}`),
    "with a length in needless bytes": hex("308200050500050005"),
    "with a length that is reserved": hex("30ff00"),
    "with a tag over several bytes": hex("30801f8181818101000000"),
    "with a primitive of indefinite length": hex("308004800000000000"),
    "whose end of contents has contents": hex("3080000100"),
    "which begins with end of contents": hex("0000"),
    "one byte larger than is looked at": new Uint8Array(MAX_CMS_BYTES + 1),
    "larger by far": new Uint8Array(1 << 24).fill(0x30),
  };
  it.each(Object.keys(bombs))("is refused at once: %s", (name) => {
    const begun = performance.now();
    expect(readCms(bombs[name]!)).toBeNull();
    expect(performance.now() - begun).toBeLessThan(250);
  });
});

function nested(depth: number): Uint8Array {
  let bytes = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) {
    const length =
      bytes.length < 0x80 ? [bytes.length] : bytes.length < 0x100 ? [0x81, bytes.length] : [0x82, bytes.length >> 8, bytes.length & 255];
    bytes = Buffer.concat([Uint8Array.of(0x30, ...length), bytes]);
  }
  return bytes;
}

const SAMPLES = new URL("../../../shared/fixtures/kms/", import.meta.url);
const sample = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, SAMPLES)));

describe.skipIf(!existsSync(SAMPLES))("what AWS KMS really answered (needs ../shared/fixtures/kms)", () => {
  it.each([
    ["edgebit-go_cms.bin", "edgebit-go_pkcs1.der", "pkcs1", 32, /^3be82c44.*d26e41$/],
    ["enclaver_cms.bin", "enclaver_pkcs8.der", "pkcs8", 12, /^48656c6c6f2c20576f726c64$/],
  ] as const)("%s opens under its key", (cms, key, type, length, expected) => {
    const recipient = recipientOf(createPrivateKey({ key: Buffer.from(sample(key)), format: "der", type }));
    const opened = open(sample(cms), recipient, length);
    expect(toHex(opened as Uint8Array)).toMatch(expected);
    expect(open(sample(cms), OURS, length)).toBe("refused");
  });

  it.each([
    ["", "_out"],
    ["_w_ctx", "_out_w_ctx"],
  ])("aws-sdk-c_input_ber%s.bin reads as the vectors of AWS's own C library say", (input, output) => {
    const cms = readCms(sample(`aws-sdk-c_input_ber${input}.bin`));
    expect(cms?.iv).toEqual(sample(`aws-sdk-c_iv${output}.bin`));
    expect(cms?.encryptedKey).toEqual(sample(`aws-sdk-c_encrypted_key${output}.bin`));
    expect(cms?.ciphertext).toEqual(sample(`aws-sdk-c_ciphertext${output}.bin`));
  });
});
