import { KeyPolicyError } from "../errors.ts";
import type { Json, JsonObject } from "./json.ts";

/** An object that holds none but the names given. @throws KeyPolicyError policy-type, policy-unknown */
export function object(value: Json | undefined, path: string, names: readonly string[] | null): JsonObject {
  if (!(value instanceof Map)) throw new KeyPolicyError("policy-type", path, "an object");
  for (const name of (value as JsonObject).keys())
    if (names !== null && !names.includes(name)) throw new KeyPolicyError("policy-unknown", within(path, name), names.join(", "));
  return value as JsonObject;
}

/** A string. @throws KeyPolicyError policy-missing, policy-type */
export function string(value: Json | undefined, path: string): string {
  if (value === undefined) throw new KeyPolicyError("policy-missing", path, "a string");
  if (typeof value !== "string") throw new KeyPolicyError("policy-type", path, "a string");
  return value;
}

/** One value or a list of at least one, each with its path. @throws KeyPolicyError policy-missing, policy-value */
export function list(value: Json | undefined, path: string): readonly (readonly [Json, string])[] {
  if (value === undefined) throw new KeyPolicyError("policy-missing", path, "a value or a list");
  if (!Array.isArray(value)) return [[value, path]];
  if (value.length === 0) throw new KeyPolicyError("policy-value", path, "at least one entry");
  return (value as readonly Json[]).map((one, i) => [one, `${path}[${i}]`]);
}

/** The one of two elements of which exactly one may stand, such as Action and NotAction. @throws KeyPolicyError policy-missing, policy-value */
export function eitherOf(members: JsonObject, path: string, name: string): { not: boolean; value: Json; path: string } | null {
  const [value, opposite] = [members.get(name), members.get(`Not${name}`)];
  if (value !== undefined && opposite !== undefined)
    throw new KeyPolicyError("policy-value", within(path, `Not${name}`), `${name} or Not${name}, not both`);
  if (value !== undefined) return { not: false, value, path: within(path, name) };
  return opposite === undefined ? null : { not: true, value: opposite, path: within(path, `Not${name}`) };
}

/** The path of a member. */
export function within(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
