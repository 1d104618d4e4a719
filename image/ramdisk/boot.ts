import type { CpioEntry } from "./entry.ts";
import { directory, file } from "./entry.ts";
import { writeCpio } from "./write.ts";

/**
 * The boot ramdisk, which PCR1 measures together with kernel and command line: `dev`, `init` and, for kernels that
 * have it as a module, `nsm.ko`.
 */
export function bootRamdisk(init: Uint8Array, nsmModule: Uint8Array | null): Uint8Array {
  const entries: CpioEntry[] = [directory("dev"), file("init", init, 0o755)];
  if (nsmModule !== null) entries.push(file("nsm.ko", nsmModule, 0o755));
  return writeCpio(entries);
}
