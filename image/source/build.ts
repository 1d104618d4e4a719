import { createHash } from "node:crypto";
import type { Assembled } from "../assemble.ts";
import { assembleImage, HERE } from "../assemble.ts";
import { applicationRamdisk } from "../ramdisk/application.ts";
import type { Source } from "./read.ts";
import { readSource } from "./read.ts";

/** What a caller gives to build somebody else's program into an image. */
export interface ForeignOptions {
  /** A `docker save` archive, an OCI layout or archive, or a folder with `rootfs/` and `cmd`. */
  from: string;
  /** Process 1, such as AWS's: it has to do what `cmd` and `env` of that program need. */
  init: Uint8Array;
  /** A bzImage (x86_64) or Image (aarch64) with the options of NitroEnclaves; else a placeholder. */
  kernel?: Uint8Array;
  /** `nsm.ko`, for kernels that have the NSM driver as a module. */
  nsmModule?: Uint8Array;
  /** Kernel command line; AWS's own by default. */
  cmdline?: string;
  /** Told the name of each step as it begins. */
  onProgress?: (step: string) => void;
}

/** An image of somebody else's program. */
export interface ForeignImage extends Assembled {
  /** Whether the kernel is real. */
  bootable: boolean;
  /** One sentence for each part that a placeholder stands for. */
  placeholders: string[];
  /** One sentence for each thing that the source asks for and the image does not have. */
  warnings: readonly string[];
  form: Source["form"];
}

/**
 * Build somebody's container image or folder into an EIF of nitro-cli's shape.
 *
 * Files keep their content and permission bits, all belong to root, and have no times and no extended attributes; entries
 * are sorted. So one source in any of its forms gives the same bytes, and another PCR2 than nitro-cli, which keeps times.
 * @throws ImageError `source-…`, `tar-…`, `layer-…`, `cpio-…`, `argument-newline`
 */
export async function buildForeignImage(options: ForeignOptions): Promise<ForeignImage> {
  const progress = options.onProgress ?? ((): void => undefined);
  progress("source");
  const { form, rootfs, cmd, env, warnings } = await readSource(options.from, HERE);
  progress("application");
  const ramdisk = applicationRamdisk({ rootfs, cmd, env });
  const placeholders: string[] = [];
  const assembled = assembleImage(
    {
      architecture: HERE,
      kernel: options.kernel,
      cmdline: options.cmdline,
      init: options.init,
      nsmModule: options.nsmModule,
      applicationRamdisk: ramdisk,
      name: "foreign",
      version: `sha256:${createHash("sha256").update(ramdisk).digest("hex")}`,
    },
    placeholders,
    progress,
  );
  return { ...assembled, bootable: placeholders.length === 0, placeholders, warnings, form };
}
