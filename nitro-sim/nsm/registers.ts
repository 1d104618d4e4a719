import { createHash } from "node:crypto";
import { ConfigurationError } from "@caladrius/wire";

/** Number of PCRs; 0 to 15 belong to the platform and are locked from boot. */
export const MAX_PCRS = 32;
export const PLATFORM_PCRS = 16;
/** Bytes of a SHA-384 register. */
export const PCR_BYTES = 48;

/** The registers of one NSM. Indices are below MAX_PCRS: the caller has looked. */
export interface Registers {
  value(index: number): Uint8Array;
  isLocked(index: number): boolean;
  /** Replaces the value by SHA384(old || data) and returns it. */
  extend(index: number, data: Uint8Array): Uint8Array;
  lock(index: number): void;
  /** The locked indices, ascending. */
  locked(): number[];
}

/**
 * Registers as they stand when an enclave boots: the given platform PCRs, the others zero.
 *
 * @throws ConfigurationError nsm-pcrs for an index outside 0..15 or a value that is not 48 bytes
 */
export function bootRegisters(platform: ReadonlyMap<number, Uint8Array>): Registers {
  const values: Uint8Array[] = Array.from({ length: MAX_PCRS }, () => new Uint8Array(PCR_BYTES));
  const locks = new Set(Array.from({ length: PLATFORM_PCRS }, (_, index) => index));
  for (const [index, value] of platform) {
    if (!locks.has(index) || value.length !== PCR_BYTES) throw new ConfigurationError("nsm-pcrs", `PCR ${index} of ${value.length} bytes`);
    values[index] = value.slice();
  }
  const value = (index: number): Uint8Array => values[index] ?? new Uint8Array(PCR_BYTES);
  return {
    value: (index) => value(index).slice(),
    isLocked: (index) => locks.has(index),
    extend(index, data) {
      const next = extendPcr(value(index), data);
      values[index] = next;
      return next.slice();
    },
    lock: (index) => void locks.add(index),
    locked: () => [...locks].toSorted((a, b) => a - b),
  };
}

/** SHA384(old || data); the data is not hashed first. */
export function extendPcr(old: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(old).update(data).digest());
}
