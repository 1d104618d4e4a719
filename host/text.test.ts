import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText } from "./text.ts";

describe("escapeText", () => {
  it("leaves nothing that a terminal or a reader's eye would obey", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
    expect(escapeText("a\u001b[2J\u202eb\ud800")).toBe("a\\u{1b}[2J\\u{202e}b\\u{d800}");
    expect(escapeText("Pöls \u2028", 4)).toBe("Pöls…");
  });
});
