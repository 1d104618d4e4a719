import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildApplication } from "./build.ts";
import { chooseLibraries } from "./libraries.ts";
import type { LibraryList, ListedPackage } from "./library-list.ts";
import { readLibraryList } from "./library-list.ts";
import type { NodeBinary, SystemLibrary } from "./node.ts";
import { findLibraries, findNode } from "./node.ts";

const ARCHITECTURE = process.arch === "arm64" ? "aarch64" : "x86_64";
const ROOT = path.join(import.meta.dirname, "../..");
const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
const hasDpkg = existsSync("/usr/bin/dpkg-deb");

let node: NodeBinary;
let machine: SystemLibrary[];
let folder: string;
beforeAll(async () => {
  node = await findNode(ROOT);
  machine = await findLibraries(node.file);
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "libraries-test-"));
  return () => rm(folder, { recursive: true, force: true });
});

/** A list with all that Node needs, one package a library; those in `other` have bytes that this machine has not. */
function listOf(other: readonly string[] = [], change: Partial<LibraryList> = {}): LibraryList {
  const packages = machine.map((library): ListedPackage => {
    const name = path
      .basename(library.path)
      .toLowerCase()
      .replaceAll(/[^a-z0-9.+-]/g, "-");
    const digest = other.includes(path.basename(library.path)) ? sha256(otherBytes(name)) : library.sha256;
    const file = { path: library.path, member: `usr/lib/${name}`, sha256: digest };
    return { name, version: "1.0-1", architecture: "all", file: `pool/${name}_1.0-1_all.deb`, sha256: sha256(""), files: [file] };
  });
  return { distribution: "test", packages, ...change };
}

const otherBytes = (name: string): string => `other bytes of ${name}`;

/** Makes the package, and enters its digest into the list. */
function packageFor(list: LibraryList, soname: string, into: string, content?: string): string {
  const listed = list.packages.find(({ files }) => path.basename(files[0]?.path ?? "") === soname);
  if (listed === undefined) throw new Error(`${soname} is not listed`);
  const build = path.join(into, "build");
  mkdirSync(path.join(build, "DEBIAN"), { recursive: true });
  mkdirSync(path.join(build, "usr/lib"), { recursive: true });
  writeFileSync(
    path.join(build, "DEBIAN/control"),
    `Package: ${listed.name}\nVersion: 1.0-1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: test\n`,
  );
  writeFileSync(path.join(build, "usr/lib", listed.name), content ?? otherBytes(listed.name));
  const deb = path.join(into, path.basename(listed.file));
  execFileSync("dpkg-deb", ["--root-owner-group", "-b", build, deb], { stdio: "ignore" });
  rmSync(build, { recursive: true });
  listed.sha256 = sha256(readFileSync(deb));
  return deb;
}

describe("image/libraries.json", () => {
  it.each(["x86_64", "aarch64"] as const)("names packages, and every library that Node needs, by SHA-256 (%s)", async (architecture) => {
    const { packages } = await readLibraryList(architecture);
    for (const { name, version, architecture: debian, file, sha256: digest, files } of packages) {
      expect(path.basename(file)).toBe(`${name}_${version}_${debian}.deb`);
      expect(debian).toBe(architecture === "aarch64" ? "arm64" : "amd64");
      for (const value of [digest, ...files.map((entry) => entry.sha256)]) expect(value).toMatch(/^[0-9a-f]{64}$/);
    }
    const names = packages.flatMap(({ files }) => files.map((file) => path.basename(file.path)));
    const needed = machine.map((library) => path.basename(library.path)).map((name) => (name.startsWith("ld-linux") ? "ld-linux" : name));
    expect(names.map((name) => (name.startsWith("ld-linux") ? "ld-linux" : name)).toSorted()).toEqual(needed.toSorted());
  });
});

