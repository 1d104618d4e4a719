import type { BundleInput } from "../application/bundle.ts";
import type { ManifestFile } from "../application/manifest.ts";
import { ImageError } from "../errors.ts";
import { readCpio } from "../ramdisk/read.ts";
import { type Archive, type ArchiveEntry, contentDigest, factsOf } from "./archive.ts";
import { textOf } from "./difference.ts";
import type { ManifestFacts } from "./model.ts";

/** An image's own list of its files, as far as it can be read, held against the files themselves. */
export interface OpenManifest {
  facts: ManifestFacts;
  files: readonly ManifestFile[];
  bundleInputs: readonly BundleInput[];
}

/** Where the list lies in an application ramdisk. */
export const MANIFEST_PATH = "rootfs/app/manifest.json";

/** Read the manifest that an image's ramdisks unpack to, and compare it with all that they hold. */
export function openManifest(ramdisks: readonly Archive[]): OpenManifest {
  const entries = ramdisks.flatMap((ramdisk) => ramdisk.entries);
  const entry = entries.findLast(({ path }) => path === MANIFEST_PATH);
  if (entry === undefined) return nothing("none");
  const read = parse(entry.content);
  if (read === null) return nothing("unreadable");
  const { unreproducible, ...lists } = read;
  const faults = [...ramdisks.flatMap(ambiguityOf), ...faultsOf(read.files, entries)];
  return { facts: { status: "read", faults, unreproducible }, ...lists };
}

/**
 * A list of files says nothing of a ramdisk where one file may stand for another: a path twice or spelt otherwise, a hard
 * link, a folder that is a link, bytes behind the trailer.
 */
function ambiguityOf({ source }: Archive, index: number): string[] {
  try {
    readCpio(source.data);
    return [];
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return [`ramdisk ${index + 1} is none that names every file once and plainly: ${error.message} (${error.code})`];
  }
}

function nothing(status: "none" | "unreadable"): OpenManifest {
  return { facts: { status, faults: [], unreproducible: [] }, files: [], bundleInputs: [] };
}

/** Every field is the image's own claim, so its shape is looked at before anything else. */
function parse(content: Uint8Array): (Omit<OpenManifest, "facts"> & { unreproducible: string[] }) | null {
  const text = textOf(content);
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value !== "object" || value === null || !("files" in value) || !("bundleInputs" in value)) return null;
    const { files, bundleInputs } = value;
    const reasons = "unreproducible" in value ? value.unreproducible : [];
    if (!isList(files) || !isList(bundleInputs) || !isTexts(reasons)) return null;
    return { files, bundleInputs, unreproducible: reasons };
  } catch {
    return null;
  }
}

function isList(list: unknown): list is ManifestFile[] {
  return Array.isArray(list) && list.length <= MAX_LISTED && list.every(isListed);
}

function isTexts(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((one) => typeof one === "string");
}

function isListed(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { path, sha256, bytes, origin } = value as Record<string, unknown>;
  return (
    typeof path === "string" &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    Number.isSafeInteger(bytes) &&
    typeof origin === "string"
  );
}

function faultsOf(files: readonly ManifestFile[], entries: readonly ArchiveEntry[]): string[] {
  const faults: string[] = [];
  const held = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    const first = held.get(entry.path);
    if (first !== undefined && !(isFolder(first) && isFolder(entry)) && factsOf(entry).kind !== "trailer")
      faults.push(`${entry.path} is in the image twice`);
    held.set(entry.path, entry);
  }
  const listed = new Set<string>();
  for (const { path, sha256, bytes } of files) {
    const entry = held.get(`rootfs${path}`);
    if (listed.has(path)) faults.push(`${path} is listed twice`);
    listed.add(path);
    if (entry === undefined) faults.push(`${path} is listed and not in the image`);
    else if (factsOf(entry).kind !== "file") faults.push(`${path} is listed and is no file but a ${factsOf(entry).kind}`);
    else if (contentDigest(entry) !== sha256 || entry.content.length !== bytes)
      faults.push(
        `${path} is listed with SHA-256 ${sha256} and ${bytes} bytes; it has ${contentDigest(entry)} and ${entry.content.length}`,
      );
  }
  for (const [path, entry] of held) {
    if (!path.startsWith("rootfs/") || path === MANIFEST_PATH || isFolder(entry)) continue;
    if (!listed.has(path.slice("rootfs".length))) faults.push(`${path.slice("rootfs".length)} is in the image and not listed`);
  }
  return faults;
}

function isFolder(entry: ArchiveEntry): boolean {
  return factsOf(entry).kind === "directory";
}

const MAX_LISTED = 100_000;
