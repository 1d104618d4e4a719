import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DETECTORS } from "./index.ts";
import { thresholds } from "./thresholds.ts";

const FOLDER = new URL("./", import.meta.url);
const SOURCES = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.endsWith(".fixture.ts"))
  .map((path) => readFileSync(new URL(path, FOLDER), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""));

/** Codes as they stand in the sources: literals behind `code:`, the codes of the rhythm alarms, and those that are put together. */
function codesOfSources(): Set<string> {
  const codes = new Set<string>();
  for (const source of SOURCES) {
    for (const [, value = ""] of source.matchAll(/\bcode: ([^,;}\n]*)/g))
      for (const [, code = ""] of value.matchAll(/"([a-z][a-z0-9-]*)"/g)) codes.add(code);
    const [, union = ""] = /type RhythmCode =([^;]*);/.exec(source) ?? [];
    for (const [, code = ""] of union.matchAll(/"([a-z-]+)"/g)) codes.add(code);
    const isChart = source.includes("triggers: [");
    const [, chart] = /detector: "([a-z0-9-]+)"/.exec(source) ?? [];
    if (isChart && chart !== undefined) codes.add(`${chart}-partial`);
  }
  // What a reply has no room for is counted in a finding of its own.
  const replies = readFileSync(new URL("../attest/disclosures.ts", FOLDER), "utf8");
  for (const [, code = ""] of replies.matchAll(/\bcode: "([a-z][a-z0-9-]*)"/g)) codes.add(code);
  for (const { name } of thresholds.parameters) if (/-(?:low|high)$/.test(name)) codes.add(name);
  return codes;
}

/** Rows of the table: codes, detector, priority, technical. */
function rows(): { codes: string[]; detector: string; priority: string; technical: string; cells: string[] }[] {
  const text = readFileSync(new URL("../../docs/FINDINGS.md", import.meta.url), "utf8");
  return text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const cells = line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim());
      const [codes = "", detector = "", , priority = "", technical = ""] = cells;
      return { codes: Array.from(codes.matchAll(/`([^`]+)`/g), ([, code = ""]) => code), detector, priority, technical, cells };
    });
}

describe("docs/FINDINGS.md", () => {
  it("has every code of the sources, once, and no other", () => {
    const listed = rows().flatMap(({ codes }) => codes);
    expect(listed.toSorted()).toEqual([...codesOfSources()].toSorted());
  });
  it("fills every column with what there can be", () => {
    const ids = new Set(["analyse", "attest", ...DETECTORS.map(({ id }) => id)]);
    for (const { detector, priority, technical, cells } of rows()) {
      expect(cells).toHaveLength(6);
      for (const cell of cells) expect(cell).not.toBe("");
      expect(ids).toContain(detector);
      expect(["high", "medium", "low", "none", "that of the gravest not listed"]).toContain(priority.split(",")[0]);
      expect(["yes", "no"]).toContain(technical);
    }
  });
  it("names every detector of the build", () => {
    const named = new Set(rows().map(({ detector }) => detector));
    expect(DETECTORS.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
  });
});
