// Cedar's glue for browsers is the one that takes its WebAssembly as bytes, so that nothing here reads files. Its types name
// the DOM; web.d.mts gives those of the same functions without it.
export {
  initSync,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  schemaToJson,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/web";

export const wasmUrl = () => new URL("cedar_wasm_bg.wasm", import.meta.resolve("@cedar-policy/cedar-wasm/web")).href;
