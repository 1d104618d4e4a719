import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { toHex } from "@caladrius/wire";
import { buildImage } from "./build.ts";
import { readCpio } from "./ramdisk/read.ts";
import { unpackEntries } from "./ramdisk/unpack.ts";

// What the Dockerfile runs: build the image and lay out its parts in the folder that is named on the command line.
const folder = path.resolve(process.argv[2] ?? "image-out");
await mkdir(folder, { recursive: true });
const image = await buildImage({ onProgress: (step) => console.log(step) });
await unpackEntries(readCpio(image.applicationRamdisk), folder);
await writeFile(path.join(folder, "caladrius.eif"), image.eif);
const { pcr0, pcr1, pcr2 } = image.measurements;
// nitro-cli's spelling of measurements.
const measurements = { HashAlgorithm: "Sha384 { ... }", PCR0: toHex(pcr0), PCR1: toHex(pcr1), PCR2: toHex(pcr2) };
await writeFile(path.join(folder, "measurements.json"), `${JSON.stringify(measurements, null, 1)}\n`);
for (const sentence of image.placeholders) console.log(sentence);
console.log(`PCR2 ${measurements.PCR2}`);
