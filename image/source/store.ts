import { constants } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { ImageError } from "../errors.ts";
import { applyLayer } from "./layer.ts";
import { readTar } from "./tar.ts";
import { Tree } from "./tree.ts";

/** Where the files of an image lie: a folder, or the archive of one. */
export interface Store {
  /** The file of this name, or null. @throws ImageError `source-limit` when it is larger */
  read(name: string, maxBytes: number): Promise<Uint8Array | null>;
}

/** The files of a folder; symbolic links as the last name are not followed. `name` is never absolute and leads nowhere upwards. */
export function folderStore(folder: string): Store {
  return {
    read: async (name, maxBytes) => {
      if (name.split("/").some((part) => part === "" || part === "." || part === "..")) return null;
      const file = await open(path.join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
        (error: unknown) => {
          if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "ELOOP"))
            return null;
          throw error;
        },
      );
      if (file === null) return null;
      try {
        const stats = await file.stat();
        if (!stats.isFile()) return null;
        if (stats.size > maxBytes) throw new ImageError("source-limit", `${name}: more than ${maxBytes} bytes`);
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
  };
}

/**
 * The files of a tar archive; links in it are followed inside it, as `docker save` writes them for equal layers.
 *
 * What says which blobs there are lies at the top: it has to be there once and be no link, since one tool reads the
 * first of two and another the last.
 * @throws ImageError `source-manifest` when such a file is read and is there twice
 */
export function archiveStore(archive: Uint8Array): Store {
  const tree = new Tree();
  const entries = readTar(archive);
  applyLayer(tree, entries);
  return {
    read: async (name, maxBytes) => {
      const own = entries.filter((entry) => entry.name.replace(/^(\.\/)+/, "") === name);
      if (own.length > 1 && !name.includes("/")) throw new ImageError("source-manifest", `${name} is in the archive ${own.length} times`);
      if (own[0]?.kind !== "file" && !name.includes("/")) return null;
      const node = tree.find(name.split("/"));
      if (node?.kind !== "file") return null;
      if (node.data.length > maxBytes) throw new ImageError("source-limit", `${name}: more than ${maxBytes} bytes`);
      return node.data;
    },
  };
}
