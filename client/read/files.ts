import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { Collector, type ReadResult } from "./collect.ts";
import { collectCsv } from "./csv.ts";
import { collectFhir, XML_EXPECTED } from "./fhir.ts";
import type { ReadLimits } from "./limits.ts";
import { quote, ReadError } from "./problems.ts";
import { gunzip } from "./text.ts";
import { collectWfdb, segmentNames } from "./wfdb.ts";
import { fileError, insideOf, wfdbFolder } from "./wfdb-folder.ts";

export interface ReadInputsOptions {
  limits?: Partial<ReadLimits>;
  /** of times without offset in CSV files: an IANA name such as "Europe/Berlin", or "+01:00" */
  zone?: string;
  /** told before each file is read, and while a large one is */
  onProgress?: (progress: ReadProgress) => void;
}

export interface ReadProgress {
  file: string;
  index: number;
  /** files in all */
  total: number;
  /** part of this file that is read, 0 to 1 */
  part: number;
}

/**
 * Reads inputs, each a file or a folder (its `.hea`, `.json`, `.ndjson`, `.ndjson.gz` and `.csv` files in order of name,
 * not those of folders in it), into one recording per subject. What one file lacks or has wrong is listed in `problems`,
 * and the rest goes on. A link in a folder that leads out of it is not followed. Never throws for anything in the files.
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
    const tell = (part: number): void => options.onProgress?.({ file, index, total: distinct.length, part });
    tell(0);
    try {
      if (!named) refuseOutside(file);
      if (!named && (await isOtherJson(file, collector))) continue;
      await collectFile(file, collector, options.zone ?? null, tell);
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
    const segments = await segmentsIn(path, names, collector);
    if (names.length === 0)
      collector.problem(path, new ReadError("file-empty", "folder", `files that end in ${ENDINGS.join(" ")}`, "none"));
    return names.filter((name) => !segments.has(name)).map((name) => ({ file: join(path, name), named: false }));
  } catch (error) {
    collector.problem(path, fileError("file", error));
    return [];
  }
}

/** Headers that are segments of another record of the folder: they are read with it, not as subjects of their own. */
async function segmentsIn(folder: string, names: readonly string[], collector: Collector): Promise<Set<string>> {
  const segments = new Set<string>();
  for (const name of names) {
    if (formatOf(name) !== ".hea") continue;
    try {
      refuseOutside(join(folder, name));
      const bytes = await readLimited(join(folder, name), collector.limits.maxTextBytes);
      for (const segment of segmentNames(bytes, collector.limits)) segments.add(`${segment}.hea`);
    } catch (error) {
      if (!(error instanceof ReadError)) throw error; // told when the file itself is read
    }
  }
  return segments;
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

/** Whoever names a link means where it leads; one that lies in a folder is somebody else's. */
function refuseOutside(file: string): void {
  try {
    insideOf(dirname(file), basename(file));
  } catch (error) {
    throw error instanceof ReadError ? error : fileError("file", error);
  }
}

async function collectFile(file: string, collector: Collector, zone: string | null, tell: (part: number) => void): Promise<void> {
  const { limits } = collector;
  switch (formatOf(file)) {
    case ".hea": {
      const folder = wfdbFolder(file, limits.maxTextBytes);
      return collectWfdb(await readLimited(file, limits.maxTextBytes), folder, file, collector, (done, total) => tell(done / total));
    }
    case ".json":
      return collectFhir(await readLimited(file, limits.maxTextBytes), { file }, collector);
    case ".ndjson":
      return collectFhir(await readLimited(file, limits.maxTextBytes), { file, lines: true }, collector);
    case ".ndjson.gz":
      return collectFhir(await gunzip(await readLimited(file, limits.maxTextBytes), limits), { file, lines: true }, collector);
    case ".csv":
      return collectCsv(await readLimited(file, limits.maxTextBytes), file, collector, zone);
    default:
      if (extname(file).toLowerCase() === ".xml") throw new ReadError("fhir-xml", "file name", XML_EXPECTED, '".xml"');
      throw new ReadError("file-type", "file name", `an ending of ${ENDINGS.join(" ")}`, quote(extname(file)));
  }
}

/** The size is asked first, so that no large file is taken into memory to be refused. */
async function readLimited(file: string, maxBytes: number, where = "file"): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const status = await stat(file);
    const { size } = status;
    if (!status.isFile()) throw new ReadError("file-missing", where, "a regular file", "another kind");
    if (size > maxBytes) throw new ReadError("file-size", where, `at most ${maxBytes} bytes`, `${size} bytes`);
    return await readFile(file);
  } catch (error) {
    throw error instanceof ReadError ? error : fileError(where, error);
  }
}

function formatOf(name: string): (typeof ENDINGS)[number] | null {
  return ENDINGS.find((ending) => name.toLowerCase().endsWith(ending)) ?? null;
}

const ENDINGS = [".hea", ".json", ".ndjson", ".ndjson.gz", ".csv"] as const;
