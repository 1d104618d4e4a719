import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Where charted vital signs and numerics of monitors are looked for. */
export const NUMERICS_FOLDER: string = fileURLToPath(new URL("../../shared/vitals/numerics/", import.meta.url));
/** Where excerpts of the Numenta anomaly benchmark are looked for. */
export const NAB_FOLDER: string = fileURLToPath(new URL("../../shared/vitals/nab/", import.meta.url));

/** One charted value. */
export interface Charted {
  minute: number;
  parameter: string;
  value: number;
}

/** A stay of the CinC 2012 challenge (48 h in intensive care), in order of time. */
export interface Stay {
  id: string;
  died: boolean;
  values: Charted[];
}

/** The stays of set a whose outcome is known; null where the files are absent. */
export function cincStays(folder: string = NUMERICS_FOLDER): Stay[] | null {
  if (!existsSync(`${folder}set-a_vitals.csv.gz`)) return null;
  const stays = new Map<string, Stay>();
  for (const row of readFileSync(`${folder}Outcomes-a.txt`, "utf8").trim().split("\n").slice(1)) {
    const columns = row.trim().split(",");
    const id = columns[0] ?? "";
    stays.set(id, { id, died: columns.at(-1) === "1", values: [] });
  }
  for (const [id = "", minute, parameter = "", value] of rows(`${folder}set-a_vitals.csv.gz`)) {
    stays.get(id)?.values.push({ minute: Number(minute), parameter, value: Number(value) });
  }
  for (const { values } of stays.values()) values.sort((a, b) => a.minute - b.minute);
  return [...stays.values()];
}

/** A charted value of the MIMIC-III demo. */
export interface DemoValue {
  stay: string;
  atMs: number;
  signal: string;
  value: number;
}

/** The charted values of the MIMIC-III demo that are numbers and not marked as errors; null where the file is absent. */
export function demoValues(folder: string = NUMERICS_FOLDER): DemoValue[] | null {
  if (!existsSync(`${folder}mimic3demo-vitals.csv.gz`)) return null;
  return rows(`${folder}mimic3demo-vitals.csv.gz`).flatMap((columns): DemoValue[] => {
    const [, stay = "", time = "", signal = "", , , number = "", , , error = ""] = columns.map((text) => text.replaceAll('"', ""));
    if (number === "" || error === "1") return [];
    return [{ stay, atMs: Date.parse(`${time}Z`), signal, value: Number(number) }];
  });
}

/** One signal of the MIMIC-II numerics record with arterial pressure: one value a minute, tenths, NaN where missing. */
export function monitorMinutes(signal: string, folder: string = NUMERICS_FOLDER): number[] | null {
  const header = `${folder}mimic2-numerics/s00001-2896-10-10-00-31n.hea`;
  if (!existsSync(header)) return null;
  const names = readFileSync(header, "utf8")
    .split("\n")
    .slice(1, 11)
    .map((row) => row.trim().split(/\s+/).at(-1));
  const bytes = readFileSync(`${folder}mimic2-numerics/3975656n.dat`);
  const place = names.indexOf(signal);
  return Array.from({ length: bytes.length / 2 / names.length }, (_, i) => {
    const value = bytes.readInt16LE(2 * (i * names.length + place));
    return value <= 0 ? Number.NaN : value; // a monitor writes 0 for nothing
  });
}

/** Values of a file of the Numenta benchmark, one in five minutes; null where it is absent. */
export function nabValues(file: string, folder: string = NAB_FOLDER): number[] | null {
  if (!existsSync(`${folder}data/${file}`)) return null;
  return readFileSync(`${folder}data/${file}`, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => Number(row.split(",")[1]));
}

function rows(file: string): string[][] {
  return gunzipSync(readFileSync(file))
    .toString()
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split(","));
}

/** Seeded numbers from 0 to 1 (Park and Miller's generator). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
