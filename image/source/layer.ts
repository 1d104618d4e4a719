import { ImageError } from "../errors.ts";
import { CPIO, isText } from "../ramdisk/entry.ts";
import type { TarEntry } from "./tar.ts";
import type { Tree, TreeNode } from "./tree.ts";
import { newFolder } from "./tree.ts";

/**
 * Apply one layer to a tree (OCI image specification, "Image Layer Filesystem Changeset").
 *
 * A whiteout hides what lower layers have and never what this layer brings. Of two entries with one name the later
 * counts. A hard link becomes a copy of what it names at that moment.
 * @throws ImageError `layer-…`, `source-limit`
 */
export function applyLayer(tree: Tree, entries: readonly TarEntry[]): void {
  tree.beginLayer();
  for (const entry of entries) {
    const names = namesOf(entry.name, entry.kind === "directory");
    const name = names.at(-1);
    if (name === undefined) {
      // The root itself: its folder exists already, and nothing else can stand there.
      if (entry.kind !== "directory") throw new ImageError("layer-path", JSON.stringify(entry.name));
    } else if (names.slice(0, -1).some((one) => one.startsWith(WHITEOUT))) {
      throw new ImageError("layer-whiteout", `${entry.name} lies below one`);
    } else if (name.startsWith(WHITEOUT)) {
      if (entry.kind !== "file") throw new ImageError("layer-whiteout", `${entry.name} is no file`);
      whiteOut(tree, names, name);
    } else {
      const folder = tree.folder(names.slice(0, -1), true);
      if (folder !== null) tree.put(folder, name, nodeOf(tree, entry));
    }
  }
}

function nodeOf(tree: Tree, { kind, mode, name, target, data }: TarEntry): TreeNode {
  if (kind === "directory") return newFolder(mode);
  if (kind === "file") return { kind, mode, data };
  if (kind === "special") return { kind, mode, data: Buffer.from(target) };
  if (kind === "symlink") {
    if (target === "" || !isPath(target)) throw new ImageError("layer-path", `${name} leads to ${JSON.stringify(target)}`);
    return { kind, mode: 0o777, data: Buffer.from(target) };
  }
  const names = namesOf(target, false);
  const linked = tree.folder(names.slice(0, -1), false)?.children.get(names.at(-1) ?? "");
  if (linked === undefined || linked.kind === "directory") throw new ImageError("layer-link", `${name} is ${JSON.stringify(target)}`);
  return { ...linked };
}

function whiteOut(tree: Tree, names: readonly string[], name: string): void {
  const hidden = name === OPAQUE ? undefined : name.slice(WHITEOUT.length);
  if (hidden === "" || hidden === "." || hidden === ".." || hidden?.startsWith(WHITEOUT) === true)
    throw new ImageError("layer-whiteout", names.join("/"));
  const folder = tree.folder(names.slice(0, -1), false);
  if (folder !== null) tree.hide(folder, hidden);
}

/** The names of a path in a layer; `./` before and, of a folder, `/` after it mean nothing. Attacker-controlled. */
function namesOf(path: string, isFolder: boolean): string[] {
  const names = path.replace(/^(\.\/)+/, "").split("/");
  if (isFolder && names.at(-1) === "") names.pop();
  if (isFolder && names.length === 1 && names[0] === ".") names.pop();
  if (names.some((name) => name === "" || name === "." || name === "..") || path === "" || !isPath(path))
    throw new ImageError("layer-path", JSON.stringify(path));
  return names;
}

function isPath(text: string): boolean {
  return Buffer.byteLength(text) < CPIO.maxPathBytes && isText(text);
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
