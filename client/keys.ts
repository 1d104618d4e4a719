import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import { link, mkdir, open, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigurationError, fromHex, toHex, type SealingPublicKey, type SigningPublicKey, type SuiteId } from "@caladrius/wire";
import { CIPHER_SUITES, SUITE_ORDER } from "./suites.ts";
import { sentence } from "./errors.ts";

/** A submitter's keys: one signs requests, one opens replies. The private parts cannot be read back. */
export interface SubmitterKey {
  /** SHA-256 of the raw signing key: how results name the submitter */
  readonly keyId: Uint8Array;
  /** of key files Ed25519; an approver's may be P-256 */
  readonly signing: SigningPublicKey;
  readonly sealing: SealingPublicKey;
  sign(bytes: Uint8Array): Uint8Array;
  /** Opens a message sealed to `sealing` (RFC 9180 base mode). @throws an error of the library */
  open(message: { enc: Uint8Array; info: Uint8Array; aad: Uint8Array; ciphertext: Uint8Array }): Promise<Uint8Array>;
}

/** What a key file holds: two seeds of 32 bytes. */
interface Seeds {
  suite: SuiteId;
  signing: Uint8Array;
  sealing: Uint8Array;
}

const SEED_BYTES = 32;
const FILE_VERSION = 1;
const MAX_FILE_BYTES = 4096;
const OTHERS = 0o077;
/** RFC 8410 §7: PKCS #8 of an Ed25519 key, up to its seed. */
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** Makes keys that live in memory alone: when the program ends, replies to them can no longer be opened. */
export function createSubmitterKey(suite: SuiteId = "MLKEM768-X25519"): Promise<SubmitterKey> {
  return fromSeeds({ suite, signing: randomBytes(SEED_BYTES), sealing: randomBytes(SEED_BYTES) });
}

/**
 * Reads a submitter's key file and makes one (JSON, 0600) where there is none.
 * @throws ConfigurationError key-file-form, key-file-permissions; errors of the system
 */
export async function openSubmitterKey(path: string): Promise<SubmitterKey> {
  try {
    return await fromSeeds(await readSeeds(path));
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
  await createFile(path, { suite: "MLKEM768-X25519", signing: randomBytes(SEED_BYTES), sealing: randomBytes(SEED_BYTES) });
  return fromSeeds(await readSeeds(path));
}

async function fromSeeds({ suite, signing, sealing }: Seeds): Promise<SubmitterKey> {
  const der = Buffer.concat([ED25519_PKCS8, signing]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-SEED_BYTES));
  const cipherSuite = CIPHER_SUITES[suite];
  const pair = await cipherSuite.DeriveKeyPair(sealing, false);
  const sealingPublicKey = await cipherSuite.SerializePublicKey(pair.publicKey);
  for (const secret of [der, signing, sealing]) secret.fill(0);
  return {
    keyId: new Uint8Array(createHash("sha256").update(publicKey).digest()),
    signing: { alg: "Ed25519", key: publicKey },
    sealing: { suite, publicKey: sealingPublicKey },
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
    open: ({ enc, info, aad, ciphertext }) => cipherSuite.Open(pair, enc, ciphertext, { aad, info }),
  };
}

async function readSeeds(path: string): Promise<Seeds> {
  const file = await open(path, "r");
  try {
    // The open file is asked, not the path, so that nobody can change it in between.
    const { mode, size } = await file.stat();
    if (process.platform !== "win32" && (mode & OTHERS) !== 0) {
      throw new ConfigurationError(
        "key-file-permissions",
        sentence(
          "key-file-permissions",
          `${path} has mode ${(mode & 0o777).toString(8)}; make new keys, or chmod 600 if nobody has read it`,
        ),
      );
    }
    if (size > MAX_FILE_BYTES) throw formError(path);
    return parseSeeds(await file.readFile("utf8"), path);
  } finally {
    await file.close();
  }
}

function parseSeeds(text: string, path: string): Seeds {
  try {
    const json: unknown = JSON.parse(text);
    const entries = new Map(Object.entries(json as Record<string, unknown>));
    const suite = SUITE_ORDER.find((one) => one === entries.get("suite"));
    const [signing, sealing] = ["signingSeed", "sealingSeed"].map((name) => fromHex(String(entries.get(name))));
    if (
      entries.get("caladriusSubmitterKey") === FILE_VERSION &&
      suite !== undefined &&
      entries.size === 4 &&
      signing?.length === SEED_BYTES &&
      sealing?.length === SEED_BYTES
    ) {
      return { suite, signing, sealing };
    }
  } catch {
    // The reason might repeat a part of the secret.
  }
  throw formError(path);
}

/** Written beside and linked into place, so that no reader sees half of it and of two writers one wins. */
async function createFile(path: string, { suite, signing, sealing }: Seeds): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomBytes(6).toString("hex")}.new`;
  const json = { caladriusSubmitterKey: FILE_VERSION, suite, signingSeed: toHex(signing), sealingSeed: toHex(sealing) };
  try {
    await writeFile(beside, `${JSON.stringify(json, null, 2)}\n`, { mode: 0o600, flag: "wx", flush: true });
    await link(beside, path);
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
  } finally {
    await rm(beside, { force: true });
  }
}

function formError(path: string): ConfigurationError {
  return new ConfigurationError("key-file-form", sentence("key-file-form", path));
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
