import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMasterKey, type MasterKey } from "../store/master-key.ts";
import { openBlob, readBlob, sealBlob, type MaterialName } from "./blob.ts";

const SECRET = randomBytes(32);
let dir: string;
let master: MasterKey;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-blob-"));
  master = await openMasterKey(join(dir, "master.key"));
});
afterAll(() => rm(dir, { recursive: true }));

const names = fc.record({ keyId: fc.uuid(), version: fc.nat() });
const contexts = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), { maxKeys: 4 });

describe("ciphertext blobs", () => {
  it("name their material and open under it and the same context", () => {
    fc.assert(
      fc.property(names, contexts, fc.uint8Array({ minLength: 1, maxLength: 200 }), (name, context, plaintext) => {
        const blob = sealBlob(master, name, SECRET, context, plaintext);
        expect(readBlob(master, blob)).toEqual(name);
        const turned = Object.fromEntries(Object.entries(context).toReversed());
        expect(new Uint8Array(openBlob(blob, name, SECRET, turned)!)).toEqual(plaintext);
      }),
    );
  });

  it("open under no other context, also not one whose texts join to the same", () => {
    const name = { keyId: randomUUID(), version: 1 };
    const blob = sealBlob(master, name, SECRET, { ab: "c", d: "" }, randomBytes(32));
    for (const other of [{}, { a: "bc", d: "" }, { ab: "cd", "": "" }, { ab: "c" }, { ab: "c", d: "", e: "" }, { AB: "c", d: "" }])
      expect(openBlob(blob, name, SECRET, other), JSON.stringify(other)).toBeNull();
  });

  it("do not open with any bit changed, cut or made longer", () => {
    const name = { keyId: randomUUID(), version: 3 };
    const blob = sealBlob(master, name, SECRET, { k: "v" }, randomBytes(32));
    const opens = (bytes: Uint8Array): boolean => {
      const found: MaterialName | null = readBlob(master, bytes);
      return found !== null && openBlob(bytes, found, SECRET, { k: "v" }) !== null;
    };
    expect(opens(blob)).toBe(true);
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const changed = Uint8Array.from(blob);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(opens(changed), `bit ${bit}`).toBe(false);
    }
    for (let length = 0; length < blob.length; length++) expect(opens(blob.subarray(0, length))).toBe(false);
    expect(opens(Buffer.concat([blob, Buffer.of(0)]))).toBe(false);
  });

  it("tell nothing of the key they are for", async () => {
    const name = { keyId: randomUUID(), version: 1 };
    const [one, two] = [sealBlob(master, name, SECRET, {}, SECRET), sealBlob(master, name, SECRET, {}, SECRET)];
    expect(Buffer.from(one).toString("hex")).not.toContain(name.keyId.slice(0, 8));
    expect(one.filter((byte, at) => byte === two[at]).length).toBeLessThan(one.length / 8);
    expect(readBlob(await openMasterKey(join(dir, "other.key")), one)).toBeNull();
  });
});
