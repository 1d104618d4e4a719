import { createHash } from "node:crypto";
import type { BundleInput } from "./bundle.ts";

/** One file of the image. */
export interface ManifestFile {
  /** Inside the running program's root: `/usr/bin/node`. */
  path: string;
  sha256: string;
  bytes: number;
  /** npm package, Debian package, `system`, or `bundle` for the program itself. */
  origin: string;
}

/** What is in an image and where it came from; lies in the image as `/app/manifest.json`, the one file it cannot list. */
export interface Manifest {
  version: 1;
  architecture: "x86_64" | "aarch64";
  files: ManifestFile[];
  /** Why another machine may not get these bytes, a sentence for each reason; empty in what may be released. */
  unreproducible: string[];
  /** What `/app/enclave.mjs` was bundled from. */
  bundleInputs: BundleInput[];
}

/** Describe one file. */
export function manifestFile(path: string, data: Uint8Array, origin: string): ManifestFile {
  return { path, sha256: createHash("sha256").update(data).digest("hex"), bytes: data.length, origin };
}

/** The manifest's bytes in the image; its fields are written in one order. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`);
}
