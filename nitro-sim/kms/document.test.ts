import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { KEY_SPECS } from "./material/specs.ts";
import { OPERATIONS } from "./operations/index.ts";

const text = readFileSync(new URL("../../docs/KMS.md", import.meta.url), "utf8");
const listed = (head: string): string[] => (new RegExp(`^${head}: ([^.]*)\\.`, "m").exec(text)?.[1] ?? "").split(", ");

describe("docs/KMS.md", () => {
  it("lists the operations and key specs that there are, and no others", () => {
    expect(listed("Operations").toSorted()).toEqual([...OPERATIONS.keys()].toSorted());
    expect(listed("Key specs")).toEqual(KEY_SPECS);
  });

  it("names every condition key that a request is given", () => {
    const sources = [
      "call.ts",
      "operations/keys.ts",
      "operations/tags.ts",
      "operations/encrypt.ts",
      "operations/data-keys.ts",
      "operations/sign.ts",
      "operations/rotation.ts",
    ];
    const given = sources.flatMap((name) => [
      ...readFileSync(new URL(name, import.meta.url), "utf8").matchAll(/["`]((?:kms|aws):[A-Z]\w+)/g),
    ]);
    const names = new Set(given.map(([, name]) => name ?? ""));
    expect(names.size).toBeGreaterThan(15);
    expect([...names].filter((name) => !text.includes(name))).toEqual([]);
  });
});
