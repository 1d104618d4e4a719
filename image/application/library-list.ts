import { readFile } from "node:fs/promises";
import path from "node:path";
import type { EifArchitecture } from "../eif/layout.ts";

/** One library file of an image. */
export interface ListedFile {
  /** Where the loader looks for it in the image, without the leading slash. */
  path: string;
  /** The plain file of the package that holds its bytes. */
  member: string;
  sha256: string;
}

/** One Debian package, and the files of it that an image holds. */
export interface ListedPackage {
  name: string;
  version: string;
  /** Debian's name of it: `amd64`. */
  architecture: string;
  /** Its place below an archive's root; the last part is the name that the package is kept under. */
  file: string;
  sha256: string;
  files: ListedFile[];
}

/** `image/libraries.json`: the libraries of every reproducible image. */
export interface LibraryList {
  distribution: string;
  packages: ListedPackage[];
}

/** Read the list for one architecture. */
export async function readLibraryList(architecture: EifArchitecture): Promise<LibraryList> {
  const list = JSON.parse(await readFile(LIST, "utf8")) as Record<EifArchitecture, ListedPackage[]> & Omit<LibraryList, "packages">;
  return { distribution: list.distribution, packages: list[architecture] };
}

/** `debian libc6=2.36-9 amd64`, as manifests name where a library is from. */
export function originOfPackage({ name, version, architecture }: ListedPackage): string {
  return `debian ${name}=${version} ${architecture}`;
}

const LIST = path.join(import.meta.dirname, "../libraries.json");
