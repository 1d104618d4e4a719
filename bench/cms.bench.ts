import { constants, createCipheriv, createPublicKey, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from "node:crypto";
import { openCms } from "@caladrius/enclave/kms/open-cms";
import { oaep, writeCms, type CmsParts } from "@caladrius/enclave/kms/test-support/write-cms.ts";
import type { Report } from "./report.ts";
import { inProcess, timeInTurns, type Candidate } from "./rounds.ts";

const ROUNDS = 40;
/** The largest difference between medians that opening may show. */
const TARGET = 1.05;
/** Against the bare RSA operation that opening cannot do without. */
const FLOOR_TARGET = 1.3;
const INPUTS = 64;

/**
 * What it costs to open a CiphertextForRecipient that is right, and one that is wrong behind its form: whoever can time it
 * must learn nothing about padding or keys. Each candidate has inputs of its own in turn, so that no cache knows them.
 */
export async function run(report: Report): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const spki = new Uint8Array(createPublicKey(privateKey).export({ format: "der", type: "spki" }));
  const recipient = { privateKey, spki };
  const options = { plaintextBytes: 32, randomBytes: (bytes: number): Uint8Array => randomBytes(bytes) };
  const open = (cms: Uint8Array): void => {
    try {
      openCms(cms, recipient, options);
    } catch {
      // the one refusal there is
    }
  };
  const turns = (name: string, make: () => Uint8Array): Candidate => {
    const inputs = Array.from({ length: INPUTS }, make);
    let turn = 0;
    return inProcess(name, () => open(inputs[turn++ % INPUTS] as Uint8Array));
  };
  report.progress("inputs");
  const right = turns("opens", () => writeCms(spki, randomBytes(32)));
  const wrong = Object.entries(WRONG).map(([name, parts]) => turns(name, () => writeCms(spki, randomBytes(32), parts(spki))));
  const wrapped = Array.from({ length: INPUTS }, () => publicEncrypt({ key: publicKey, ...OAEP }, randomBytes(32)));
  let turn = 0;
  const bare = inProcess("bare RSA-OAEP", () => privateDecrypt({ key: privateKey, ...OAEP }, wrapped[turn++ % INPUTS] as Uint8Array));

  report.progress("opening");
  const [opened, ...refused] = await timeInTurns([right, ...wrong, bare], ROUNDS);
  const floor = refused.pop();
  if (opened === undefined || floor === undefined) throw new Error("nothing was timed");
  report.add("bare RSA-OAEP", floor.costs.p50, "us");
  report.add(opened.name, opened.costs.p50, "us", { name: "bare RSA-OAEP", ratio: 1 / floor.ratios.p50, target: FLOOR_TARGET });
  for (const { name, costs, ratios } of refused)
    report.add(name, costs.p50, "us", { name: "one that opens", ratio: ratios.p50, target: TARGET });
}

/** What is wrong with them shows only behind RSA: their form and their lengths are those of KMS. */
const WRONG: Readonly<Record<string, (spki: Uint8Array) => Partial<CmsParts>>> = {
  "another content key": (spki) => ({ encryptedKey: oaep(spki, randomBytes(32)) }),
  "a content key of 31 bytes": (spki) => ({ encryptedKey: oaep(spki, randomBytes(31)) }),
  "an empty content key": (spki) => ({ encryptedKey: oaep(spki, new Uint8Array(0)) }),
  "a number that is no OAEP block": () => ({ encryptedKey: belowModulus() }),
  "PKCS #1 v1.5 in the place of OAEP": (spki) => ({
    encryptedKey: publicEncrypt({ key: keyOf(spki), padding: constants.RSA_PKCS1_PADDING }, randomBytes(32)),
  }),
  "another content": () => ({ ciphertext: randomBytes(48) }),
  "padding of zeros": (spki) => padded(spki, new Uint8Array(16)),
  "padding whose first byte differs": (spki) => padded(spki, new Uint8Array(16).fill(16).fill(15, 0, 1)),
  "padding whose last byte differs": (spki) => padded(spki, new Uint8Array(16).fill(16).fill(17, 15)),
};

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" } as const;

/** The right keys, and a last block that is not the count of PKCS #7. */
function padded(spki: Uint8Array, last: Uint8Array): Partial<CmsParts> {
  const [contentKey, iv] = [randomBytes(32), randomBytes(16)];
  const cipher = createCipheriv("aes-256-cbc", contentKey, iv).setAutoPadding(false);
  const ciphertext = Buffer.concat([cipher.update(randomBytes(32)), cipher.update(last), cipher.final()]);
  return { encryptedKey: oaep(spki, contentKey), iv, ciphertext };
}

function belowModulus(): Uint8Array {
  const bytes = randomBytes(256);
  bytes[0] = 0;
  return bytes;
}

function keyOf(spki: Uint8Array): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
}
