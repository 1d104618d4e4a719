import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { Collector, type ReadResult } from "./collect.ts";
import { collectCsv } from "./csv.ts";
import { collectFhir } from "./fhir.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { gunzip } from "./text.ts";
import { collectWfdb, decodeWfdbHeader } from "./wfdb.ts";

export interface ReadInputsOptions {
  limits?: Partial<ReadLimits>;
  /** told before each file is read */
  onProgress?: (progress: { file: string; index: number; total: number }) => void;
}

/**
 * Reads inputs, each a file or a folder (its `.hea`, `.json`, `.ndjson`, `.ndjson.gz` and `.csv` files in order of name,
 * not those of folders in it), into one recording per subject. What one file lacks or has wrong is listed in `problems`,
 * and the rest goes on. Never throws for anything in the files.
 *
 * @example
 * const { recordings, problems } = await readInputs(["ward-7/", "record.hea"]);
 */
export async function readInputs(paths: readonly string[], options: ReadInputsOptions = {}): Promise<ReadResult> {
  const collector = new Collector(options.limits);
  const files = new Map<string, boolean>();
  for (const path of paths)
    for (const { file, named } of await listInput(path, collector)) files.set(file, named || files.get(file) === true);
  const distinct = [...files];
  for (const [index, [file, named]] of distinct.entries()) {
    options.onProgress?.({ file, index, total: distinct.length });
    try {
      if (!named && (await isOtherJson(file, collector))) continue;
      await collectFile(file, collector);
    } catch (error) {
      collector.problem(file, error);
    }
  }
  return collector.finish();
}

interface InputFile {
  file: string;
  /** by the caller, not found in a folder */
  named: boolean;
}

async function listInput(path: string, collector: Collector): Promise<InputFile[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ file: path, named: true }];
    const names = (await readdir(path)).filter((name) => formatOf(name) !== null).toSorted();
    if (names.length === 0)
      collector.problem(path, new ReadError("file-empty", "folder", `files that end in ${ENDINGS.join(" ")}`, "none"));
    return names.map((name) => ({ file: join(path, name), named: false }));
  } catch (error) {
    collector.problem(path, fileError("file", error));
    return [];
  }
}

/** A JSON file that happens to lie in a folder, and speaks no FHIR at all, is passed over and counted. */
async function isOtherJson(file: string, collector: Collector): Promise<boolean> {
  if (formatOf(file) !== ".json") return false;
  const bytes = await readLimited(file, collector.limits.maxTextBytes);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  if (text.includes('"resourceType"') || !isJson(text)) return false; // broken ones are told
  collector.count("file-not-fhir", null);
  return true;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function collectFile(file: string, collector: Collector): Promise<void> {
  const { limits } = collector;
  switch (formatOf(file)) {
    case ".hea": {
      const header = decodeWfdbHeader(await readLimited(file, limits.maxTextBytes), limits);
      const signalFiles = new Map<string, Uint8Array>();
      for (const { file: name } of header.signals) {
        if (!signalFiles.has(name)) signalFiles.set(name, await readLimited(join(dirname(file), name), limits.maxSignalBytes, name));
      }
      return collectWfdb(header, signalFiles, file, collector);
    }
    case ".json":
      return collectFhir(await readLimited(file, limits.maxTextBytes), { file }, collector);
    case ".ndjson":
      return collectFhir(await readLimited(file, limits.maxTextBytes), { file, lines: true }, collector);
    case ".ndjson.gz":
      return collectFhir(await gunzip(await readLimited(file, limits.maxTextBytes), limits), { file, lines: true }, collector);
    case ".csv":
      return collectCsv(await readLimited(file, limits.maxTextBytes), file, collector);
    default:
      throw new ReadError("file-type", "file name", `an ending of ${ENDINGS.join(" ")}`, quote(extname(file)));
  }
}

/** The size is asked first, so that no large file is taken into memory to be refused. */
async function readLimited(file: string, maxBytes: number, where = "file"): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw new ReadError("file-size", where, `at most ${maxBytes} bytes`, `${size} bytes`);
    return await readFile(file);
  } catch (error) {
    throw error instanceof ReadError ? error : fileError(where, error);
  }
}

function fileError(where: string, error: unknown): ReadError {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "an error";
  return new ReadError("file-missing", where, "a file that can be read", code);
}

function formatOf(name: string): (typeof ENDINGS)[number] | null {
  return ENDINGS.find((ending) => name.toLowerCase().endsWith(ending)) ?? null;
}

const ENDINGS = [".hea", ".json", ".ndjson", ".ndjson.gz", ".csv"] as const;
