import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CpioEntry } from "./entry.ts";

/** Write entries that `readCpio` returned below an empty folder; nothing that is there already is overwritten. */
export async function unpackEntries(entries: readonly CpioEntry[], folder: string): Promise<void> {
  for (const entry of entries) {
    const target = path.join(folder, entry.path);
    if (entry.kind === "directory") await mkdir(target, { mode: entry.mode });
    else if (entry.kind === "symlink") await symlink(Buffer.from(entry.data), target);
    else await writeFile(target, entry.data, { mode: entry.mode, flag: "wx" });
  }
}
