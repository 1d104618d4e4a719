import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigurationError } from "@caladrius/wire";

/**
 * Reads a file that its owner alone may read; where there is none, it is made (0600) with what `make` gives, whole or not
 * at all. Of two processes that start at once one makes it and both read the same.
 * @throws ConfigurationError kms-file-mode, kms-data when the folder cannot be used
 */
export async function openPrivateFile(path: string, make: () => Uint8Array | string): Promise<Uint8Array> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (!(await exists(path))) await create(path, make());
    if (((await stat(path)).mode & 0o077) !== 0)
      throw new ConfigurationError("kms-file-mode", `${path} must be readable by its owner alone (chmod 600)`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError("kms-data", `${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function create(path: string, content: Uint8Array | string): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    await link(draft, path); // unlike rename, fails where another process was first
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await file.close();
    await unlink(draft);
  }
}
