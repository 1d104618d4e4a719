import { chmod, mkdir } from "node:fs/promises";
import path from "node:path";
import { ImageError, parseLines, readCpio, SOCKET_FOLDER, unpackEntries } from "@caladrius/image";

/** An unpacked application. */
export interface UnpackedApplication {
  /** The folder that is `/` for the program. */
  rootfs: string;
  /** The argument vector as measured; paths are inside `rootfs`. */
  cmd: string[];
  /** The whole environment as measured. */
  env: Record<string, string>;
  /** The folder of the program's sockets, seen from outside; only its owner may enter. */
  sockets: string;
  /** The dynamic loader and the folders of libraries, inside `rootfs`. */
  loader: string | null;
  libraryFolders: string[];
}

/**
 * Unpack an application ramdisk into an empty folder.
 * @throws ImageError `cpio-…` for a ramdisk outside the grammar, `cpio-path` without `cmd` or `env`
 */
export async function unpackApplication(ramdisk: Uint8Array, folder: string): Promise<UnpackedApplication> {
  const entries = readCpio(ramdisk);
  await unpackEntries(entries, folder);
  const lines = (name: string): string[] => {
    const entry = entries.find((e) => e.path === name && e.kind === "file");
    if (entry === undefined) throw new ImageError("cpio-path", `no ${name}`);
    return parseLines(entry.data);
  };
  const rootfs = path.join(folder, "rootfs");
  const sockets = path.join(rootfs, SOCKET_FOLDER);
  await mkdir(sockets, { recursive: true });
  await chmod(sockets, 0o700);
  const files = entries.filter((e) => e.kind === "file").map((e) => e.path.replace(/^rootfs/, ""));
  return {
    rootfs,
    cmd: lines("cmd"),
    env: Object.fromEntries(lines("env").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])),
    sockets,
    loader: files.find((file) => /^\/lib\d*\/(?:[^/]+\/)?ld-[^/]+\.so\.\d+$/.test(file)) ?? null,
    libraryFolders: [...new Set(files.filter((file) => /^\/lib\d*\/.*\.so(\.\d+)*$/.test(file)).map((file) => path.dirname(file)))],
  };
}
