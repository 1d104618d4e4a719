import { createHash, createPublicKey, verify } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SUITES, type SuiteId } from "@caladrius/wire";
import { createSubmitterKey, openSubmitterKey, type SubmitterKey } from "./keys.ts";
import { CIPHER_SUITES } from "./suites.ts";

const dir = mkdtempSync(join(tmpdir(), "caladrius-keys-"));
afterAll(() => rmSync(dir, { recursive: true }));

const message = Uint8Array.of(1, 2, 3);
const [info, aad] = [Uint8Array.of(4), Uint8Array.of(5)];

async function works(key: SubmitterKey): Promise<void> {
  const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key.signing.key]);
  expect(verify(null, message, createPublicKey({ key: spki, format: "der", type: "spki" }), key.sign(message))).toBe(true);
  const suite = CIPHER_SUITES[key.sealing.suite];
  const { encapsulatedSecret, ciphertext } = await suite.Seal(await suite.DeserializePublicKey(key.sealing.publicKey), message, {
    info,
    aad,
  });
  expect(await key.open({ enc: encapsulatedSecret, info, aad, ciphertext })).toEqual(message);
}

describe("submitter keys in memory", () => {
  it.each(Object.keys(SUITES) as SuiteId[])("sign and open under %s", async (suite) => {
    const key = await createSubmitterKey(suite);
    await works(key);
    expect(key.keyId).toEqual(new Uint8Array(createHash("sha256").update(key.signing.key).digest()));
    expect(key.sealing.publicKey.length).toBe(SUITES[suite].publicKeyBytes);
    expect((await createSubmitterKey(suite)).keyId).not.toEqual(key.keyId);
  });
});

describe("submitter keys in a file", () => {
  it("are made when missing, 0600, and are the same when opened again", async () => {
    const path = join(dir, "new", "key.json");
    const key = await openSubmitterKey(path);
    await works(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "new")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dir, "new"))).toEqual(["key.json"]);
    const again = await openSubmitterKey(path);
    expect([again.keyId, again.sealing]).toEqual([key.keyId, key.sealing]);
  });

  it("are one when two programs make them at once", async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => openSubmitterKey(join(dir, "raced.json"))));
    expect(new Set(keys.map(({ keyId }) => Buffer.from(keyId).toString("hex"))).size).toBe(1);
  });

  it.each([0o644, 0o640, 0o602, 0o604, 0o610])("are refused with mode %o", async (mode) => {
    const path = join(dir, `mode-${mode}.json`);
    await openSubmitterKey(path);
    chmodSync(path, mode);
    await expect(openSubmitterKey(path)).rejects.toMatchObject({ name: "ConfigurationError", code: "key-file-permissions" });
  });

  it("are refused when they are anything else, without repeating it", async () => {
    const good = join(dir, "good.json");
    await openSubmitterKey(good);
    const json = JSON.parse(readFileSync(good, "utf8")) as Record<string, unknown>;
    const seed = String(json["signingSeed"]);
    const wrong = [
      "",
      "null",
      "[]",
      "-----BEGIN PRIVATE KEY-----",
      { ...json, caladriusSubmitterKey: 2 },
      { ...json, suite: "P-384" },
      { ...json, signingSeed: seed.slice(2) },
      { ...json, sealingSeed: seed.toUpperCase().replace(/^../, "AB") },
      { ...json, more: 1 },
      `${JSON.stringify(json)}${" ".repeat(5000)}`,
    ];
    for (const [i, text] of wrong.entries()) {
      const path = join(dir, `wrong-${i}.json`);
      writeFileSync(path, typeof text === "string" ? text : JSON.stringify(text), { mode: 0o600 });
      const error: unknown = await openSubmitterKey(path).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: "ConfigurationError", code: "key-file-form" });
      expect(String(error)).not.toContain(seed.slice(2, 20));
    }
  });
});
