export { decodeCbor, decodeForeignCbor, DEFAULT_CBOR_LIMITS } from "./decode.ts";
export { encodeCbor } from "./encode.ts";
export type { CborKey, CborLimits, CborValue } from "./value.ts";
