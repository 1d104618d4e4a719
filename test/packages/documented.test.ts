import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { exportedBy } from "./exported.ts";
import { listedExports } from "./readme.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const verifier = join(root, "attestation-verifier");
const governance = join(verifier, "governance.ts");
const backends = ["node", "webcrypto", "noble"].map((name) => join(verifier, `signatures/${name}.ts`));
const unique = (names: readonly string[]): string[] => [...new Set(names)].toSorted();
const namesOf = (file: string): string[] => exportedBy(file).map(({ name }) => name);
const readme = (folder: string): string => readFileSync(join(root, folder, "README.md"), "utf8");

describe("what others install", () => {
  it("is found whole: the values that the readers of source list are those that Node sees", async () => {
    for (const file of [join(verifier, "index.ts"), governance, join(root, "wire/index.ts"), ...backends]) {
      const seen = Object.keys((await import(file)) as object);
      const listed = namesOf(file);
      expect(seen.filter((name) => !listed.includes(name))).toEqual([]);
      expect(listed.length).toBe(new Set(listed).size);
    }
  });

  it("has a docstring on every export", () => {
    const bare = [join(verifier, "index.ts"), governance, join(root, "wire/index.ts"), ...backends]
      .flatMap(exportedBy)
      .filter(({ documented }) => !documented);
    expect(bare.map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
  });

  it("lists every export in its README, and nothing else", () => {
    const exported = [join(verifier, "index.ts"), governance, ...backends].flatMap(namesOf);
    expect(unique(listedExports(readme("attestation-verifier")))).toEqual(unique(exported));
    expect(unique(listedExports(readme("wire")))).toEqual(unique(namesOf(join(root, "wire/index.ts"))));
  });

  it("names in its README no code that does not exist", async () => {
    const { CODE } = (await import(join(verifier, "index.ts"))) as { CODE: Record<string, unknown> };
    const { RELEASE_CODE, STATUS_CODE } = (await import(governance)) as Record<"RELEASE_CODE" | "STATUS_CODE", object>;
    const words = [...readme("attestation-verifier").matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, word = ""]) => word);
    const known = new Set([...Object.keys({ ...CODE, ...RELEASE_CODE, ...STATUS_CODE }), "unsafe-eval"]);
    expect(words.filter((word) => !known.has(word))).toEqual([]);
  });
});
