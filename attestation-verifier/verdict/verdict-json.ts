import { toHex } from "@caladrius/wire";
import type { Verdict } from "./verdict.ts";

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The verdict as the object that commands print: status, mode, at (ISO 8601 or null), code, stage, spec, sentence, claims
 * (null when contraindicated), notChecked. Bytes become lower-case hex, maps become objects.
 */
export function verdictJson(verdict: Verdict<unknown, string>): { readonly [key: string]: Json } {
  const { status, mode, atMs, code, stage, spec, sentence, claims, notChecked } = verdict;
  return {
    status,
    mode,
    at: atMs === null ? null : new Date(atMs).toISOString(),
    code,
    stage,
    spec,
    sentence,
    claims: toJson(claims),
    notChecked: [...notChecked],
  };
}

function toJson(value: unknown): Json {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string") return value;
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Int32Array) return [...value];
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), toJson(one)]));
  return Object.fromEntries(
    Object.entries(value as object)
      .filter(([, one]) => one !== undefined)
      .map(([key, one]) => [key, toJson(one)]),
  );
}
