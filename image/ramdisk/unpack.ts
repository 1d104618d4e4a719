import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CpioEntry } from "./entry.ts";

/** Write entries that `readCpio` returned below an empty folder, with their modes whatever the umask; nothing that is there is overwritten. */
export async function unpackEntries(entries: readonly CpioEntry[], folder: string): Promise<void> {
  for (const entry of entries) {
    const target = path.join(folder, entry.path);
    if (entry.kind === "directory") await mkdir(target, { mode: 0o700 });
    else if (entry.kind === "symlink") await symlink(Buffer.from(entry.data), target);
    else await writeFile(target, entry.data, { mode: 0o600, flag: "wx" });
  }
  // Folders after what is in them, since theirs may forbid writing.
  for (const { kind, path: name, mode } of entries.toReversed()) if (kind !== "symlink") await chmod(path.join(folder, name), mode);
}
