import { utf8Encode } from "@caladrius/wire";
import type { Clock } from "../pki/index.ts";
import { extendPcr, PCR_BYTES } from "./registers.ts";

/** What the hypervisor measures into the platform PCRs; each value 48 bytes. */
export interface BootMeasurements {
  pcr0: Uint8Array;
  pcr1: Uint8Array;
  pcr2: Uint8Array;
  /** Null for an image without a signature. */
  pcr8: Uint8Array | null;
}

/**
 * The platform PCRs of an enclave: 0, 1, 2 and 8 from the image; 3 from the text of the parent's role ARN, zero without
 * one; 4 from the text of the parent's instance id. Registers that stay zero are left out.
 */
export function bootPcrs(measurements: BootMeasurements, instanceId: string, roleArn: string | null): Map<number, Uint8Array> {
  const pcrs = new Map([
    [0, measurements.pcr0],
    [1, measurements.pcr1],
    [2, measurements.pcr2],
    [4, measureText(instanceId)],
  ]);
  if (roleArn !== null) pcrs.set(3, measureText(roleArn));
  if (measurements.pcr8 !== null) pcrs.set(8, measurements.pcr8);
  return pcrs;
}

/**
 * Makes a module id in AWS's form: `i-<17 hex>-enc<16 hex>`, the enclave's part being the launch time in ms (48 bits)
 * and 16 random bits.
 */
export function makeModuleId(clock: Clock, randomBytes: (length: number) => Uint8Array): string {
  const instance = Buffer.from(randomBytes(8)).toString("hex");
  const launch = Math.floor(clock.nowMs()).toString(16).padStart(12, "0");
  return `i-0${instance}-enc${launch}${Buffer.from(randomBytes(2)).toString("hex")}`;
}

/** The parent instance's id within a module id. */
export function instanceIdOf(moduleId: string): string {
  const end = moduleId.indexOf("-enc");
  return end < 0 ? moduleId : moduleId.slice(0, end);
}

/** PCR3 and PCR4: the raw text extended into a zero register. */
export function measureText(text: string): Uint8Array {
  return extendPcr(new Uint8Array(PCR_BYTES), utf8Encode(text));
}
