import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, realpathSync } from "node:fs";
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "@caladrius/wire";
import { buildImage, type Image } from "./build.ts";
import { measureApplication, measureEif } from "./eif/measure.ts";
import { applicationRamdisk } from "./ramdisk/application.ts";
import { directory, file, type CpioEntry } from "./ramdisk/entry.ts";
import { readCpio } from "./ramdisk/read.ts";

// Takes four minutes or more, and several GB: only where CALADRIUS_BUILDAH=1 asks for it.
const ROOT = path.join(import.meta.dirname, "..");
const BASE = "localhost/caladrius-test-base";
const npm = onPath("npm");
const able =
  process.env["CALADRIUS_BUILDAH"] === "1" &&
  process.getuid?.() === 0 &&
  npm !== null &&
  onPath("buildah") !== null &&
  onPath("mmdebstrap") !== null;

describe.skipIf(!able)("the Dockerfile, built (needs CALADRIUS_BUILDAH=1, root, buildah, mmdebstrap and npm 11)", () => {
  let folder: string;
  let image: Image;
  const built: Built[] = [];
  let measured: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "dockerfile-test-"));
    const context = await copyContext(folder);
    image = await buildImage();
    await makeBase(folder, context);
    for (const name of ["first", "second"]) built.push(await build(folder, context, name));
    await buildImageOf(folder, context, ["--target", "measurements", "-t", "measured"]);
    measured = await mounted(folder, "measured");
  }, 1_800_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("gives the same layers and the same image twice", () => {
    expect(built[0]?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(built[0]?.layers).toHaveLength(1);
    expect(built[1]).toEqual(built[0]);
  });

  it("gives the PCR2 of the build without it, by its files and its command as by its own word", () => {
    expect(image.manifest.unreproducible).toEqual([]);
    const pcr2 = toHex(image.measurements.pcr2);
    expect(built.map((one) => one.pcr2)).toEqual([pcr2, pcr2]);
    expect(JSON.parse(readFileSync(path.join(measured, "measurements.json"), "utf8"))).toMatchObject({ PCR2: pcr2 });
    expect(toHex(measureEif(readFileSync(path.join(measured, "caladrius.eif"))).pcr2)).toBe(pcr2);
  });

  it("compiles an init; PCR0 is that of the build without it where the compiler is the same", () => {
    const init = readFileSync(path.join(measured, "init"));
    expect(init.subarray(0, 4).toString("latin1")).toBe("\u007fELF");
    const here = readCpio(image.bootRamdisk).find((entry) => entry.path === "init");
    const { pcr0 } = measureEif(readFileSync(path.join(measured, "caladrius.eif")));
    expect(toHex(pcr0) === toHex(image.measurements.pcr0)).toBe(init.equals(here?.data ?? new Uint8Array(0)));
  });
});

interface Built {
  id: string;
  layers: string[];
  pcr2: string;
}

async function build(folder: string, context: string, name: string): Promise<Built> {
  await buildImageOf(folder, context, ["-t", name]);
  const inspected = JSON.parse(await buildah(folder, ["inspect", "--type", "image", name])) as Inspected;
  const { config, rootfs } = inspected.OCIv1;
  const cmd = config.Cmd;
  // A base of nothing has no PATH, and buildah adds one.
  const env = config.Env.filter((entry) => !entry.startsWith("PATH="));
  const ramdisk = applicationRamdisk({ rootfs: await entriesOf(await mounted(folder, name)), cmd, env });
  return { id: inspected.FromImageID, layers: rootfs.diff_ids, pcr2: toHex(measureApplication([ramdisk])) };
}

interface Inspected {
  FromImageID: string;
  OCIv1: { config: { Cmd: string[]; Env: string[] }; rootfs: { diff_ids: string[] } };
}

/** Without anything kept from an earlier build, and without a network. */
async function buildImageOf(folder: string, context: string, args: readonly string[]): Promise<void> {
  const options = ["build", "--isolation", "chroot", "--timestamp", "0", "--no-cache", "--build-arg", `BASE=${BASE}`];
  await buildah(folder, [...options, ...args, context], ["unshare", "--net"]);
}

/** All that lies in a folder. */
async function entriesOf(folder: string): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const { mode } = await stat(path.join(folder, name));
    const isFolder = (await lstat(path.join(folder, name))).isDirectory();
    if (!isFolder) entries.push(file(name, await readFile(path.join(folder, name)), (mode & 0o7777) as 0o644));
    else entries.push({ ...directory(name), mode: mode & 0o7777 });
  }
  return entries;
}

/** What git would give, of this working tree. */
async function copyContext(folder: string): Promise<string> {
  const context = path.join(folder, "context");
  const dockerfile = readFileSync(path.join(ROOT, "Dockerfile"), "utf8");
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap((match) => match[1]?.split(" ") ?? []);
  for (const name of ["Dockerfile", ".dockerignore", ...copied]) {
    await cp(path.join(ROOT, name), path.join(context, name), {
      recursive: true,
      filter: (file) => !/\/(?:vectors|node_modules)$/.test(file),
    });
  }
  return context;
}

/**
 * A Debian 12 with a C compiler and npm, as the default base has them. npm finds every package of the lock file in a cache
 * that npm itself fills here, so that the two builds need no network; it checks each against the lock file all the same.
 */
async function makeBase(folder: string, context: string): Promise<void> {
  const base = path.join(folder, "base");
  await mkdir(base);
  const run = promisify(execFile);
  const tar = path.join(base, "debian.tar");
  await run("mmdebstrap", ["--mode=root", "--variant=minbase", "--include=gcc,libc6-dev,libstdc++6", "bookworm", tar]);
  const install = path.join(folder, "install");
  await cp(context, install, { recursive: true, filter: (file) => file === context || !file.endsWith(".ts") });
  const fill = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", path.join(base, "npm-cache")];
  await run(npm ?? "npm", fill, { cwd: install });
  await rm(install, { recursive: true });
  await cp(path.dirname(path.dirname(realpathSync(npm ?? ""))), path.join(base, "npm"), { recursive: true });
  await cp(path.join(ROOT, `node_modules/node-linux-${process.arch}/bin/node`), path.join(base, "node"));
  const lines = [
    "FROM scratch",
    "ADD debian.tar /",
    "COPY node /usr/local/bin/node",
    "COPY npm /usr/local/lib/node_modules/npm",
    "COPY npm-cache /npm-cache",
    "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
    "ENV npm_config_cache=/npm-cache npm_config_offline=true npm_config_audit=false",
  ];
  await writeFile(path.join(base, "Dockerfile"), `${lines.join("\n")}\n`);
  await buildah(folder, ["build", "--isolation", "chroot", "-t", BASE, base]);
}

async function mounted(folder: string, image: string): Promise<string> {
  const container = (await buildah(folder, ["from", `localhost/${image}`])).trim();
  return (await buildah(folder, ["mount", container])).trim();
}

/** With a store of its own, which goes with the folder. */
async function buildah(folder: string, args: readonly string[], within: readonly string[] = []): Promise<string> {
  const store = ["--storage-driver", "vfs", "--root", path.join(folder, "store"), "--runroot", path.join(folder, "run")];
  const { stdout } = await promisify(execFile)("env", [...within, "buildah", ...store, ...args], { maxBuffer: 64 << 20 });
  return stdout;
}

function onPath(program: string): string | null {
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    const file = path.join(folder, program);
    try {
      if (!existsSync(file)) continue;
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not one that can be run
    }
  }
  return null;
}
