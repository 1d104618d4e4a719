import type { EifArchitecture } from "./eif/layout.ts";
import type { Measurements } from "./eif/measure.ts";
import { measureParts } from "./eif/measure.ts";
import { encodeMetadata, FIXED_BUILD_TIME } from "./eif/metadata.ts";
import { readEif, type Eif } from "./eif/read.ts";
import { writeEif } from "./eif/write.ts";
import { bootRamdisk } from "./ramdisk/boot.ts";

/** The parts of any image that is built here. */
export interface ImageParts {
  architecture: EifArchitecture;
  /** Without one a placeholder stands for it. */
  kernel: Uint8Array | undefined;
  /** nitro-cli's own where none is given; white space around it is dropped, as nitro-cli does. */
  cmdline: string | undefined;
  init: Uint8Array;
  /** `nsm.ko`, for kernels that have the NSM driver as a module. */
  nsmModule: Uint8Array | undefined;
  applicationRamdisk: Uint8Array;
  /** A label in the metadata, which nothing measures. */
  name: string;
  version: string;
}

/** An image and what it measures. */
export interface Assembled {
  eif: Uint8Array;
  measurements: Measurements;
}

/**
 * Put the parts into an EIF: the same parts give the same bytes, whoever builds, wherever and whenever.
 * `placeholders` gets a sentence when there is no kernel.
 */
export function assembleImage(parts: ImageParts, placeholders: string[], progress: (step: string) => void): Assembled {
  progress("eif");
  const { architecture } = parts;
  if (parts.kernel === undefined) placeholders.push(NO_KERNEL);
  const eif = writeEif({
    architecture,
    kernel: parts.kernel ?? placeholder("kernel"),
    cmdline: cmdlineOf(parts.cmdline, architecture),
    metadata: encodeMetadata({ ...METADATA, imageName: parts.name, imageVersion: parts.version }),
    ramdisks: [bootRamdisk(parts.init, parts.nsmModule ?? null), parts.applicationRamdisk],
  });
  progress("measure");
  return { eif, measurements: { ...measureParts(readEif(eif)), pcr8: null } };
}

/** The sentence about an image whose kernel is a placeholder, null for one with another kernel. */
export function kernelPlaceholderOf({ kernel }: Pick<Eif, "kernel">): string | null {
  return Buffer.compare(kernel, placeholder("kernel")) === 0 ? NO_KERNEL : null;
}

/** The command line as it is measured. */
export function cmdlineOf(given: string | undefined, architecture: EifArchitecture): Uint8Array {
  return new TextEncoder().encode((given ?? CMDLINE[architecture]).trim());
}

/** What stands where a part should be: it names itself, and nothing boots from it. */
export function placeholder(part: string): Uint8Array {
  return new TextEncoder().encode(`CALADRIUS PLACEHOLDER: no ${part} was given to the builder; this image does not boot.\n`);
}

const NO_KERNEL = "kernel: none was given, so this image cannot boot on hardware and its PCR0 and PCR1 are its own";

/** The processor of this machine. */
export const HERE: EifArchitecture = process.arch === "arm64" ? "aarch64" : "x86_64";

// nitro-cli's command lines, without the newline of the files they lie in.
const CMDLINE: Readonly<Record<EifArchitecture, string>> = {
  x86_64: "reboot=k panic=30 pci=off nomodules console=ttyS0 i8042.noaux i8042.nomux i8042.nopnp i8042.dumbkbd random.trust_cpu=on",
  aarch64: "reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on root=/dev/ram0",
};

const METADATA = {
  buildTime: FIXED_BUILD_TIME,
  buildTool: "@caladrius/image",
  buildToolVersion: "0.1.0",
  operatingSystem: "Linux",
  kernelVersion: "as given",
};
