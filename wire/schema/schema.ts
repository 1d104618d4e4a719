import { decodeCbor, encodeCbor, type CborLimits, type CborValue } from "../cbor/index.ts";
import { compareBytes } from "../bytes.ts";
import { WireError } from "../errors.ts";

/**
 * One format, stated once: turns a typed value into CBOR and CBOR back into a typed value, or refuses it naming the
 * path. `T` is what the rest of the program works with.
 */
export interface Schema<T> {
  /** @throws WireError schema-* when the value breaks the format */
  encode(value: T): CborValue;
  /** @throws WireError schema-* when the bytes break the format; `path` names the place */
  decode(value: CborValue, path: string): T;
}

/** Encodes a value as deterministic CBOR. @throws WireError schema-*, cbor-value */
export function encodeWith<T>(schema: Schema<T>, value: T): Uint8Array {
  return encodeCbor(schema.encode(value));
}

/** Decodes deterministic CBOR and checks it against the format. @throws WireError, LimitError */
export function decodeWith<T>(schema: Schema<T>, bytes: Uint8Array, name: string, limits: Partial<CborLimits> = {}): T {
  return schema.decode(decodeCbor(bytes, limits), name);
}

function refuse(code: "schema-type" | "schema-range", path: string, expected: string, actual: string): WireError {
  return new WireError(code, `${path}: expected ${expected}, got ${actual}`);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "array";
  if (value instanceof Map) return "map";
  return typeof value;
}

/** A schema whose value is its own CBOR: one check serves both directions. */
function plain<T extends CborValue>(check: (value: CborValue, path: string) => T): Schema<T> {
  return { encode: (value) => check(value, "value"), decode: check };
}

/** A text of `min` to `max` UTF-16 units. */
export function text(min: number, max: number): Schema<string> {
  return plain((value, path) => {
    if (typeof value !== "string") throw refuse("schema-type", path, "text", typeName(value));
    if (value.length < min || value.length > max) throw refuse("schema-range", path, `${min} to ${max} characters`, `${value.length}`);
    return value;
  });
}

/** A byte string of `min` to `max` bytes. */
export function bytes(min: number, max: number = min): Schema<Uint8Array> {
  return plain((value, path) => {
    if (!(value instanceof Uint8Array)) throw refuse("schema-type", path, "bytes", typeName(value));
    if (value.length < min || value.length > max)
      throw refuse("schema-range", path, min === max ? `${min} bytes` : `${min} to ${max} bytes`, `${value.length}`);
    return value;
  });
}

/** An integer of `min` to `max`. */
export function int(min: number, max: number): Schema<number> {
  return plain((value, path) => {
    if (typeof value !== "number") throw refuse("schema-type", path, "integer", typeName(value));
    if (!Number.isInteger(value) || value < min || value > max)
      throw refuse("schema-range", path, `an integer of ${min} to ${max}`, String(value));
    return value;
  });
}

/** true or false. */
export const bool: Schema<boolean> = plain((value, path) => {
  if (typeof value !== "boolean") throw refuse("schema-type", path, "boolean", typeName(value));
  return value;
});

/** One of a closed set of texts. */
export function oneOf<T extends string>(...allowed: readonly T[]): Schema<T> {
  return plain((value, path) => {
    if (typeof value !== "string") throw refuse("schema-type", path, "text", typeName(value));
    const found = allowed.find((one) => one === value);
    if (found === undefined)
      throw refuse("schema-range", path, `one of ${allowed.join(", ")}`, `another text of ${value.length} characters`);
    return found;
  });
}

/** A version number that must be `known`. @throws WireError schema-version for another integer */
export function version(known: number): Schema<number> {
  return plain((value, path) => {
    if (typeof value !== "number") throw refuse("schema-type", path, "integer", typeName(value));
    if (value !== known) throw new WireError("schema-version", `${path}: this build knows ${known}, got ${value}`);
    return value;
  });
}

/** A literal text that must stand there. */
export function literal<T extends string>(expected: T): Schema<T> {
  return oneOf(expected);
}

