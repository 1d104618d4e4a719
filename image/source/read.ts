import { createHash } from "node:crypto";
import { lstat, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { EifArchitecture } from "../eif/layout.ts";
import { ImageError } from "../errors.ts";
import type { CpioEntry } from "../ramdisk/entry.ts";
import { demandProgram } from "./command.ts";
import { parseImageConfig, type ImageConfig } from "./config.ts";
import { configDigests, readDockerArchive } from "./docker.ts";
import { expand } from "./expand.ts";
import { readFolder } from "./folder.ts";
import { applyLayer } from "./layer.ts";
import { MAX_BLOB_BYTES, MAX_JSON_BYTES, readOci, type PackedImage } from "./oci.ts";
import { archiveStore, folderStore, type Store } from "./store.ts";
import { readTar } from "./tar.ts";
import { Tree } from "./tree.ts";

/** Somebody's program, ready for an application ramdisk. */
export interface Source {
  form: "folder" | "docker-archive" | "oci";
  rootfs: CpioEntry[];
  cmd: readonly string[];
  env: readonly string[];
  /** What the configuration says and the enclave does not do, one sentence each. */
  warnings: readonly string[];
}

/**
 * Read the image or folder at `from`: an archive of `docker save` or OCI (maybe compressed), an OCI layout, or a folder
 * with `rootfs/` and `cmd`. All of it may be hostile; nothing is unpacked to disk.
 * @throws ImageError `source-…`, `tar-…`, `layer-…`, `cpio-path`, `argument-newline`
 */
export async function readSource(from: string, architecture: EifArchitecture): Promise<Source> {
  const stats = await stat(from);
  if (stats.isDirectory()) {
    const store = folderStore(from);
    if ((await store.read("oci-layout", MAX_JSON_BYTES)) !== null) return readLayout(store, architecture);
    const hasRootfs = await lstat(path.join(from, "rootfs")).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!hasRootfs) throw new ImageError("source-form", from);
    const { tree, cmd, env } = await readFolder(from, store, MAX_FILES_BYTES);
    demandProgram(tree, cmd, env);
    return { form: "folder", rootfs: tree.entries(MAX_FILES_BYTES), cmd, env, warnings: [] };
  }
  if (!stats.isFile()) throw new ImageError("source-form", from);
  if (stats.size > MAX_ARCHIVE_BYTES) throw new ImageError("source-limit", `${from}: more than ${MAX_ARCHIVE_BYTES} bytes`);
  const store = archiveOf(await expand(await readFile(from), MAX_ARCHIVE_BYTES, from), from);
  if ((await store.read("oci-layout", MAX_JSON_BYTES)) !== null) return readLayout(store, architecture);
  const manifest = await store.read("manifest.json", MAX_JSON_BYTES);
  if (manifest === null) throw new ImageError("source-form", from);
  return unpack("docker-archive", await readDockerArchive(store, manifest), architecture);
}

/** Docker writes both forms into one archive, and each of them is somebody's only one: they have to name the same image. */
async function readLayout(store: Store, architecture: EifArchitecture): Promise<Source> {
  const packed = await readOci(store, architecture);
  const manifest = await store.read("manifest.json", MAX_JSON_BYTES);
  const digest = createHash("sha256").update(packed.config).digest("hex");
  if (manifest !== null && !configDigests(manifest).includes(digest))
    throw new ImageError("source-platform", `index.json names the image ${digest} and manifest.json another`);
  return unpack("oci", packed, architecture);
}

/** A file that does not even begin as a tar archive is of another form, rather than a damaged one. */
function archiveOf(bytes: Uint8Array, from: string): Store {
  const magic = Buffer.from(bytes.subarray(257, 262)).toString("latin1");
  if (magic !== "ustar") throw new ImageError("source-form", from);
  return archiveStore(bytes);
}

/** Put the layers on each other, each held to the digest that the configuration has for it uncompressed. */
async function unpack(form: Source["form"], packed: PackedImage, architecture: EifArchitecture): Promise<Source> {
  const config: ImageConfig = parseImageConfig(packed.config, architecture);
  if (config.layers.length !== packed.layers.length)
    throw new ImageError("source-digest", `${packed.layers.length} layers, and the configuration has ${config.layers.length}`);
  const tree = new Tree();
  let left = MAX_FILES_BYTES;
  for (const [i, read] of packed.layers.entries()) {
    const what = `layer ${i + 1} of ${packed.layers.length}`;
    const layer = await expand(await read(), Math.min(left, MAX_BLOB_BYTES), what);
    left -= layer.length;
    const digest = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
    if (digest !== config.layers[i])
      throw new ImageError("source-digest", `${what} is ${digest}, and the configuration has ${config.layers[i]}`);
    applyLayer(tree, readTar(layer));
  }
  const { cmd, env, warnings } = config;
  demandProgram(tree, cmd, env);
  return { form, rootfs: tree.entries(MAX_FILES_BYTES), cmd, env, warnings };
}

/** All files of an image, and all layers that make them. */
const MAX_FILES_BYTES = 2 ** 30;
// Node reads no larger files at once.
const MAX_ARCHIVE_BYTES = 2 ** 31 - 1;
