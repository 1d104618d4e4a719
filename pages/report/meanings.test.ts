import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { meaningOf } from "./meanings.ts";

describe("meanings of findings", () => {
  const rows = readFileSync(new URL("../../docs/FINDINGS.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.slice(1, -1).split("|"));

  it("are those of docs/FINDINGS.md for every code, and without numbers for limits that wards set", () => {
    expect(rows.length).toBeGreaterThan(30);
    for (const [codes = "", detector = "", meaning = ""] of rows)
      for (const [, code = ""] of codes.matchAll(/`([^`]+)`/g)) {
        if (detector.trim() === "thresholds") expect(meaningOf(code), code).toMatch(/^Beyond an alarm limit; [^0-9]*$/);
        else expect(meaningOf(code), code).toBe(meaning.trim());
      }
    expect(meaningOf("constructor")).toBeNull();
  });
});
