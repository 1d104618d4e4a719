import { createHash } from "node:crypto";
import type { Analysis } from "@caladrius/wire";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

/** Digests of what an analysis says about one recording. */
export interface GoldenEntry {
  /** SHA-256 of the encoded recording: where this differs, the generator does and not the analysis */
  recording: string;
  findings: { count: number; sha256: string };
  coverage: string;
  /** by detector, name and channel */
  series: Record<string, string>;
}

export type Golden = Record<string, GoldenEntry>;

export const GOLDEN_FILE: URL = new URL("golden.json", import.meta.url);

/** What one engine said, as `analyseAll` gives it, in digests. */
export function goldenOf(recordings: ReadonlyMap<string, Uint8Array>, said: readonly string[]): Golden {
  return Object.fromEntries([...recordings].map(([name, encoded], i) => [name, entryOf(encoded, said[i] ?? "")]));
}

function entryOf(encoded: Uint8Array, said: string): GoldenEntry {
  const { findings, coverage, alarmSummary, series } = JSON.parse(said) as Analysis;
  return {
    recording: sha256(encoded),
    findings: { count: findings.length, sha256: sha256(JSON.stringify(findings)) },
    coverage: sha256(JSON.stringify([coverage, alarmSummary])),
    series: Object.fromEntries(
      series.map(({ detector, name, channel, unit, values }) => [
        `${detector} ${name} ${channel ?? ""}`,
        sha256(JSON.stringify([unit, values])),
      ]),
    ),
  };
}

/** The analysis as one module that runs anywhere: exports `analyseAll`. */
export async function bundleProgram(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("program.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
