import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "@caladrius/wire";
import { makeFolder } from "./files.ts";

/**
 * Keeps a folder for one process, before anything in it is changed. The lock is SQLite's on a file of its own, as the host's
 * is: the system drops it with the process, so that a kill leaves nothing stale.
 * @returns what gives the folder free
 * @throws ConfigurationError store-locked; errors of the system
 */
export async function lockFolder(folder: string): Promise<() => void> {
  await makeFolder(folder, 0o700);
  const db = new DatabaseSync(join(folder, "simulator.lock"));
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
  } catch {
    db.close();
    throw new ConfigurationError(
      "store-locked",
      `another simulator runs on the data folder ${folder}. Stop it, or give this one another --data folder.`,
    );
  }
  return () => db.close();
}
