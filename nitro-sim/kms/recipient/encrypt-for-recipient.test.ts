import { execFileSync, spawnSync } from "node:child_process";
import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8Encode } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { berSkeleton, type BerLine } from "../../test-support/ber-skeleton.ts";
import { flipPlaintextBit, forgeCms } from "../../test-support/forged-cms.ts";
import { encryptForRecipient, recipientKeyId, type ContentForm } from "./encrypt-for-recipient.ts";

const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
const openssl = spawnSync("openssl", ["version"]).status === 0;
const real = (name: string): URL => new URL(`../../../../shared/fixtures/kms/${name}`, import.meta.url);
const sample = (name: string): Uint8Array => new Uint8Array(readFileSync(real(name)));
const FORMS: readonly ContentForm[] = ["constructed", "primitive"];
/** Where two of the hidden values stand. */
const [KEY_ID, IV] = [0, 2];
const present = existsSync(real("edgebit-go_cms.bin"));

/** What KMS wrote for a 32-byte data key to a 2048-bit recipient, by hand: depth, tag, length bytes, value. */
const EXPECTED: readonly string[] = [
  "0 30 80",
  "1 06 09 = 2a864886f70d010703", // envelopedData
  "1 a0 80",
  "2 30 80",
  "3 02 01 = 02",
  "3 31 82016b",
  "4 30 820167",
  "5 02 01 = 02",
  "5 80 20", // subjectKeyIdentifier
  "5 30 3c",
  "6 06 09 = 2a864886f70d010107", // RSAES-OAEP
  "6 30 2f",
  "7 a0 0f",
  "8 30 0d",
  "9 06 09 = 608648016503040201", // SHA-256
  "9 05 00 = ",
  "7 a1 1c",
  "8 30 1a",
  "9 06 09 = 2a864886f70d010108", // MGF1
  "9 30 0d",
  "10 06 09 = 608648016503040201",
  "10 05 00 = ",
  "5 04 820100", // wrapped key
  "3 30 80",
  "4 06 09 = 2a864886f70d010701", // data
  "4 30 1d",
  "5 06 09 = 60864801650304012a", // AES-256-CBC
  "5 04 10", // IV
  "4 a0 80",
  "5 04 30", // ciphertext
  "4 00 00",
  "3 00 00",
  "2 00 00",
  "1 00 00",
  "0 00 00",
];

describe("encryptForRecipient", () => {
  it("writes the structure of KMS's answers", () => {
    const bytes = encryptForRecipient(key.publicKey, randomBytes(32), randomBytes);
    expect(bytes.length).toBe(493);
    expect(skeleton(bytes)).toEqual(EXPECTED);
  });

  it("writes the other form of content that KMS has", () => {
    const bytes = encryptForRecipient(key.publicKey, randomBytes(15), randomBytes, { content: "primitive" });
    expect(bytes.length).toBe(457);
    const at = EXPECTED.indexOf("4 a0 80");
    expect(skeleton(bytes)).toEqual([...EXPECTED.slice(0, at), "4 80 10", ...EXPECTED.slice(at + 3)]);
  });

  it.each([2048, 3072, 4096])("opens with the private key of %i bits", (modulusLength) => {
    const { publicKey, privateKey } = modulusLength === 2048 ? key : generateKeyPairSync("rsa", { modulusLength });
    for (const length of [1, 15, 16, 32, 2400]) {
      const plaintext = randomBytes(length);
      for (const content of FORMS)
        expect(open(encryptForRecipient(publicKey, plaintext, randomBytes, { content }), privateKey)).toEqual(new Uint8Array(plaintext));
    }
  });

  it("takes content key and IV from the given source, fresh each time", () => {
    let calls = 0;
    const counted = (length: number): Uint8Array => new Uint8Array(length).fill(++calls);
    const [first, second] = [1, 2].map(() => encryptForRecipient(key.publicKey, randomBytes(8), counted));
    expect(calls).toBe(4);
    expect(values(first!).at(IV)).toEqual(new Uint8Array(16).fill(2));
    expect(values(second!).at(IV)).toEqual(new Uint8Array(16).fill(4));
  });

  it.skipIf(!openssl).each(FORMS)("is read by openssl cms: %s content", async (content) => {
    const plaintext = utf8Encode("caladrius, to be read by others");
    expect(await readByOpenssl(encryptForRecipient(key.publicKey, plaintext, randomBytes, { content }))).toEqual(plaintext);
  });
});

