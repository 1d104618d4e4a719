import { randomBytes } from "node:crypto";
import { access, link, mkdir, rename, rm, writeFile } from "node:fs/promises";
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

/**
 * Writes a result file whole or not at all, readable by its owner alone: it holds findings. What was there stays until the
 * new one is on the disk. @throws SubmitError output-exists; errors of the system, which name the file
 */
export async function writeResult(path: string, file: Uint8Array, { force }: OutputOptions): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await writeFile(draft, file, { mode: 0o600, flag: "wx", flush: true });
    if (force) await rename(draft, path);
    else await place(draft, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new SubmitError("output-exists", path);
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Of two writers one wins, where the file system knows links; elsewhere what another wrote in this moment is lost. */
async function place(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (!NO_LINKS.includes(codeOf(error))) throw error;
    await refuseExisting(path, { outDir: null, force: false });
    await rename(draft, path);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** What file systems without hard links answer, such as those of memory sticks and network shares. */
const NO_LINKS: readonly string[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];
