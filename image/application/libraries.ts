import path from "node:path";
import type { EifArchitecture } from "../eif/layout.ts";
import type { LibraryList, ListedPackage } from "./library-list.ts";
import { originOfPackage, readLibraryList } from "./library-list.ts";
import type { NodeBinary, SystemLibrary } from "./node.ts";
import { findLibraries, nameOwners } from "./node.ts";
import { openPackages } from "./packages.ts";

/** Where the listed packages may come from when this machine has other libraries. */
export interface LibraryOptions {
  /** Holds the `.deb` files that `image/libraries.json` names, or takes them when they are fetched. */
  folder?: string;
  /** Whether missing packages may be fetched into `folder`; without this nothing uses a network. */
  fetch?: boolean;
  /** Roots of Debian archives to fetch from, tried in this order; by default those of this machine's apt. */
  archives?: readonly string[];
  /** Told when packages are fetched or unpacked. */
  onProgress?: (step: string) => void;
  /** Another list, for tests. */
  list?: LibraryList;
}

/** The libraries of an image. */
export interface ChosenLibraries {
  libraries: SystemLibrary[];
  /** Why these are not the libraries of `image/libraries.json`, a sentence for each reason; empty when they are. */
  unreproducible: string[];
}

/**
 * The libraries that `image/libraries.json` names: this machine's where all are equal, else those of the packages in
 * `folder`. Where these are absent too, this machine's own, all of them: parts of two C libraries do not work together.
 * @throws ConfigurationError `libraries-missing`; ImageError `library-package` when a package is not the one listed
 */
export async function chooseLibraries(
  node: NodeBinary,
  architecture: EifArchitecture,
  options: LibraryOptions = {},
): Promise<ChosenLibraries> {
  const list = options.list ?? (await readLibraryList(architecture));
  const needed = await findLibraries(node.file);
  const reasons = unlisted(needed, list.packages);
  if (reasons.length === 0) {
    const differing: ListedPackage[] = [];
    const libraries: SystemLibrary[] = [];
    for (const listed of list.packages) {
      const own = ownFiles(listed, needed);
      if (own === null) differing.push(listed);
      else libraries.push(...own);
    }
    if (differing.length === 0) return { libraries: sorted(libraries), unreproducible: [] };
    const opened = await openPackages(differing, options);
    if (opened.missing.length === 0) return { libraries: sorted([...libraries, ...opened.libraries]), unreproducible: [] };
    reasons.push(...opened.missing);
  }
  return { libraries: await nameOwners(needed), unreproducible: reasons };
}

/** A newer Node may need a library that the list lacks. */
function unlisted(needed: readonly SystemLibrary[], packages: readonly ListedPackage[]): string[] {
  const names = new Set(packages.flatMap(({ files }) => files.map((file) => path.basename(file.path))));
  return needed
    .filter((library) => !names.has(path.basename(library.path)))
    .map((library) => `${path.basename(library.path)}: image/libraries.json does not name it`);
}

/** A package's files as this machine has them, or null when one differs. */
function ownFiles(listed: ListedPackage, needed: readonly SystemLibrary[]): SystemLibrary[] | null {
  const own: SystemLibrary[] = [];
  for (const file of listed.files) {
    const here = needed.find((library) => path.basename(library.path) === path.basename(file.path));
    if (here === undefined || here.sha256 !== file.sha256) return null;
    own.push({ path: file.path, file: here.file, sha256: file.sha256, origin: originOfPackage(listed) });
  }
  return own;
}

function sorted(libraries: SystemLibrary[]): SystemLibrary[] {
  return libraries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