describe("chooseLibraries", () => {
  it("takes this machine's where all are equal, under the listed origin", async () => {
    const { libraries, unreproducible } = await chooseLibraries(node, ARCHITECTURE, { list: listOf() });
    expect(unreproducible).toEqual([]);
    expect(libraries.map(({ path: place, file, sha256: digest }) => ({ place, file, digest }))).toEqual(
      machine.map(({ path: place, file, sha256: digest }) => ({ place, file, digest })),
    );
    expect(libraries.find((library) => library.path.endsWith("libm.so.6"))?.origin).toBe("debian libm.so.6=1.0-1 all");
  });

  it("takes none of the list's where one cannot be had, and says which", async () => {
    const list = listOf(["libm.so.6"]);
    for (const [given, why] of [
      [{}, "no folder with the package was given"],
      [{ folder }, "the package is not in the folder"],
      [{ folder, fetch: true, archives: [] }, "the package could not be fetched"],
    ] as const) {
      const { libraries, unreproducible } = await chooseLibraries(node, ARCHITECTURE, { list, ...given });
      expect(unreproducible).toEqual([`libm.so.6=1.0-1 all of image/libraries.json: this machine has other files, and ${why}`]);
      expect(libraries.map(({ file, sha256: digest }) => ({ file, digest }))).toEqual(
        machine.map(({ file, sha256: digest }) => ({ file, digest })),
      );
      expect(libraries.filter(({ origin }) => /=1\.0-1/.test(origin))).toEqual([]);
    }
  });

  it("says when Node needs a library that the list lacks", async () => {
    const list = listOf();
    list.packages = list.packages.filter(({ name }) => name !== "libm.so.6");
    const { libraries, unreproducible } = await chooseLibraries(node, ARCHITECTURE, { list });
    expect(unreproducible).toEqual(["libm.so.6: image/libraries.json does not name it"]);
    expect(libraries).toHaveLength(machine.length);
  });

  describe.skipIf(!hasDpkg)("with packages (needs dpkg-deb)", () => {
    it("takes out the listed files, keeps them, and needs the package no more", async () => {
      const list = listOf(["libm.so.6", "libdl.so.2"]);
      for (const soname of ["libm.so.6", "libdl.so.2"]) packageFor(list, soname, folder);
      const first = await chooseLibraries(node, ARCHITECTURE, { list, folder });
      expect(first.unreproducible).toEqual([]);
      expect(first.libraries.map((library) => library.path)).toEqual(machine.map((library) => library.path));
      const libm = first.libraries.find((library) => library.path.endsWith("libm.so.6"));
      expect([libm?.origin, readFileSync(libm?.file ?? "", "utf8")]).toEqual(["debian libm.so.6=1.0-1 all", otherBytes("libm.so.6")]);
      for (const name of readdirSync(folder)) if (name.endsWith(".deb")) rmSync(path.join(folder, name));
      expect(await chooseLibraries(node, ARCHITECTURE, { list, folder })).toEqual(first);
      writeFileSync(libm?.file ?? "", "damaged");
      expect((await chooseLibraries(node, ARCHITECTURE, { list, folder })).unreproducible).toHaveLength(1);
    });

    it("refuses a package of another digest, and a package whose file is another", async () => {
      const list = listOf(["libm.so.6"]);
      const deb = packageFor(list, "libm.so.6", folder, "neither");
      await expect(chooseLibraries(node, ARCHITECTURE, { list, folder })).rejects.toMatchObject({ code: "library-package" });
      packageFor(list, "libm.so.6", folder);
      writeFileSync(deb, "not a package");
      await expect(chooseLibraries(node, ARCHITECTURE, { list, folder })).rejects.toMatchObject({ code: "library-package" });
    });

    describe("and a network", () => {
      let server: Server;
      let asked: string[];
      let answer: Uint8Array;
      beforeAll(async () => {
        server = createServer((request, response) => {
          asked.push(request.url ?? "");
          if (request.url?.startsWith("/gone/") === true) response.writeHead(404).end();
          else if (request.url?.startsWith("/endless/") === true) endless(response);
          else response.end(request.url?.startsWith("/other/") === true ? "other bytes" : answer);
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      });
      beforeEach(() => {
        asked = [];
      });
      afterAll(() => new Promise((resolve) => server.close(resolve)));

      it("fetches from the first archive that has the very bytes, once, and only when allowed", async () => {
        const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const list = listOf(["libm.so.6"]);
        const archives = [`${base}/gone/`, `${base}/other/`, `${base}/good/`];
        const deb = packageFor(list, "libm.so.6", folder);
        answer = readFileSync(deb);
        rmSync(deb);
        expect((await chooseLibraries(node, ARCHITECTURE, { list, folder })).unreproducible).toHaveLength(1);
        expect(asked).toEqual([]);
        const steps: string[] = [];
        const options = { list, folder, fetch: true, archives, onProgress: (step: string) => steps.push(step) };
        expect((await chooseLibraries(node, ARCHITECTURE, options)).unreproducible).toEqual([]);
        const name = "pool/libm.so.6_1.0-1_all.deb";
        expect(asked).toEqual([`/gone/${name}`, `/other/${name}`, `/good/${name}`]);
        expect(steps).toEqual(["fetch libm.so.6_1.0-1_all.deb"]);
        expect(readFileSync(deb)).toEqual(Buffer.from(answer));
        await chooseLibraries(node, ARCHITECTURE, options);
        expect(asked).toHaveLength(3);
      });

      it("reads no answer to the end that has none", async () => {
        const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const list = listOf(["libm.so.6"]);
        const archives = [`${base}/endless/`];
        const { unreproducible } = await chooseLibraries(node, ARCHITECTURE, { list, folder, fetch: true, archives });
        expect(unreproducible).toEqual([expect.stringContaining("the package could not be fetched")]);
      });

      it("takes nothing from archives that have other bytes", async () => {
        const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const list = listOf(["libm.so.6"]);
        const archives = [`${base}/other/`];
        const { unreproducible } = await chooseLibraries(node, ARCHITECTURE, { list, folder, fetch: true, archives });
        expect(unreproducible).toEqual([expect.stringContaining("the package could not be fetched")]);
        expect(readdirSync(folder)).toEqual([]);
      });
    });
  });
});

describe("buildApplication", () => {
  it("refuses a library that changed after it was chosen", async () => {
    const file = path.join(folder, "library");
    writeFileSync(file, "other");
    const library = { path: "lib/libx.so.1", file, sha256: sha256("one"), origin: "system" };
    const bundle = { code: new Uint8Array(1), files: [], inputs: [] };
    await expect(
      buildApplication({ architecture: "x86_64", bundle, node: { file, origin: "npm" }, libraries: [library], unreproducible: [] }),
    ).rejects.toMatchObject({ code: "library-package" });
  });

  it("writes into the manifest why an image is not reproducible", async () => {
    const file = path.join(folder, "library");
    writeFileSync(file, "one");
    const library = { path: "lib/libx.so.1", file, sha256: sha256("one"), origin: "system" };
    const bundle = { code: new Uint8Array(1), files: [], inputs: [] };
    const inputs = { architecture: "x86_64", bundle, node: { file, origin: "npm" }, libraries: [library] } as const;
    const { manifest, ramdisk } = await buildApplication({ ...inputs, unreproducible: ["the reason"] });
    expect(manifest.unreproducible).toEqual(["the reason"]);
    expect(Buffer.from(ramdisk).includes('"the reason"')).toBe(true);
  });
});

/** Goes on until whoever asked has enough of it. */
function endless(response: ServerResponse): void {
  const block = Buffer.alloc(2 ** 20);
  const more = (): void => {
    while (!response.destroyed && response.write(block));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}
