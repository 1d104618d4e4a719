import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ImageError } from "../errors.ts";
import { debianArchives } from "./archives.ts";
import type { LibraryOptions } from "./libraries.ts";
import type { ListedPackage } from "./library-list.ts";
import { originOfPackage } from "./library-list.ts";
import type { SystemLibrary } from "./node.ts";

/** Libraries out of packages, and a sentence for each package that there is not. */
export interface OpenedPackages {
  libraries: SystemLibrary[];
  missing: string[];
}

/**
 * Take the listed files out of the packages in `folder`, fetching those that are absent where that is allowed.
 *
 * Each package's SHA-256 is checked before it is opened, and each file's after; the files are kept beside by their digest.
 * @throws ImageError `library-package`
 */
export async function openPackages(
  packages: readonly ListedPackage[],
  { folder, fetch: mayFetch = false, archives, onProgress }: LibraryOptions,
): Promise<OpenedPackages> {
  const opened: OpenedPackages = { libraries: [], missing: [] };
  for (const listed of packages) {
    const wanted = `${listed.name}=${listed.version} ${listed.architecture} of image/libraries.json`;
    if (folder === undefined) {
      opened.missing.push(`${wanted}: this machine has other files, and no folder with the package was given`);
      continue;
    }
    const kept = path.join(folder, "files");
    if (!(await allKept(listed, kept))) {
      let deb = await readOrNull(path.join(folder, path.basename(listed.file)));
      if (deb === null && mayFetch) {
        onProgress?.(`fetch ${path.basename(listed.file)}`);
        deb = await fetchPackage(listed, archives ?? (await debianArchives()), folder);
      }
      if (deb === null) {
        const how = mayFetch ? "could not be fetched" : "is not in the folder";
        opened.missing.push(`${wanted}: this machine has other files, and the package ${how}`);
        continue;
      }
      if (sha256(deb) !== listed.sha256)
        throw new ImageError("library-package", `${path.basename(listed.file)} has SHA-256 ${sha256(deb)}`);
      await unpack(listed, deb, kept);
    }
    for (const file of listed.files) {
      const { path: place, sha256: digest } = file;
      opened.libraries.push({ path: place, file: path.join(kept, digest), sha256: digest, origin: originOfPackage(listed) });
    }
  }
  return opened;
}

async function allKept({ files }: ListedPackage, kept: string): Promise<boolean> {
  for (const file of files) {
    const data = await readOrNull(path.join(kept, file.sha256));
    if (data === null || sha256(data) !== file.sha256) return false;
  }
  return true;
}

/** The bytes are checked against the list, so whoever answers can only refuse. */
async function fetchPackage(listed: ListedPackage, archives: readonly string[], folder: string): Promise<Uint8Array | null> {
  for (const archive of archives) {
    try {
      const answer = await fetch(new URL(listed.file, archive), { signal: AbortSignal.timeout(FETCH_MS) });
      if (!answer.ok) continue;
      const deb = await bounded(answer);
      if (deb === null || sha256(deb) !== listed.sha256) continue;
      await writeWhole(path.join(folder, path.basename(listed.file)), deb);
      return deb;
    } catch {
      // unreachable: the next archive may have it
    }
  }
  return null;
}

/** The body, null when it is longer than any package that is listed. */
async function bounded({ body }: Response): Promise<Uint8Array | null> {
  const blocks: Uint8Array[] = [];
  let total = 0;
  for await (const block of body ?? []) {
    total += block.length;
    if (total > MAX_PACKAGE_BYTES) return null;
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

async function unpack(listed: ListedPackage, deb: Uint8Array, kept: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "caladrius-deb-"));
  try {
    // From a copy of the very bytes that were checked.
    const copy = path.join(folder, "package.deb");
    await writeFile(copy, deb);
    await promisify(execFile)("dpkg-deb", ["-x", copy, path.join(folder, "root")]).catch(() => {
      throw new ImageError("library-package", `dpkg-deb, of Debian's dpkg, cannot open ${path.basename(listed.file)}`);
    });
    for (const file of listed.files) {
      const data = await readOrNull(path.join(folder, "root", file.member));
      if (data === null || sha256(data) !== file.sha256)
        throw new ImageError("library-package", `${file.member} of ${path.basename(listed.file)} is not the file listed`);
      await writeWhole(path.join(kept, file.sha256), data);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Write beside and rename, so that a build at the same time never meets half a file. */
async function writeWhole(file: string, data: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const beside = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(beside, data);
  await rename(beside, file);
}

async function readOrNull(file: string): Promise<Uint8Array | null> {
  return await readFile(file).catch(() => null);
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

const FETCH_MS = 120_000;
/** The C library's package has 3 MB. */
const MAX_PACKAGE_BYTES = 2 ** 25;
