import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonNumber, parseJson, type JsonValue } from "./json.ts";
import { DEFAULT_READ_LIMITS } from "./limits.ts";
import { ReadError } from "./problems.ts";

const parse = (text: string): JsonValue => parseJson(text, DEFAULT_READ_LIMITS);

function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, plain(one)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

function refusal(text: string): { code: string; where: string } {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ReadError) return { code: error.code, where: error.where };
    throw error;
  }
  throw new Error("was read");
}

describe("strict JSON", () => {
  it("reads what JSON.parse reads, with numbers as written", () => {
    expect(parse("36.70")).toEqual(new JsonNumber("36.70"));
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.boolean(), (value, pretty) => {
        const text = JSON.stringify(value, null, pretty ? 1 : 0);
        if (text.includes("__proto__") || /\\ud[89a-f]/i.test(text)) return;
        expect(plain(parse(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("refuses duplicate keys, keys of prototypes and half characters", () => {
    expect(refusal('{"a":1,\n "a":2}')).toEqual({ code: "json-duplicate-key", where: "line 2, column 2" });
    expect(refusal('{"a":1,"\\u0061":2}').code).toBe("json-duplicate-key");
    expect(refusal('{"__proto__":{}}').code).toBe("json-forbidden-key");
    expect(refusal('{"\\u005f_proto__":{}}').code).toBe("json-forbidden-key");
    expect(refusal('"\\ud800"').code).toBe("json-syntax");
  });

  it.each([
    "",
    " ",
    "{",
    "[1,]",
    "{,}",
    '{"a"}',
    "01",
    "1.",
    ".5",
    "-",
    "+1",
    "1e",
    "NaN",
    "nul",
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    "[1] 2",
    "{'a':1}",
    '"a',
  ])("refuses %j", (text) => {
    expect(refusal(text).code).toBe("json-syntax");
  });

  it("limits depth and number of values before they cost anything", () => {
    expect(refusal("[".repeat(100_000)).code).toBe("json-limit");
    expect(() => parseJson("[1,2,3]", { ...DEFAULT_READ_LIMITS, maxJsonValues: 3 })).toThrow(/at most 3 values/);
  });

  it("refuses or reads any text, and throws nothing else", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\u0-+.e1tfn \n')) }), (text) => {
        let read: boolean;
        try {
          parse(text);
          read = true;
        } catch (error) {
          expect(error).toBeInstanceOf(ReadError);
          read = false;
        }
        let reference = true;
        try {
          JSON.parse(text);
        } catch {
          reference = false;
        }
        if (read) expect(reference).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("counts an object as four values, since it takes as much memory", () => {
    const limits = { ...DEFAULT_READ_LIMITS, maxJsonValues: 9 };
    expect(() => parseJson("[{},{}]", limits, 1)).not.toThrow();
    expect(() => parseJson("[{},{},0]", limits, 1)).toThrow(/at most 9 values/);
    expect(() => parseJson("[0,1,2,3,4,5,6,7]", limits, 1)).not.toThrow();
  });
});
