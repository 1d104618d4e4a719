import type { BundleInput } from "../application/bundle.ts";
import type { ManifestFile } from "../application/manifest.ts";
import { type ArchiveEntry, contentDigest, factsOf } from "./archive.ts";
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

/** Read the manifest of the application ramdisk that holds one, and compare it with what the ramdisk holds. */
export function openManifest(ramdisks: readonly (readonly ArchiveEntry[])[]): OpenManifest {
  for (const entries of ramdisks) {
    const entry = entries.findLast(({ path }) => path === MANIFEST_PATH);
    if (entry === undefined) continue;
    const read = parse(entry.content);
    if (read === null) return nothing("unreadable");
    const { unreproducible, ...lists } = read;
    return { facts: { status: "read", faults: faultsOf(read.files, entries), unreproducible }, ...lists };
  }
  return nothing("none");
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
  const held = new Map(entries.map((entry) => [entry.path, entry]));
  const listed = new Set<string>();
  for (const { path, sha256, bytes } of files) {
    const entry = held.get(`rootfs${path}`);
    if (listed.has(path)) faults.push(`${path} is listed twice`);
    listed.add(path);
    if (entry === undefined) faults.push(`${path} is listed and not in the image`);
    else if (contentDigest(entry) !== sha256 || entry.content.length !== bytes)
      faults.push(
        `${path} is listed with SHA-256 ${sha256} and ${bytes} bytes; it has ${contentDigest(entry)} and ${entry.content.length}`,
      );
  }
  for (const [path, entry] of held) {
    if (!path.startsWith("rootfs/") || path === MANIFEST_PATH || factsOf(entry).kind === "directory") continue;
    if (!listed.has(path.slice("rootfs".length))) faults.push(`${path.slice("rootfs".length)} is in the image and not listed`);
  }
  return faults;
}

const MAX_LISTED = 100_000;
