import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { chooseLibraries } from "./application/libraries.ts";
import { findNode } from "./application/node.ts";
import { buildImage } from "./build.ts";
import { nitroMeasurements } from "./eif/measure.ts";
import { readCpio } from "./ramdisk/read.ts";
import { unpackEntries } from "./ramdisk/unpack.ts";

// What the Dockerfile runs: build the image and lay out its parts in the folder that is named on the command line.
// With --fetch-only it fetches the packages of libraries.json that the base's own libraries differ from, and ends.
// With --strict it fails where another machine would not get the same bytes, or where no init can be compiled.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { packages: { type: "string" }, "fetch-only": { type: "boolean" }, strict: { type: "boolean" } },
});
const packages = values.packages === undefined ? {} : { folder: values.packages };
if (values["fetch-only"] === true) await fetchPackages();
else await exportImage(path.resolve(positionals[0] ?? "image-out"));

async function fetchPackages(): Promise<void> {
  if (packages.folder !== undefined) await mkdir(packages.folder, { recursive: true });
  const node = await findNode(path.join(import.meta.dirname, ".."));
  const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
  const { unreproducible } = await chooseLibraries(node, architecture, {
    ...packages,
    fetch: true,
    onProgress: (step) => console.log(step),
  });
  complain(unreproducible);
}

async function exportImage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const image = await buildImage({ libraries: packages, onProgress: (step) => console.log(step) });
  await unpackEntries(readCpio(image.applicationRamdisk), folder);
  await writeFile(path.join(folder, "caladrius.eif"), image.eif);
  const init = readCpio(image.bootRamdisk).find((entry) => entry.path === "init");
  await writeFile(path.join(folder, "init"), init?.data ?? new Uint8Array(0), { mode: 0o755 });
  const measurements = nitroMeasurements(image.measurements);
  await writeFile(path.join(folder, "measurements.json"), `${JSON.stringify(measurements, null, 1)}\n`);
  for (const sentence of image.placeholders) console.log(sentence);
  console.log(`PCR2 ${measurements["PCR2"]}`);
  complain([...image.manifest.unreproducible, ...image.placeholders.filter((sentence) => sentence.startsWith("init: "))]);
}

function complain(sentences: readonly string[]): void {
  for (const sentence of sentences) console.error(`not what others build: ${sentence}`);
  if (values.strict === true && sentences.length > 0) process.exitCode = 1;
}
