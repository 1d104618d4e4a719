export * from "./bytes.ts";
export * from "./cbor/index.ts";
export * from "./errors.ts";
export * from "./findings.ts";
export * from "./nsm.ts";
export * from "./recording.ts";
export * from "./schema/index.ts";
export * from "./statement.ts";
