import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fromHex, toHex } from "@caladrius/wire";
import type { ApplicationInputs } from "./application/build.ts";
import { COMMAND, ENVIRONMENT } from "./application/command.ts";
import type { Manifest } from "./application/manifest.ts";
import { INIT_FLAGS, INIT_SOURCE } from "./boot/compile.ts";
import type { Measurements } from "./eif/measure.ts";
import { crcOf } from "./eif/read.ts";
import { EIF_LAYOUT } from "./eif/layout.ts";

/** A built image as it is kept. */
export interface KeptImage {
  eif: Uint8Array;
  measurements: Measurements;
  manifest: Manifest;
  placeholders: string[];
}

/** One place in the cache, for one set of inputs. */
export interface ImageCache {
  /** The image, or null when none is kept or what is kept is damaged. */
  read(): Promise<KeptImage | null>;
  write(image: KeptImage): Promise<void>;
}

/**
 * The place for an image of these inputs.
 *
 * The program and the libraries are named by their bytes; Node by path, size, inode and change time, since reading 120 MB
 * would cost as much as it saves. The folder belongs to whoever builds: a cache is no evidence of anything.
 */
export async function openImageCache(
  folder: string,
  inputs: ApplicationInputs & { cmdline: Uint8Array; kernel?: Uint8Array; init?: Uint8Array; nsmModule?: Uint8Array },
): Promise<ImageCache> {
  const key = createHash("sha256");
  const part = (label: string, value: Uint8Array | string): void => {
    key.update(`${label} ${value.length}\n`).update(value);
  };
  part("cache", CACHE_VERSION);
  part("command", JSON.stringify([COMMAND, ENVIRONMENT, INIT_FLAGS, inputs.architecture, inputs.node.origin]));
  part("bundle", inputs.bundle.code);
  for (const { name, data } of inputs.bundle.files) part(name, data);
  part("inputs", JSON.stringify(inputs.bundle.inputs));
  part("file", await identityOf(inputs.node.file));
  for (const { path: place, sha256, origin } of inputs.libraries) part("library", [place, sha256, origin].join(" "));
  part("unreproducible", JSON.stringify(inputs.unreproducible));
  part("cmdline", inputs.cmdline);
  part("init source", await readFile(INIT_SOURCE));
  part("compiler", await identityOf("/usr/bin/cc"));
  for (const name of ["kernel", "init", "nsmModule"] as const) part(name, inputs[name] ?? "none");
  const base = path.join(folder, key.digest("hex").slice(0, 32));

  return {
    read: async (): Promise<KeptImage | null> => {
      try {
        const { crc, measurements, ...rest } = JSON.parse(await readFile(`${base}.json`, "utf8")) as KeptDescription;
        const eif = await readFile(`${base}.eif`);
        if (eif.length < EIF_LAYOUT.headerBytes || crcOf(eif) !== crc) return null;
        const { pcr0, pcr1, pcr2 } = measurements;
        return { eif, ...rest, measurements: { pcr0: fromHex(pcr0), pcr1: fromHex(pcr1), pcr2: fromHex(pcr2), pcr8: null } };
      } catch {
        return null;
      }
    },
    write: async ({ eif, measurements, ...rest }: KeptImage): Promise<void> => {
      await mkdir(folder, { recursive: true });
      const { pcr0, pcr1, pcr2 } = measurements;
      const description: KeptDescription = {
        crc: crcOf(eif),
        ...rest,
        measurements: { pcr0: toHex(pcr0), pcr1: toHex(pcr1), pcr2: toHex(pcr2) },
      };
      await replace(`${base}.eif`, eif);
      await replace(`${base}.json`, JSON.stringify(description));
      await prune(folder, path.basename(base));
    },
  };
}

interface KeptDescription {
  crc: number;
  measurements: { pcr0: string; pcr1: string; pcr2: string };
  manifest: Manifest;
  placeholders: string[];
}

async function identityOf(file: string): Promise<string> {
  try {
    const { size, ino, dev, ctimeNs } = await stat(file, { bigint: true });
    return [file, size, dev, ino, ctimeNs].join(" ");
  } catch {
    return `${file} missing`;
  }
}

/** Write beside and rename, so that a reader never meets half a file. */
async function replace(file: string, data: Uint8Array | string): Promise<void> {
  const beside = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(beside, data, { mode: 0o600 });
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}

/** Every change of the program makes a new image of 130 MB: keep this one and the one before. */
async function prune(folder: string, current: string): Promise<void> {
  const kept: { name: string; mtimeMs: number }[] = [];
  for (const file of await readdir(folder)) {
    const name = /^([0-9a-f]{32})\.eif$/.exec(file)?.[1];
    if (name !== undefined && name !== current) kept.push({ name, mtimeMs: (await stat(path.join(folder, file))).mtimeMs });
  }
  for (const { name } of kept.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(1)) {
    await rm(path.join(folder, `${name}.json`), { force: true });
    await rm(path.join(folder, `${name}.eif`), { force: true });
  }
}

const CACHE_VERSION = "2";