describe.skipIf(!present)("KMS's own messages", () => {
  it.each([
    ["edgebit-go_cms.bin", "constructed", 32],
    ["enclaver_cms.bin", "constructed", 12],
    ["aws-sdk-c_input_ber.bin", "constructed", 32],
    ["aws-sdk-c_input_ber_w_ctx.bin", "primitive", 12],
  ] as const)("%s has byte for byte our structure", (name, content, length) => {
    const ours = encryptForRecipient(key.publicKey, randomBytes(length), randomBytes, { content });
    expect(skeleton(ours)).toEqual(skeleton(sample(name)));
    expect(ours.length).toBe(sample(name).length);
  });

  it.each([
    ["edgebit-go_cms.bin", "edgebit-go_pkcs1.der", "pkcs1"],
    ["enclaver_cms.bin", "enclaver_pkcs8.der", "pkcs8"],
  ] as const)("%s names its recipient as we do, and opens as ours", (name, file, type) => {
    const privateKey = createPrivateKey({ key: readFileSync(real(file)), format: "der", type });
    expect(values(sample(name)).at(KEY_ID)).toEqual(new Uint8Array(recipientKeyId(createPublicKey(privateKey))));
    expect(open(sample(name), privateKey)?.length).toBeGreaterThan(0);
  });
});

describe("forged messages", () => {
  const plaintext = utf8Encode("Bearer of a data key, 32 bytes..");
  const forged = forgeCms(key.publicKey, plaintext);

  it("have names of their own", () => {
    expect(new Set(forged.map(({ name }) => name)).size).toBe(forged.length);
    expect(forged.length).toBeGreaterThan(100);
  });

  it.each(forged.filter(({ verdict }) => verdict === "refuse").map(({ name, bytes }) => [name, bytes] as const))(
    "a reader of exactly KMS's structure refuses: %s",
    (_, bytes) => {
      expect(open(bytes, key.privateKey)).toBeNull();
    },
  );

  it("can flip a bit of what an honest one holds, and nobody sees it", () => {
    const flipped = flipPlaintextBit(encryptForRecipient(key.publicKey, plaintext, randomBytes), 9);
    expect(open(flipped, key.privateKey)).toEqual(plaintext.map((byte, i) => (i === 1 ? byte ^ 2 : byte)));
  });

  it.skipIf(!openssl)("hold the plaintext where they say that they are the same message", async () => {
    for (const { name, bytes, verdict } of forged)
      if (verdict === "same") expect([name, await readByOpenssl(bytes)]).toEqual([name, plaintext]);
  });
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cal-cms-"));
  await writeFile(join(folder, "key.pem"), key.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

async function readByOpenssl(bytes: Uint8Array): Promise<Uint8Array> {
  await writeFile(join(folder, "message"), bytes);
  const words = ["cms", "-decrypt", "-binary", "-inform", "DER", "-in", join(folder, "message"), "-inkey", join(folder, "key.pem")];
  return new Uint8Array(execFileSync("openssl", words, { stdio: ["ignore", "pipe", "ignore"] }));
}

/** Reads what has exactly the structure of KMS's messages and is for this key; null = anything else. */
function open(bytes: Uint8Array, privateKey: KeyObject): Uint8Array | null {
  const publicKey = createPublicKey(privateKey);
  let read: readonly BerLine[];
  try {
    read = berSkeleton(bytes);
  } catch {
    return null;
  }
  const [keyId, encryptedKey, iv, ciphertext] = hidden(read);
  if (keyId === undefined || encryptedKey === undefined || iv === undefined || ciphertext === undefined) return null;
  const plaintext = new Uint8Array(Math.max(0, ciphertext.length - 1));
  const honest = FORMS.map((content) => skeleton(encryptForRecipient(publicKey, plaintext, randomBytes, { content })).join());
  if (!honest.includes(read.map(({ line }) => line).join()) || !Buffer.from(keyId).equals(recipientKeyId(publicKey))) return null;
  try {
    const contentKey = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, encryptedKey);
    const decipher = createDecipheriv("aes-256-cbc", contentKey, iv);
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  } catch {
    return null;
  }
}

function skeleton(bytes: Uint8Array): string[] {
  return berSkeleton(bytes).map(({ line }) => line);
}

function values(bytes: Uint8Array): Uint8Array[] {
  return hidden(berSkeleton(bytes));
}

/** The values that the skeleton does not show: key identifier, wrapped key, IV, ciphertext. */
function hidden(lines: readonly BerLine[]): Uint8Array[] {
  return lines.filter(({ line, value }) => value.length > 0 && !line.includes("=")).map(({ value }) => value);
}
