import { InvariantError } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import * as absent from "./absent.ts";

describe("what is not in the image", () => {
  it("ends every use with a word of its own", () => {
    const names = Object.entries(absent).filter(([name]) => name !== "loadConfig");
    expect(names.length).toBeGreaterThan(20);
    for (const [, use] of names) expect(() => (use as () => never)()).toThrow(InvariantError);
    expect(() => absent.loadConfig()()).toThrow("not part of the image");
  });
});
