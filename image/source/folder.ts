import { constants } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { ImageError } from "../errors.ts";
import { parseLines } from "../ramdisk/application.ts";
import { isText } from "../ramdisk/entry.ts";
import type { Store } from "./store.ts";
import { newFolder, Tree, type Folder, type TreeNode } from "./tree.ts";

/** The parts of an application ramdisk, laid out in a folder. */
export interface FolderParts {
  tree: Tree;
  cmd: string[];
  env: string[];
}

/**
 * Read a folder in the shape of an application ramdisk: `rootfs/`, `cmd` and, if there is one, `env`, one argument or
 * variable a line; what `cpio -i` makes of a ramdisk is such a folder.
 *
 * Modes on disk depend on the umask of whoever made the folder, so only "executable by its owner" is taken: 0755, else 0644.
 * @throws ImageError `layer-…`, `source-config`, `source-limit`, `argument-newline`
 */
export async function readFolder(folder: string, store: Store, maxBytes: number): Promise<FolderParts> {
  const cmd = await linesOf(store, "cmd");
  if (cmd === null || cmd.length === 0) throw new ImageError("source-config", "there is no cmd, or nothing in it");
  const tree = new Tree();
  await fill(tree, tree.root, Buffer.from(`${folder}/rootfs`), { bytes: maxBytes });
  return { tree, cmd, env: (await linesOf(store, "env")) ?? [] };
}

async function linesOf(store: Store, name: string): Promise<string[] | null> {
  const bytes = await store.read(name, MAX_LINES_BYTES);
  if (bytes === null) return null;
  try {
    return parseLines(bytes);
  } catch (error) {
    throw error instanceof ImageError ? error : new ImageError("source-config", `${name} is no UTF-8`);
  }
}

async function fill(tree: Tree, folder: Folder, place: Buffer, left: { bytes: number }): Promise<void> {
  // Names may be any bytes, so they are read as bytes.
  for (const bytes of await readdir(place, { encoding: "buffer" })) {
    const name = bytes.toString();
    const path = Buffer.concat([place, Buffer.from("/"), bytes]);
    if (!isText(name) || !Buffer.from(name).equals(bytes)) throw new ImageError("layer-path", JSON.stringify(name));
    const node = await nodeAt(path, left);
    tree.put(folder, name, node);
    if (node.kind === "directory") await fill(tree, node, path, left);
  }
}

async function nodeAt(path: Buffer, left: { bytes: number }): Promise<TreeNode> {
  const stats = await lstat(path);
  if (stats.isDirectory()) return newFolder();
  if (stats.isSymbolicLink()) return { kind: "symlink", mode: 0o777, data: await readlink(path, { encoding: "buffer" }) };
  if (!stats.isFile())
    return { kind: "special", mode: 0, data: Buffer.from(stats.isFIFO() ? "a named pipe" : stats.isSocket() ? "a socket" : "a device") };
  left.bytes -= stats.size;
  if (left.bytes < 0) throw new ImageError("source-limit", "more bytes of files than an image may have");
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const mode = (stats.mode & 0o100) === 0 ? 0o644 : 0o755;
    return { kind: "file", mode: (stats.mode & 0o6000) | mode, data: await file.readFile() };
  } finally {
    await file.close();
  }
}

const MAX_LINES_BYTES = 65_536;
