export {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  schemaToJson,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/nodejs";

/** Compiles the module once in a process; later calls change nothing. */
export declare function initSync(options: { module: Uint8Array }): unknown;
/** `file:` URL of the installed WebAssembly, for programs that are not bundled. */
export declare const wasmUrl: () => string;
