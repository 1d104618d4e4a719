import path from "node:path";
import { bundleProgram } from "./application/bundle.ts";
import { buildApplication } from "./application/build.ts";
import type { Manifest } from "./application/manifest.ts";
import type { LibraryOptions } from "./application/libraries.ts";
import { chooseLibraries } from "./application/libraries.ts";
import { findNode } from "./application/node.ts";
import { assembleImage, cmdlineOf, HERE, placeholder } from "./assemble.ts";
import { compileInit } from "./boot/compile.ts";
import { openImageCache } from "./cache.ts";
import type { Measurements } from "./eif/measure.ts";
import { readEif } from "./eif/read.ts";
import { requireOwnInit } from "./own-init.ts";

/** A built image. The ramdisks are views into `eif`. */
export interface Image {
  eif: Uint8Array;
  bootRamdisk: Uint8Array;
  applicationRamdisk: Uint8Array;
  measurements: Measurements;
  /** Whether kernel and init are real, so that Nitro hardware could start it. */
  bootable: boolean;
  /** One sentence for each part that a placeholder stands for; PCR0 and PCR1 then are no shipped image's. */
  placeholders: string[];
  manifest: Manifest;
}

/** What a caller may choose; nothing here but the libraries of another machine changes PCR2. */
export interface BuildOptions {
  /** A bzImage (x86_64) or Image (aarch64) with the options of NitroEnclaves; else a placeholder. */
  kernel?: Uint8Array;
  /** A static process 1 that serves our sockets; else compiled from `boot/init.c`, else a placeholder. */
  init?: Uint8Array;
  /** `nsm.ko`, for kernels that have the NSM driver as a module. */
  nsmModule?: Uint8Array;
  /** Kernel command line; white space around it is dropped, as nitro-cli does. AWS's own by default. */
  cmdline?: string;
  /** Where the libraries of `image/libraries.json` may come from; else from this machine, and `manifest.unreproducible` says why. */
  libraries?: Pick<LibraryOptions, "folder" | "fetch">;
  /** Keep built images here, by the digest of their inputs. Nothing is kept by default. */
  cacheDir?: string;
  /** Told the name of each step as it begins. */
  onProgress?: (step: string) => void;
  /** The program, below the repository; for tests of the builder. */
  entry?: string;
}

/**
 * Build the enclave's image: the same sources, packages and libraries give the same bytes on any machine.
 * @throws ImageError `bundle-…`, `library-package`; ConfigurationError `node-package-missing`, `libraries-missing`, `init-not-ours`
 */
export async function buildImage(options: BuildOptions = {}): Promise<Image> {
  const progress = options.onProgress ?? ((): void => undefined);
  if (options.init !== undefined) requireOwnInit(options.init);
  progress("bundle");
  const bundle = await bundleProgram(ROOT, options.entry ?? path.join(ROOT, "enclave/main.ts"));
  const node = await findNode(ROOT);
  const inputs = {
    architecture: HERE,
    bundle,
    node,
    ...(await chooseLibraries(node, HERE, { ...options.libraries, onProgress: progress })),
  };
  const cmdline = cmdlineOf(options.cmdline, HERE);
  const cache = options.cacheDir === undefined ? null : await openImageCache(options.cacheDir, { ...options, ...inputs, cmdline });
  const kept = await cache?.read();
  if (kept !== undefined && kept !== null) {
    progress("cached");
    return imageOf(kept.eif, kept.measurements, kept.manifest, kept.placeholders);
  }

  const placeholders: string[] = [];
  progress("init");
  const init = options.init ?? (await initOrPlaceholder(placeholders));
  progress("application");
  const application = await buildApplication(inputs);
  const { eif, measurements } = assembleImage(
    {
      architecture: HERE,
      kernel: options.kernel,
      cmdline: options.cmdline,
      init,
      nsmModule: options.nsmModule,
      applicationRamdisk: application.ramdisk,
      name: "caladrius",
      version: "0.1.0",
    },
    placeholders,
    progress,
  );
  await cache?.write({ eif, measurements, manifest: application.manifest, placeholders });
  return imageOf(eif, measurements, application.manifest, placeholders);
}

function imageOf(eif: Uint8Array, measurements: Measurements, manifest: Manifest, placeholders: string[]): Image {
  const [boot, application] = readEif(eif).ramdisks;
  return {
    eif,
    bootRamdisk: boot ?? new Uint8Array(0),
    applicationRamdisk: application ?? new Uint8Array(0),
    measurements,
    bootable: placeholders.length === 0,
    placeholders,
    manifest,
  };
}

async function initOrPlaceholder(placeholders: string[]): Promise<Uint8Array> {
  const compiled = await compileInit();
  if (compiled.init !== null) return compiled.init;
  placeholders.push(`init: ${compiled.reason}, so this image cannot boot on hardware and its PCR0 and PCR1 are its own`);
  return placeholder("init");
}

const ROOT = path.join(import.meta.dirname, "..");
