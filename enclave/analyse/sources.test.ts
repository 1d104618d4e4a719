import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const FOLDER = new URL("./", import.meta.url);
const SOURCES = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
);
const MATH = new Set(["abs", "min", "max", "floor", "ceil", "round", "trunc", "sqrt"]);
const FORBIDDEN = /toLocale|Intl\b|localeCompare|\*\*|Date\b|performance\b|toFixed|toPrecision|parseFloat/;

describe("sources of the detectors", () => {
  it.each(SOURCES)("%s computes with exactly specified operations alone", (path) => {
    const code = readFileSync(new URL(path, FOLDER), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    for (const [, name = ""] of code.matchAll(/Math\s*(?:\.|\[)\s*(\w*)/g)) expect(MATH).toContain(name);
    expect(code).not.toMatch(FORBIDDEN);
    expect(code.match(/\bMath\b(?!\s*\.\s*\w)/)).toBeNull(); // Math is not taken apart or passed on
  });
});