/** null, or the format. */
export function nullable<T>(inner: Schema<T>): Schema<T | null> {
  return {
    encode: (value) => (value === null ? null : inner.encode(value)),
    decode: (value, path) => (value === null ? null : inner.decode(value, path)),
  };
}

/** An array of `min` to `max` elements of one format. */
export function array<T>(inner: Schema<T>, min: number, max: number): Schema<T[]> {
  const check = (length: number, path: string): void => {
    if (length < min || length > max) throw refuse("schema-range", path, `${min} to ${max} elements`, `${length}`);
  };
  return {
    encode(values) {
      check(values.length, "value");
      return values.map((value) => inner.encode(value));
    },
    decode(value, path) {
      if (!Array.isArray(value)) throw refuse("schema-type", path, "array", typeName(value));
      check(value.length, path);
      return (value as readonly CborValue[]).map((element, i) => inner.decode(element, `${path}[${i}]`));
    },
  };
}

/** Fields of a struct: the key on the wire and the format of each. */
export type Fields<T> = { readonly [K in keyof T]-?: readonly [key: number | string, schema: Schema<Exclude<T[K], undefined>>] };

/**
 * A map with exactly the fields named; those in `optional` may be missing. Unknown fields are refused.
 * Keys are integers in signed claims (RFC 8392) and texts elsewhere.
 */
export function struct<T extends object>(fields: Fields<T>, optional: readonly (keyof T)[] = []): Schema<T> {
  // in the order of the encoded keys (RFC 8949 §4.2.1), so that the encoder finds them sorted
  const members = (Object.keys(fields) as (keyof T)[])
    .toSorted((a, b) => compareBytes(encodeCbor(fields[a][0]), encodeCbor(fields[b][0])))
    .map((name) => ({ name, key: fields[name][0], schema: fields[name][1], suffix: `.${String(name)}`, needed: !optional.includes(name) }));
  return {
    encode(value) {
      const map = new Map<number | string, CborValue>();
      for (const { name, key, schema, needed } of members) {
        const field = value[name];
        if (field !== undefined) map.set(key, schema.encode(field as Exclude<T[keyof T], undefined>));
        else if (needed) throw new WireError("schema-missing", String(name));
      }
      return map;
    },
    decode(value, path) {
      if (!(value instanceof Map)) throw refuse("schema-type", path, "map", typeName(value));
      const map = value as ReadonlyMap<number | string, CborValue>;
      const result: Partial<T> = {};
      let known = 0;
      for (const { name, key, schema, suffix, needed } of members) {
        const field = map.get(key);
        if (field !== undefined) {
          known++;
          result[name] = schema.decode(field, path + suffix);
        } else if (needed) throw new WireError("schema-missing", path + suffix);
      }
      if (known !== map.size) throw new WireError("schema-unknown", `${path}: ${map.size - known} fields too many`);
      return result as T;
    },
  };
}

/** An array of fixed length whose elements are the named fields in order. */
export function tuple<T extends object>(
  fields: readonly { readonly [K in keyof T]: readonly [name: K, schema: Schema<T[K]>] }[keyof T][],
): Schema<T> {
  return {
    encode: (value) => fields.map(([name, schema]) => schema.encode(value[name])),
    decode(value, path) {
      if (!Array.isArray(value)) throw refuse("schema-type", path, "array", typeName(value));
      if (value.length !== fields.length) throw refuse("schema-range", path, `${fields.length} elements`, `${value.length}`);
      const result: Partial<T> = {};
      fields.forEach(([name, schema], i) => {
        result[name] = schema.decode((value as readonly CborValue[])[i] ?? null, `${path}.${String(name)}`);
      });
      return result as T;
    },
  };
}

/** A format with a second check or another shape in memory. */
export function refine<T, U>(inner: Schema<T>, toWire: (value: U) => T, fromWire: (value: T, path: string) => U): Schema<U> {
  return { encode: (value) => inner.encode(toWire(value)), decode: (value, path) => fromWire(inner.decode(value, path), path) };
}

/** Any CBOR value of the subset, unchecked here. */
export const anyValue: Schema<CborValue> = plain((value) => value);
