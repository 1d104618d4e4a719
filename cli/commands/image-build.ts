import { buildForeignImage, buildImage, nitroMeasurements, type Measurements } from "@caladrius/image";
import type { Arguments } from "../arguments.ts";
import { defaultPackagesFolder } from "../defaults.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, refuseExisting, writeWhole } from "../files.ts";
import { styled, type Terminal } from "../print.ts";

/** Builds our own image, or with --from somebody else's, and prints its measurements as nitro-cli does. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const out = args.text("out");
  const force = args.flag("force");
  if (!force) await refuseExisting(out);
  const built = await build(args, terminal);
  await writeWhole(out, built.eif, { force });

  const { bootable, placeholders, warnings } = built;
  const measured = { Measurements: nitroMeasurements(built.measurements) };
  terminal.object({ ...measured, image: out, bytes: built.eif.length, bootable, placeholders, warnings });
  for (const line of JSON.stringify(measured, null, 2).split("\n")) terminal.line(line);
  if (!terminal.isJson) {
    for (const sentence of [...placeholders, ...warnings]) terminal.note([styled("yellow", `warning: ${sentence}`)]);
    terminal.note(`wrote ${out} of ${(built.eif.length / 2 ** 20).toFixed(1)} MiB`);
  }
  return EXIT.ok;
}

interface Built {
  eif: Uint8Array;
  measurements: Measurements;
  bootable: boolean;
  placeholders: readonly string[];
  warnings: readonly string[];
}

async function build(args: Arguments, terminal: Terminal): Promise<Built> {
  const from = args.optional("from");
  const init = await part(args, "init");
  const kernel = await part(args, "kernel");
  const nsmModule = await part(args, "nsm-module");
  const cmdline = args.optional("cmdline");
  const options = {
    ...(kernel === null ? {} : { kernel }),
    ...(nsmModule === null ? {} : { nsmModule }),
    ...(cmdline === null ? {} : { cmdline }),
    onProgress: (step: string): void => terminal.progress(`image: ${step}`),
  };
  if (from !== null) {
    if (init === null)
      throw new UsageError(
        "--from needs --init FILE",
        "give the init that starts this program: AWS's lies in the package aws-nitro-enclaves-cli-devel",
      );
    return about(from, () => buildForeignImage({ ...options, from, init }));
  }
  const archives = args.many("archive");
  for (const archive of archives)
    if (!URL.canParse(archive)) throw new UsageError(`--archive ${JSON.stringify(archive)} is no URL`, "write it as https://HOST/debian/");
  const libraries = {
    folder: args.optional("packages") ?? defaultPackagesFolder(),
    fetch: !args.flag("offline"),
    ...(archives.length === 0 ? {} : { archives: archives.map((archive) => archive.replace(/\/*$/, "/")) }),
  };
  const image = await buildImage({ ...options, ...(init === null ? {} : { init }), libraries });
  return { ...image, warnings: image.manifest.unreproducible.map((reason) => `this image cannot be rebuilt elsewhere: ${reason}`) };
}

async function part(args: Arguments, name: string): Promise<Uint8Array | null> {
  const file = args.optional(name);
  return file === null ? null : readLimited(file, MAX_PART_BYTES);
}

const MAX_PART_BYTES = 256 * 2 ** 20;
