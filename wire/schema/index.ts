export {
  anyValue,
  array,
  bool,
  bytes,
  decodeWith,
  encodeWith,
  int,
  literal,
  nullable,
  oneOf,
  refine,
  struct,
  text,
  tuple,
  version,
} from "./schema.ts";
export type { Fields, Schema } from "./schema.ts";
