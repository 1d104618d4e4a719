import { ImageError } from "../errors.ts";
import type { CpioEntry } from "../ramdisk/entry.ts";
import { pathFault } from "../ramdisk/entry.ts";

/** A folder of the tree; `children` by name. */
export interface Folder {
  kind: "directory";
  mode: number;
  children: Map<string, TreeNode>;
}

/** What a folder may hold. A special file says what it is as `data`, and no image may keep it. */
export type TreeNode = Folder | { kind: "file" | "symlink" | "special"; mode: number; data: Uint8Array };

/**
 * A file system in memory, put together by whoever's layers.
 *
 * Symbolic links in the middle of a path are followed as a process would whose root this is: absolute ones begin at the
 * root of the tree, and `..` at the root stays there. Nothing outside is ever touched.
 */
export class Tree {
  readonly root: Folder = newFolder();
  /** What this layer brought, or passed through on the way to what it brought. */
  #fresh = new Set<TreeNode>();
  #made = 0;
  #steps = 0;

  /** From here on `hide` spares what is put from here on. */
  beginLayer(): void {
    this.#fresh = new Set();
  }

  /** The folder at `names`, links followed; missing ones are made if `make`, else null. @throws ImageError `layer-parent`, `source-limit` */
  folder(names: readonly string[], make: boolean): Folder | null {
    const node = this.#walk(names, make);
    if (node === null || node.kind === "directory") return node;
    throw new ImageError("layer-parent", names.join("/"));
  }

  /** Whatever is at `names`, links followed, or null. @throws ImageError `layer-parent` */
  find(names: readonly string[]): TreeNode | null {
    return this.#walk(names, false);
  }

  /** Put `node` into a folder; what was there is replaced, but two folders are merged. @throws ImageError `source-limit` */
  put(folder: Folder, name: string, node: TreeNode): void {
    const old = folder.children.get(name);
    if (old?.kind === "directory" && node.kind === "directory") {
      old.mode = node.mode;
      this.#fresh.add(old);
      return;
    }
    if (++this.#made > MAX_NODES) throw new ImageError("source-limit", `more than ${MAX_NODES} entries`);
    folder.children.set(name, node);
    this.#fresh.add(node);
  }

  /** Remove what lower layers put at `name` in a folder and below it; without a name, all that they put there. */
  hide(folder: Folder, name?: string): void {
    const open: [Folder, Iterable<string>][] = [[folder, name === undefined ? folder.children.keys() : [name]]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [{ children }, names] = next;
      for (const child of names) {
        this.#step();
        const node = children.get(child);
        if (node === undefined) continue;
        if (!this.#fresh.has(node)) children.delete(child);
        else if (node.kind === "directory") open.push([node, node.children.keys()]);
      }
    }
  }

  /**
   * Everything in the tree as entries of a ramdisk, in no promised order.
   *
   * Setgid and sticky bits of folders are dropped: they are no privilege, and a ramdisk of ours has none.
   * @throws ImageError `layer-kind` and `layer-mode` with all names, `cpio-path`, `source-limit` for more than `maxBytes`
   */
  entries(maxBytes: number): CpioEntry[] {
    const entries: CpioEntry[] = [];
    const special: string[] = [];
    const privileged: string[] = [];
    let total = 0;
    const open: [string, Folder][] = [["", this.root]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [above, folder] = next;
      for (const [name, node] of folder.children) {
        const path = above === "" ? name : `${above}/${name}`;
        const fault = pathFault(path);
        if (fault !== null) throw new ImageError("cpio-path", `${JSON.stringify(path.slice(0, 200))} is ${fault}`);
        if (node.kind === "directory") {
          entries.push({ kind: "directory", path, mode: node.mode & 0o777, data: new Uint8Array(0) });
          open.push([path, node]);
        } else if (node.kind === "special") special.push(`${path} (${Buffer.from(node.data).toString()})`);
        else if (node.kind === "file" && node.mode > 0o777) privileged.push(`${path} (0${node.mode.toString(8)})`);
        else {
          total += node.data.length;
          if (total > maxBytes) throw new ImageError("source-limit", `more than ${maxBytes} bytes of files`);
          entries.push({ kind: node.kind, path, mode: node.mode & 0o777, data: node.data });
        }
      }
    }
    if (special.length > 0) throw new ImageError("layer-kind", some(special));
    if (privileged.length > 0) throw new ImageError("layer-mode", `${some(privileged)}: remove the bits with chmod a-s, or the files`);
    return entries;
  }

  #walk(names: readonly string[], make: boolean): TreeNode | null {
    const stack: Folder[] = [this.root];
    const todo = names.toReversed();
    let links = 0;
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      this.#step();
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const here = stack.at(-1) ?? this.root;
      let node = here.children.get(name);
      if (node === undefined) {
        if (!make) return null;
        node = newFolder();
        this.put(here, name, node);
      }
      if (make) this.#fresh.add(node);
      if (node.kind === "directory") stack.push(node);
      else if (node.kind === "symlink") {
        if (++links > MAX_LINKS) throw new ImageError("layer-parent", `${names.join("/")}: symbolic links without end`);
        const target = Buffer.from(node.data).toString();
        if (target.startsWith("/")) stack.length = 1;
        todo.push(...target.split("/").toReversed());
      } else if (todo.length === 0) return node;
      else throw new ImageError("layer-parent", names.join("/"));
    }
    return stack.at(-1) ?? this.root;
  }

  /** A few bytes of links and whiteouts can ask for endless walks. */
  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new ImageError("source-limit", "paths, links and whiteouts that take too long to follow");
  }
}

/** A folder that anyone may look into. */
export function newFolder(mode: number = 0o755): Folder {
  return { kind: "directory", mode, children: new Map() };
}

function some(names: readonly string[]): string {
  const sorted = names.toSorted();
  const more = sorted.length - MAX_NAMED;
  return sorted.slice(0, MAX_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

const MAX_NODES = 262_144;
const MAX_STEPS = 20_000_000;
const MAX_LINKS = 40; // Linux's own bound
const MAX_NAMED = 20;
