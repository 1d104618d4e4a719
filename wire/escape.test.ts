import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText, escapeTexts } from "./escape.ts";

const VISIBLE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]*$/u;

describe("escapeText", () => {
  it.each([
    ["\u001b[2J", "\\u001b[2J"],
    ["a\nb\r\t", "a\\u000ab\\u000d\\u0009"],
    ["\u202egnp.exe", "\\u202egnp.exe"],
    ["\u2066x\u2069", "\\u2066x\\u2069"],
    ["\u009b31m", "\\u009b31m"],
    ["\ud800", "\\ud800"],
    ["\u{e0041}tag", "\\udb40\\udc41tag"],
    ["a\u3164b\ufe0f", "a\\u3164b\\ufe0f"],
    ["übel 心 😀", "übel 心 😀"],
  ])("shows %j as %j", (given, expected) => {
    expect(escapeText(given)).toBe(expected);
  });

  it("leaves nothing invisible in any text, and JSON its value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeText(text)).toMatch(VISIBLE);
        expect(JSON.parse(escapeText(JSON.stringify(text)))).toBe(text);
      }),
    );
  });
});

describe("escapeTexts", () => {
  it("reaches every string and leaves the rest", () => {
    const bytes = Uint8Array.of(1, 2);
    const given = { a: ["\u202e", { "\u200b": "x\u0007" }], m: new Map([["k\u061c", null]]), n: 4, bytes };
    const expected = { a: ["\\u202e", { "\\u200b": "x\\u0007" }], m: new Map([["k\\u061c", null]]), n: 4, bytes };
    expect(escapeTexts(given)).toEqual(expected);
    expect(escapeTexts(given).bytes).toBe(bytes);
  });
});
