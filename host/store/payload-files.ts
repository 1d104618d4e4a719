import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { open, readFile, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { DependencyError } from "@caladrius/wire";

/**
 * Payloads from this size on are files. Measured: 43 kB cost 0.1 ms CPU in the database and 0.4 ms as a file, 2.6 MB cost
 * 8 ms and 2 ms, and 32 MiB in the database stop the event loop for 0.3 s.
 */
export const FILE_FROM_BYTES: number = 128 * 1024;

/** A folder of payloads too large for the database. A file counts only once a committed row names it. */
export class PayloadFiles {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, "payloads");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /**
   * Writes a new file and returns its name once file and folder entry are on disk.
   * @throws DependencyError store-unavailable
   */
  async write(bytes: Uint8Array): Promise<string> {
    const name = randomBytes(16).toString("hex");
    try {
      await synced(join(this.#folder, name), "wx", (file) => file.writeFile(bytes));
      await synced(this.#folder, "r", () => Promise.resolve()); // the folder's entry must survive a power cut too
      return name;
    } catch (error) {
      await this.remove([name]);
      const reason = error instanceof Error ? error.message : "unknown";
      throw new DependencyError("store-unavailable", `the job store cannot write: ${reason}`, 1000);
    }
  }

  async read(name: string): Promise<Uint8Array> {
    return readFile(join(this.#folder, name));
  }

  /** Removes files that no row names any more; one that stays behind is found at the next start. */
  async remove(names: readonly string[]): Promise<void> {
    await Promise.allSettled(names.map((name) => unlink(join(this.#folder, name))));
  }

  /** Removes what a kill left between writing a file and committing its row, or between a commit and the removal. */
  async sweep(isNamed: (name: string) => boolean): Promise<void> {
    await this.remove(readdirSync(this.#folder).filter((name) => !isNamed(name)));
  }
}

async function synced(path: string, flags: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
