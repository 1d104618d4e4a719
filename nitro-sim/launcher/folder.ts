import { rmSync } from "node:fs";
import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { SOCKET_FOLDER } from "@caladrius/image";

/** Make the fresh 0700 folder that one enclave lives in; first sweep those that killed launchers left behind. */
export async function makeEnclaveFolder(): Promise<string> {
  const base = Buffer.byteLength(tmpdir()) > MAX_BASE_BYTES ? "/tmp" : tmpdir();
  await sweep(base);
  const folder = await mkdtemp(path.join(base, PREFIX));
  kept.add(folder);
  process.once("exit", removeAll);
  return folder;
}

/** Remove an enclave's folder with all that is in it. */
export async function removeEnclaveFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  kept.delete(folder);
  if (kept.size === 0) process.off("exit", removeAll);
}

/** The name of the hybrid vsock socket in the folder. */
export const VSOCK_NAME = "vsock";

/**
 * A folder of ours on whose NSM socket nobody listens belongs to nobody: a launcher serves it from before the program's
 * start until after its end. One without that socket may be just unpacking.
 */
async function sweep(base: string): Promise<void> {
  for (const name of await readdir(base).catch(() => [])) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = path.join(base, name);
    const stats = await lstat(folder).catch(() => null);
    if (stats === null || !stats.isDirectory() || stats.uid !== process.getuid?.()) continue;
    const old = Date.now() - stats.mtimeMs > STARTING_MS;
    if (await isDead(path.join(folder, NSM_SOCKET), old)) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isDead(socketPath: string, whenMissing: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ECONNREFUSED" || (error.code === "ENOENT" && whenMissing)),
    );
  });
}

function removeAll(): void {
  for (const folder of kept) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const kept = new Set<string>();
const PREFIX = "caladrius-enclave-";
const NSM_SOCKET = `rootfs${SOCKET_FOLDER}/nsm`;
const STARTING_MS = 10 * 60_000;
// The longest socket in the folder is rootfs/run/caladrius/serve; sun_path holds 107 bytes.
const MAX_BASE_BYTES = 107 - "/caladrius-enclave-XXXXXX/rootfs/run/caladrius/serve".length;
