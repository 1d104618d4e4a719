import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readInputs } from "@caladrius/client";
import type { Channel } from "@caladrius/wire";
import { readAnnotations, referenceOf, type Annotation, type Reference } from "./annotations.ts";

/** A record with its leads and reference annotations. */
export interface ScoredRecord {
  name: string;
  /** samples per second */
  rate: number;
  /** samples of each lead */
  length: number;
  leads: readonly Channel[];
  annotations: readonly Annotation[];
  reference: Reference;
}

/** Where the records are looked for when no folder is given. */
export const DS1_FOLDER: string = fileURLToPath(new URL("../../../shared/vitals/mitdb-ds1/", import.meta.url));

/** Records of a folder that have both a header and reference annotations (`.atr`), by name. */
export function recordNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".hea") && existsSync(join(folder, `${basename(file, ".hea")}.atr`)))
    .map((file) => basename(file, ".hea"))
    .toSorted();
}

/**
 * Reads a record as a user's program would, by the client's reader. Only its ECG leads of one rate that begin together are
 * kept.
 * @throws Error for a record that cannot be read
 */
export async function readRecord(folder: string, name: string): Promise<ScoredRecord> {
  const { recordings, problems } = await readInputs([join(folder, `${name}.hea`)]);
  const channels = recordings.flatMap(({ recording }) => recording.channels).filter(({ code }) => code.startsWith("mdc:131"));
  const [first] = channels;
  if (first === undefined || first.timing.kind !== "rate") throw new Error(`${name}: ${problems[0]?.code ?? "no ECG lead"}`);
  const leads = channels.filter(({ samples, startMs }) => samples.length === first.samples.length && startMs === first.startMs);
  const annotations = readAnnotations(readFileSync(join(folder, `${name}.atr`)));
  const rate = first.timing.numerator / first.timing.denominator;
  return { name, rate, length: first.samples.length, leads, annotations, reference: referenceOf(annotations) };
}
