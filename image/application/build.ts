import { readFile } from "node:fs/promises";
import { ImageError } from "../errors.ts";
import { applicationRamdisk } from "../ramdisk/application.ts";
import type { CpioEntry } from "../ramdisk/entry.ts";
import { file } from "../ramdisk/entry.ts";
import type { Bundle } from "./bundle.ts";
import { COMMAND, ENVIRONMENT } from "./command.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { encodeManifest, manifestFile } from "./manifest.ts";
import type { NodeBinary, SystemLibrary } from "./node.ts";

/** The application ramdisk and what is in it. */
export interface Application {
  ramdisk: Uint8Array;
  manifest: Manifest;
}

/** Everything that goes into the application ramdisk. */
export interface ApplicationInputs {
  architecture: "x86_64" | "aarch64";
  bundle: Bundle;
  node: NodeBinary;
  libraries: readonly SystemLibrary[];
  /** Why `libraries` are not those of `image/libraries.json`; empty when they are. */
  unreproducible: readonly string[];
}

/**
 * Put Node, its libraries, the program and the manifest into one ramdisk. No shell, no certificates, no keys.
 * @throws ImageError `library-package` when a library changed after it was chosen
 */
export async function buildApplication(inputs: ApplicationInputs): Promise<Application> {
  const rootfs: CpioEntry[] = [];
  const files: ManifestFile[] = [];
  const add = (path: string, data: Uint8Array, mode: 0o644 | 0o755, origin: string): void => {
    rootfs.push(file(path, data, mode));
    files.push(manifestFile(`/${path}`, data, origin));
  };
  add("usr/bin/node", await readFile(inputs.node.file), 0o755, inputs.node.origin);
  for (const library of inputs.libraries) {
    add(library.path, await readFile(library.file), 0o755, library.origin);
    if (files.at(-1)?.sha256 !== library.sha256) throw new ImageError("library-package", `${library.path} changed during the build`);
  }
  add("app/enclave.mjs", inputs.bundle.code, 0o644, "bundle");
  for (const { name, data, origin } of inputs.bundle.files) add(`app/${name}`, data, 0o644, origin);
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const manifest: Manifest = {
    version: 1,
    architecture: inputs.architecture,
    unreproducible: [...inputs.unreproducible],
    files,
    bundleInputs: inputs.bundle.inputs,
  };
  rootfs.push(file("app/manifest.json", encodeManifest(manifest)));
  return { ramdisk: applicationRamdisk({ rootfs, cmd: COMMAND, env: ENVIRONMENT }), manifest };
}
