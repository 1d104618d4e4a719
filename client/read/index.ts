export { readInputs, type ReadInputsOptions } from "./files.ts";
export * from "./formats.ts";
export { isZone } from "./zone.ts";
