import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUNDLE_EXAMPLE } from "../bundle/example.ts";
import { readBundleDescription } from "../bundle/description.ts";
import { readTable } from "../bundle/table.ts";
import { TABLE_EXAMPLE } from "../bundle/table-example.ts";
import { readConstitutionDescription } from "../constitution/description.ts";
import { CONSTITUTION_EXAMPLE } from "../constitution/example.ts";
import { AuthoringError } from "./errors.ts";
import type { Sources } from "./keys.ts";

const sources: Sources = {
  file: (path) => {
    if (!/^[\w.]+$/.test(path)) throw new Error("none");
    return new Uint8Array(32).fill(7);
  },
  publicKey: (pem) => (pem.length === 32 ? { alg: "Ed25519", key: pem } : "no key"),
  isKey: ({ key }) => key.length === 32,
  certificates: () => [],
};
const readers: readonly (readonly [string, string, (text: string) => unknown])[] = [
  ["a constitution", CONSTITUTION_EXAMPLE, (text) => readConstitutionDescription(text, sources)],
  ["a bundle", BUNDLE_EXAMPLE, (text) => readBundleDescription(text, new Uint8Array(48), sources)],
  ["a table", TABLE_EXAMPLE, readTable],
];

/** Every place of a JSON value, as a way of members and indexes. */
function places(value: unknown, way: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [way];
  return [way, ...Object.entries(value).flatMap(([name, inner]) => places(inner, [...way, name]))];
}

function changed(value: unknown, way: readonly string[], to: unknown): unknown {
  const [name, ...rest] = way;
  if (name === undefined) return to;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[name] = changed(copy[name], rest, to);
  return copy;
}

describe.each(readers)("the description of %s", (_, example, read) => {
  const value = JSON.parse(example) as unknown;
  const ways = places(value).filter((way) => way.every((name) => !name.startsWith("//")));

  it("is read as its example has it", () => {
    expect(() => read(example)).not.toThrow();
  });

  it("is read, or refused by place, whatever stands somewhere in it", () => {
    fc.assert(
      fc.property(fc.nat(ways.length - 1), fc.jsonValue({ maxDepth: 2 }), (at, to) => {
        try {
          read(JSON.stringify(changed(value, ways[at] ?? [], to)));
        } catch (error) {
          expect(error).toBeInstanceOf(AuthoringError);
        }
      }),
      { numRuns: 400, seed: 7 },
    );
  });

  it("names the place of what is wrong", () => {
    for (const way of ways.filter((one) => one.length > 0)) {
      const path = way.reduce((all, name) => (/^\d+$/.test(name) ? `${all}[${name}]` : all === "" ? name : `${all}.${name}`), "");
      // a list of a list is wrong everywhere but where any JSON may stand
      if (path === "telemetry") continue;
      expect(() => read(JSON.stringify(changed(value, way, [[[]]])))).toThrow(path);
    }
  });

  it("may not say anything twice, nor anything unknown", () => {
    expect(() => read(example.replace("{", '{ "x": 1, "x": 2,'))).toThrow("x: expected each name once");
    expect(() => read(example.replace("{", '{ "x": 1,'))).toThrow("x: expected no such member");
  });
});
