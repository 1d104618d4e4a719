/** The least memory that an enclave of one image needs, in bytes. */
export interface MemoryNeeded {
  /** What nitro-cli asks for: four times the file. */
  nitroBytes: number;
  /** What boots in QEMU. */
  qemuBytes: number;
}

/**
 * How much memory an image needs. The kernel unpacks the ramdisks into a file system that may fill half of what the
 * ramdisks themselves leave free, so it takes them three times; kernel and program need 130 MiB besides. With less the
 * unpacking breaks off, and init ends the enclave.
 */
export function memoryNeeded(fileBytes: number, ramdisks: readonly { readonly length: number }[]): MemoryNeeded {
  const unpacked = ramdisks.reduce((sum, { length }) => sum + length, 0);
  return { nitroBytes: 4 * fileBytes, qemuBytes: 3 * unpacked + REST_BYTES };
}

const REST_BYTES = 130 * 2 ** 20;
