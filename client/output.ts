import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SubmitError } from "./errors.ts";

/** Where verified results are written; null = nowhere. */
export interface OutputOptions {
  readonly outDir: string | null;
  readonly force: boolean;
}

/** Makes the folder. @throws errors of the system */
export async function prepareOutput({ outDir }: OutputOptions): Promise<void> {
  if (outDir !== null) await mkdir(outDir, { recursive: true });
}

/** Refuses before anything is sent what could not be written afterwards. @throws SubmitError output-exists */
export async function refuseExisting(path: string | null, { force }: OutputOptions): Promise<void> {
  if (path === null || force) return;
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) throw new SubmitError("output-exists", path);
}

export function outputPath(name: string, { outDir }: OutputOptions): string | null {
  return outDir === null ? null : join(outDir, `${name}.attested`);
}

/** Writes a result file, readable by its owner alone: it holds findings. @throws SubmitError output-exists; errors of the system */
export async function writeResult(path: string, file: Uint8Array, { force }: OutputOptions): Promise<void> {
  try {
    await writeFile(path, file, { mode: 0o600, flag: force ? "w" : "wx" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") throw new SubmitError("output-exists", path);
    throw error;
  }
}
