import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { failureOf } from "../exit.ts";
import { kitDigest, readKit } from "./read-kit.ts";
import { ACCEPTED, manifest, writeKit, type VectorFiles } from "./test-support/mini-kit.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const kit = (vectors: Record<string, VectorFiles>): string => {
  const folder = writeKit(vectors);
  folders.push(folder);
  return folder;
};
const problemOf = (folder: string): Promise<unknown> =>
  readKit(folder).then(
    () => null,
    (error: unknown) => failureOf(error),
  );

describe("a kit", () => {
  it("is read in the order of its numbers, beside plain files", async () => {
    const folder = kit({ "002-b": {}, "001-a": {}, "010-c": { "input.cose": null, "input.attested": "x" } });
    writeFileSync(join(folder, "README.md"), "hello");
    const { vectors } = await readKit(folder);
    expect(vectors.map(({ id, kind, input }) => [id, kind, input])).toEqual([
      ["001-a", "document", join(folder, "001-a", "input.cose")],
      ["002-b", "document", join(folder, "002-b", "input.cose")],
      ["010-c", "result", join(folder, "010-c", "input.attested")],
    ]);
  });

  it("has a digest of what is asked, not of how it is told", async () => {
    const digest = async (files: VectorFiles): Promise<string> => kitDigest((await readKit(kit({ "001-a": files }))).vectors);
    const same = await digest({});
    expect(await digest({ "manifest.json": JSON.stringify(manifest("001-a", { title: "other", reason: "other" })) })).toBe(same);
    for (const files of [
      { "input.cose": "x" },
      { "trust.json": "{}" },
      { "manifest.json": JSON.stringify(manifest("001-a", { maxAgeSeconds: 299 })) },
      { "expected.json": JSON.stringify(ACCEPTED) },
    ])
      expect(await digest(files)).not.toBe(same);
  });

  it.each([
    ["manifest.json", null, 3],
    ["expected.json", null, 3],
    ["trust.json", null, 2],
    ["input.cose", null, 2],
    ["input.attested", "x", 2],
    ["notes.txt", "x", 2],
    ["crl-1.der", "x", 2],
    ["manifest.json", "{", 2],
    ["manifest.json", new Uint8Array([0xff]), 2],
    ["manifest.json", JSON.stringify(manifest("001-b")), 2],
    ["manifest.json", JSON.stringify(manifest("001-a", { crls: ["crl-1.der"] })), 2],
    ["manifest.json", JSON.stringify(manifest("001-a", { expect: {} })), 2],
    ["manifest.json", " ".repeat(65 * 1024), 30],
    ["expected.json", "[]", 2],
  ])("with %s as %j is refused whole", async (name, content, exit) => {
    expect(await problemOf(kit({ "001-a": { [name]: content }, "002-b": {} }))).toMatchObject({
      exit,
      sentence: expect.stringContaining("001-a") as string,
    });
  });

  it("with a file that is too large is refused when it is read", async () => {
    const { vectors } = await readKit(kit({ "001-a": { "input.cose": new Uint8Array(4 * 1024 * 1024 + 1) } }));
    expect(failureOf(await kitDigest(vectors).catch((error: unknown) => error))).toMatchObject({ exit: 30, code: "file-size" });
  });

  it("follows no link and opens no socket", async () => {
    const outside = mkdtempSync(join(tmpdir(), "caladrius-outside-"));
    folders.push(outside);
    writeFileSync(join(outside, "secret"), "secret");

    const linkedFile = kit({ "001-a": { "input.cose": null } });
    symlinkSync(join(outside, "secret"), join(linkedFile, "001-a", "input.cose"));
    const linkedFolder = kit({ "001-a": {} });
    symlinkSync(join(linkedFolder, "001-a"), join(linkedFolder, "002-b"));
    const inner = kit({ "001-a": { "trust.json": null } });
    mkdirSync(join(inner, "001-a", "trust.json"));
    const special = kit({ "001-a": { "trust.json": null } });
    const server = createServer().listen(join(special, "001-a", "trust.json"));
    await once(server, "listening");

    for (const folder of [linkedFile, linkedFolder, inner, special]) expect(await problemOf(folder)).toMatchObject({ exit: 2 });
    server.close();
  });

  it.each(["1-a", "0001-a", "001", "001-A", "001-a_b", "x"])("with a folder named %s is refused", async (name) => {
    expect(await problemOf(kit({ "001-a": {}, [name]: {} }))).toMatchObject({
      exit: 2,
      sentence: expect.stringContaining(join("/", name)) as string,
    });
  });

  it("that is empty or not there says so", async () => {
    const folder = kit({});
    expect(await problemOf(folder)).toMatchObject({ exit: 3, sentence: expect.stringContaining("holds no vectors") as string });
    expect(await problemOf(join(folder, "none"))).toMatchObject({ exit: 3, sentence: expect.stringContaining("--vectors") as string });
  });
});
