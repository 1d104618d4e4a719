export { readInputs, type ReadInputsOptions } from "./files.ts";
export * from "./formats.ts";
