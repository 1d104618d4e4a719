import {
  ImageError,
  memoryNeeded,
  nitroMeasurements,
  readCpio,
  readEif,
  type CpioEntry,
  type MeasuredEif,
  type MemoryNeeded,
} from "@caladrius/image";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { measureFile, readImage, signerOf, signerSentence, type SignerFacts } from "../image-file.ts";
import { styled, type Terminal } from "../print.ts";

/** One ramdisk as far as it can be read. */
interface Ramdisk {
  bytes: number;
  /** null where it is not an archive that is read, `reason` tells why */
  files: readonly CpioEntry[] | null;
  reason: string | null;
}

/** Shows what an image file holds, whether signed and by whom, and what memory it needs. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  terminal.progress(`reading ${file}`, true);
  const bytes = await readImage(file);
  const image = await measureFile(file, terminal);
  const parts = await about(file, () => readEif(bytes));
  const ramdisks = parts.ramdisks.map(openRamdisk);
  const signer = image.signature === null ? null : signerOf(image.signature);
  const memory = memoryNeeded(image.bytes, parts.ramdisks);
  terminal.object({
    file,
    bytes: image.bytes,
    architecture: image.architecture,
    sections: image.sections,
    metadata: image.metadata,
    Measurements: nitroMeasurements(image.measurements),
    signature: signer,
    ramdisks: ramdisks.map(({ bytes: length, files, reason }) => ({ bytes: length, reason, files: files?.map(fileObject) ?? null })),
    memory,
  });
  tell(file, image, ramdisks, signer, memory, terminal);
  return EXIT.ok;
}

function openRamdisk(bytes: Uint8Array): Ramdisk {
  try {
    return { bytes: bytes.length, files: readCpio(bytes), reason: null };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { bytes: bytes.length, files: null, reason: `${error.message} (${error.code})` };
  }
}

function fileObject({ kind, path, mode, data }: CpioEntry): Readonly<Record<string, unknown>> {
  return { path, kind, mode: mode.toString(8).padStart(4, "0"), bytes: data.length };
}

function tell(
  file: string,
  image: MeasuredEif,
  ramdisks: readonly Ramdisk[],
  signer: SignerFacts | null,
  memory: MemoryNeeded,
  terminal: Terminal,
): void {
  const { metadata } = image;
  terminal.line(`${file}: EIF version 4 for ${image.architecture}, ${image.bytes} bytes, the checksum fits`);
  terminal.line();
  terminal.table([
    ["section", "offset", "bytes", ""],
    ...image.sections.map((one) => [one.kind, String(one.offset), String(one.bytes), purpose(image, one)]),
  ]);
  terminal.line();
  terminal.table([
    ...Object.entries(nitroMeasurements(image.measurements)).filter(([name]) => name.startsWith("PCR")),
    ["signature", signer === null ? "none" : signerSentence(signer)],
    ["name", `${metadata.imageName} ${metadata.imageVersion}`],
    [
      "built",
      `${metadata.buildTime} by ${metadata.buildTool} ${metadata.buildToolVersion}, ${metadata.operatingSystem} ${metadata.kernelVersion}`,
    ],
    [
      "memory",
      `at least ${mebibytes(memory.nitroBytes)} on Nitro (nitro-cli demands 4 x the file), about ${mebibytes(memory.qemuBytes)} in QEMU`,
    ],
  ]);
  terminal.line("Name and build are a label that nothing measures.");
  for (const [i, { bytes, files, reason }] of ramdisks.entries()) {
    terminal.line();
    terminal.line(
      `ramdisk ${i + 1}, ${i === 0 ? "boot" : "application"}: ${bytes} bytes${reason === null ? "" : `, its files are not listed: ${reason}`}`,
    );
    if (bytes % 4 !== 0 && i + 1 < ramdisks.length)
      terminal.line([styled("yellow", "its length is no multiple of 4: the kernel loses the ramdisk after it, though it is measured")]);
    const shown = files?.filter(({ kind }) => kind !== "directory") ?? [];
    terminal.table(
      shown.map(({ kind, path, mode, data }) => [
        mode.toString(8).padStart(4, "0"),
        String(data.length),
        kind === "symlink" ? `${path} -> ${Buffer.from(data).toString()}` : path,
      ]),
      "  ",
    );
  }
}

function purpose(image: MeasuredEif, section: MeasuredEif["sections"][number]): string {
  if (section.kind === "kernel" || section.kind === "cmdline") return "PCR0, PCR1";
  if (section.kind === "signature") return "its certificate: PCR8";
  if (section.kind === "metadata") return "not measured";
  return image.sections.find(({ kind }) => kind === "ramdisk") === section ? "PCR0, PCR1" : "PCR0, PCR2";
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
