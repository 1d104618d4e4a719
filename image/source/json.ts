import { ImageError } from "../errors.ts";

type JsonCode = "source-manifest" | "source-config";

/** One JSON object. @throws ImageError `code` */
export function parseObject(bytes: Uint8Array, code: JsonCode, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ImageError(code, `${what} is no JSON in UTF-8`);
  }
  return objectOf(value, code, what);
}

/** @throws ImageError `code` unless it is an object */
export function objectOf(value: unknown, code: JsonCode, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ImageError(code, `${what} is no object`);
  return value as Record<string, unknown>;
}

/** A list, at most `most` long. @throws ImageError `code` */
export function listOf(value: unknown, most: number, code: JsonCode, what: string): unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new ImageError(code, `${what} is no list of at most ${most}`);
  return value;
}

/** @throws ImageError `code` unless it is a text */
export function textOf(value: unknown, code: JsonCode, what: string): string {
  if (typeof value !== "string") throw new ImageError(code, `${what} is no text`);
  return value;
}

/** A list of texts; missing and null are none. @throws ImageError `code` */
export function textsOf(value: unknown, code: JsonCode, what: string): string[] {
  if (value === undefined || value === null) return [];
  return listOf(value, 65_536, code, what).map((one) => textOf(one, code, what));
}
