export { findQemu } from "./find.ts";
export type { Qemu } from "./find.ts";
export { demandMemory, memoryNeededMiB, runQemu } from "./run.ts";
export type { QemuOptions, RunningQemu } from "./run.ts";
