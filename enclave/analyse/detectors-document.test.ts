import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Detector } from "./detector.ts";
import { discord } from "./discord/discord.ts";
import { ecgAf } from "./ecg/af/ecg-af.ts";
import { ecgBeats } from "./ecg/ecg-beats.ts";
import { ecgEctopy } from "./ecg/ectopy/ecg-ectopy.ts";
import { ecgRhythm } from "./ecg/rhythm/ecg-rhythm.ts";
import { glucose } from "./glucose/glucose.ts";
import { DETECTORS } from "./index.ts";
import { mews } from "./mews/mews.ts";
import { news2 } from "./news2/news2.ts";
import { qsofa } from "./qsofa/qsofa.ts";
import { thresholds } from "./thresholds.ts";
import { trend } from "./trend/trend.ts";

const ALL: readonly Detector[] = [news2, qsofa, mews, thresholds, glucose, trend, discord, ecgBeats, ecgRhythm, ecgAf, ecgEctopy];
const TEXT = readFileSync(new URL("../../docs/DETECTORS.md", import.meta.url), "utf8");

/** A parameter as one line: "40, 0 to 350 or null". */
type Lines = Record<string, string>;
const line = (value: string, range: string): string => `${value}, ${range}`;

/** What the sources say. */
function linesOfSource({ parameters }: Detector): Lines {
  return Object.fromEntries(
    parameters.map(({ name, standard, least, most, optional }) => [
      name,
      line(String(standard), `${least} to ${most}${optional ? " or null" : ""}`),
    ]),
  );
}

/** Cells of each row of the table that follows a heading and begins with a column of this name. */
function rowsOf(section: string, firstColumn: string): string[][] {
  const lines = section.split("\n");
  const head = lines.findIndex((one) => one.startsWith(`| ${firstColumn} |`));
  if (head < 0) return [];
  const end = lines.findIndex((one, i) => i > head && !one.startsWith("|"));
  return lines.slice(head + 2, end < 0 ? undefined : end).map((one) =>
    one
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

/** Of several names in one cell "`-noise`" stands for the first with another ending. */
function namesIn(cell: string): string[] {
  const [first = "", ...rest] = Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);
  return [first, ...rest.map((name) => (name.startsWith("-") ? first.replace(/-[a-z]+$/, name) : name))];
}

/** What the document says of one detector. */
function linesOfDocument(id: string): Lines {
  const section = TEXT.split(/^## /m).find((one) => one.slice(0, one.indexOf("\n")).split(", ").includes(id)) ?? "";
  const found: Lines = {};
  for (const [names = "", initials = "", ranges = "", , where = ""] of rowsOf(section, "parameter")) {
    const [initial, range] = [initials.split(", "), ranges.split(", ")];
    const isShared = section.startsWith("news2, ");
    if (isShared && !/^all\b/.test(where) && !where.split(", ").includes(id)) continue;
    for (const [i, name] of namesIn(names).entries()) found[name] = line(initial[i] ?? initial[0] ?? "", range[i] ?? range[0] ?? "");
  }
  for (const [names = "", ...cells] of rowsOf(section, "parameter of")) {
    const [, low = "", high = ""] = /^(\d+) to (\d+)/.exec(cells[5] ?? "") ?? [];
    const prefix = namesIn(names)[0] ?? "";
    for (const [i, side] of ["very-low", "low", "high", "very-high"].entries())
      found[`${prefix}${side}`] = line(cells[i] ?? "", `${low} to ${high} or null`);
    found[`${prefix}hysteresis`] = line(cells[4] ?? "", `0 to ${high}`); // "A hysteresis may be from 0 to the upper bound."
  }
  // Parameters in the running text: `minimum-seconds` is 10 (0 to 3600).
  for (const [, name = "", initial = "", range = ""] of section.matchAll(/`([a-z-]+)`(?: is)? (\d+) \((\d+ to \d+)\)/g))
    found[name] = line(initial, range);
  return found;
}

describe("docs/DETECTORS.md", () => {
  it("is compared with every detector of the build", () => {
    expect(ALL.map(({ id }) => id).toSorted()).toEqual(DETECTORS.map(({ id }) => id).toSorted());
  });

  it("has id and version of each detector", () => {
    const versions = rowsOf(TEXT, "detector").flatMap(([ids = "", version = ""]) =>
      Array.from(ids.matchAll(/\[([a-z0-9-]+)\]/g), ([, id = ""]) => `${id} ${version}`),
    );
    expect(versions.toSorted()).toEqual(DETECTORS.map(({ id, version }) => `${id} ${version}`).toSorted());
  });

  it.each(ALL)("has each parameter of $id with default and range, and no other", (detector) => {
    expect(linesOfDocument(detector.id)).toEqual(linesOfSource(detector));
  });
});
