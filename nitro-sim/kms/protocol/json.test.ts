import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KmsServiceError } from "../errors.ts";
import { parseJsonObject } from "./json.ts";

const parse = (text: string): unknown => parseJsonObject(new TextEncoder().encode(text));

describe("parseJsonObject", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), fc.constantFrom(0, 2), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ["truncated", '{"KeyId":"a"'],
    ["two values", "{}{}"],
    ["a list", "[]"],
    ["a text", '"KeyId"'],
    ["null", "null"],
    ["a key twice", '{"KeyId":"a","KeyId":"b"}'],
    ["a key twice, once escaped", '{"KeyId":"a","\\u004beyId":"b"}'],
    ["a key twice, spaced", '{"KeyId" : "a", "KeyId"\n\t:"a"}'],
    ["a key twice inside", '{"a":[{"b":{"c":1,"d":"}","c":2}}]}'],
    ["seventeen deep", `${'{"a":'.repeat(17)}1${"}".repeat(17)}`],
    ["a comma too many", '{"a":1,}'],
    ["a byte order mark", "\u{feff}{}"],
  ])("refuses %s", (_, text) => {
    expect(() => parse(text)).toThrow(KmsServiceError);
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(() => parseJsonObject(Buffer.from('{"a":"\xff"}', "latin1"))).toThrow("UTF-8");
  });

  it("takes equal keys of different objects, equal values, and an empty body as no members", () => {
    expect(parse('{"a":{"k":"k"},"b":{"k":"k"},"c":["k","k"]}')).toEqual({ a: { k: "k" }, b: { k: "k" }, c: ["k", "k"] });
    expect(parse("")).toEqual({});
  });

  it("reads or refuses any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(KmsServiceError);
        }
      }),
    );
  });
});
