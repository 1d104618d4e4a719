import { ImageError } from "../errors.ts";
import type { Tree, TreeNode } from "./tree.ts";

/**
 * Refuse a command that cannot start: nobody would see the enclave's console say so.
 *
 * AWS's init starts it with `execvpe` in `/` and sets PATH itself, so that the image's own PATH is not searched.
 * @throws ImageError `source-command`
 */
export function demandProgram(tree: Tree, cmd: readonly string[], env: readonly string[]): void {
  const word = cmd[0] ?? "";
  const refuse = (why: string): never => {
    throw new ImageError("source-command", `${JSON.stringify(word)} ${why}`);
  };
  if (!word.includes("/")) {
    if (SEARCHED.some((folder) => isProgram(at(tree, `${folder}/${word}`)))) return;
    const own =
      env
        .find((variable) => variable.startsWith("PATH="))
        ?.slice("PATH=".length)
        .split(":") ?? [];
    const found = own.map((folder) => `${folder}/${word}`).find((path) => isProgram(at(tree, path)));
    refuse(
      `is in none of ${SEARCHED.join(", ")}, which are all that init searches: ${found === undefined ? "add it, or name it by its path" : `name it ${found}`}`,
    );
  }
  const mounted = MOUNTED.find((folder) => word.split("/").filter((name) => name !== "" && name !== ".")[0] === folder);
  if (mounted !== undefined) refuse(`lies below /${mounted}, which init mounts over`);
  const node = at(tree, word);
  if (node === null) refuse("is not in the image");
  else if (node.kind !== "file") refuse(`is a ${node.kind === "special" ? "special file" : "folder"}`);
  else if (!isProgram(node)) refuse(`is not executable (mode 0${node.mode.toString(8)}): chmod +x`);
}

function at(tree: Tree, path: string): TreeNode | null {
  try {
    return tree.find(path.split("/"));
  } catch (error) {
    if (error instanceof ImageError && error.code === "layer-parent") return null;
    throw error;
  }
}

function isProgram(node: TreeNode | null): boolean {
  return node?.kind === "file" && (node.mode & 0o111) !== 0;
}

/** PATH of AWS's init. */
const SEARCHED = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"];
const MOUNTED = ["dev", "proc", "run", "sys", "tmp"];
