import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeSampleFiles } from "./files.ts";

/**
 * Writes the sample files into a folder, which is made where it is missing; files of the same names are replaced.
 * @returns the paths that `readInputs` takes (a WFDB record by its header)
 */
export async function writeSampleFiles(folder: string, seed = 1): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const [name, bytes] of makeSampleFiles(seed)) {
    await writeFile(join(folder, name), bytes);
    if (!name.endsWith(".dat")) paths.push(join(folder, name));
  }
  return paths.toSorted();
}
