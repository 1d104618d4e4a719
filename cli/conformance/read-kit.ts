import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { about, UnreachableError, UsageError } from "../exit.ts";
import { readLimited, readText } from "../files.ts";
import { isForRunners, type Kit, type Vector } from "./kit.ts";
import { parseExpected, parseManifest } from "./manifest.ts";

/** Where the kit lies unless --vectors names another folder: in the package of the verifier. */
export function defaultKitFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.resolve("@caladrius/attestation-verifier")));
  while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, "vectors");
}

/**
 * Reads every vector of a kit, which somebody else may have made. What is not as the format says ends it, before any vector
 * runs: a vector that is passed over looks like one that agrees. Nothing outside the folder is read.
 * @throws UnreachableError without vectors; FileProblem around UsageError or LimitError for the first bad file
 */
export async function readKit(path: string): Promise<Kit> {
  const folder = resolve(path);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    const missing = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
    if (!missing) throw error;
    throw new UnreachableError(`there is no conformance kit at ${folder}: name its folder with --vectors`);
  });
  const vectors: Vector[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile()) continue; // such as a README
    vectors.push(await readVector(join(folder, entry.name), entry.name, entry.isDirectory()));
  }
  if (vectors.length === 0) throw new UnreachableError(`${folder} holds no vectors: name the kit's folder with --vectors`);
  return { folder, vectors };
}

function readVector(folder: string, id: string, isFolder: boolean): Promise<Vector> {
  return about(folder, async () => {
    if (!isFolder || !/^\d{3}-[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id)) throw new UsageError("not a folder named as 012-some-words");
    const names = new Set(await readdir(folder));
    for (const name of names)
      if (!(await lstat(join(folder, name))).isFile())
        throw new UsageError(`${name} is not a plain file: links and folders are not followed`);
    const manifest = await about(join(folder, "manifest.json"), async () =>
      parseManifest(await readText(join(folder, "manifest.json"), MAX_JSON_BYTES), id),
    );
    const expected = await about(join(folder, "expected.json"), async () =>
      parseExpected(await readText(join(folder, "expected.json"), MAX_JSON_BYTES)),
    );
    const inputs = ["input.cose", "input.attested"].filter((name) => names.has(name));
    const [input] = inputs;
    if (input === undefined || inputs.length > 1) throw new UsageError("one of input.cose and input.attested must be there");
    const used = new Set(["manifest.json", "expected.json", "trust.json", input, ...manifest.crls]);
    for (const name of used) if (!names.has(name)) throw new UsageError(`${name} is missing`);
    for (const name of names) if (!used.has(name)) throw new UsageError(`${name} is a file that the manifest does not know`);
    if (manifest.expect !== null && input === "input.cose") throw new UsageError("expect is for result files");
    return {
      ...manifest,
      kind: input === "input.cose" ? "document" : "result",
      input: join(folder, input),
      trust: join(folder, "trust.json"),
      crls: manifest.crls.map((name) => join(folder, name)),
      expected,
    };
  });
}

/** Reads a file of a vector. @throws FileProblem around LimitError file-size or an error of the system */
export function readVectorFile(path: string): Promise<Uint8Array> {
  return readLimited(path, MAX_FILE_BYTES);
}

/** SHA-256 (hex) over what runners are given and what must come out: two tables with the same one are of the same questions. */
export async function kitDigest(vectors: readonly Vector[]): Promise<string> {
  const hash = createHash("sha256");
  for (const vector of vectors.filter(isForRunners)) {
    const { id, mode, time, nonce, maxAgeSeconds, expected } = vector;
    const [input, trust] = [await readVectorFile(vector.input), await readVectorFile(vector.trust)];
    // The line states both lengths, so that no two kits give one text.
    hash.update(`${JSON.stringify([id, mode, time, nonce, maxAgeSeconds, expected.exit, input.length, trust.length])}\n`);
    hash.update(input).update(trust);
  }
  return hash.digest("hex");
}

const MAX_JSON_BYTES = 64 * 1024;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
