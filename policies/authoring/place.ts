import type { CborValue } from "@caladrius/wire";
import { KeyPolicyError } from "../kms/errors.ts";
import { readJson, type Json, type JsonObject } from "../kms/read/json.ts";
import { AuthoringError } from "./errors.ts";

/** A value of a description, and where it stands. */
export interface Place {
  readonly value: Json | undefined;
  /** such as `approvers[2].key`; "" is the file itself */
  readonly path: string;
}

/** Reads JSON (RFC 8259) in which no object holds one name twice. @throws AuthoringError description-json */
export function readDescription(text: string): Place {
  try {
    return { value: readJson(text), path: "" };
  } catch (error) {
    if (!(error instanceof KeyPolicyError)) throw error;
    throw new AuthoringError("description-json", `${error.path === "" ? "the file" : error.path}: expected ${error.expected}`);
  }
}

/**
 * The members of an object, each of which must be there unless it is optional. A member whose name begins with "//" is a comment.
 * @throws AuthoringError description-form for any other member
 */
export function membersOf<const K extends string, const O extends string = never>(
  place: Place,
  names: readonly K[],
  optional: readonly O[] = [],
): Readonly<Record<K | O, Place>> {
  const object = objectOf(place);
  const known: readonly string[] = [...names, ...optional];
  for (const name of object.keys())
    if (!isComment(name) && !known.includes(name)) wrong(inside(place, name), `no such member; there are ${known.join(", ")}`);
  for (const name of names) if (!object.has(name)) wrong(inside(place, name), "a value: it is missing");
  const places = known.map((name) => [name, { value: object.get(name), path: inside(place, name) }]);
  return Object.fromEntries(places) as Record<K | O, Place>;
}

/** The members of an object of any names, comments apart. */
export function entriesOf(place: Place): readonly (readonly [string, Place])[] {
  const named = [...objectOf(place)].filter(([name]) => !isComment(name));
  return named.map(([name, value]) => [name, { value, path: inside(place, name) }]);
}

/** The elements of a list. */
export function itemsOf(place: Place): readonly Place[] {
  const { value, path } = place;
  if (!Array.isArray(value)) return wrong(place.path, "a list");
  return (value as readonly Json[]).map((item, i) => ({ value: item, path: `${path}[${i}]` }));
}

/** A text of 1 to `most` characters. */
export function textOf({ value, path }: Place, most = 1024): string {
  if (typeof value !== "string" || value.length === 0 || value.length > most) return wrong(path, `a text of 1 to ${most} characters`);
  return value;
}

/** A whole number between two bounds. */
export function integerOf({ value, path }: Place, least: number, most: number): number {
  const number = value !== null && typeof value === "object" && "number" in value ? Number(value.number) : Number.NaN;
  if (!Number.isSafeInteger(number) || number < least || number > most) return wrong(path, `a whole number from ${least} to ${most}`);
  return number;
}

/** true or false. */
export function booleanOf({ value, path }: Place): boolean {
  return typeof value === "boolean" ? value : wrong(path, "true or false");
}

/** One of a few words. */
export function wordOf<const T extends string>({ value, path }: Place, words: readonly T[]): T {
  return words.find((word) => word === value) ?? wrong(path, `one of ${words.join(", ")}`);
}

/** Unix seconds of a day, or of a time with its offset, such as 2026-11-21T10:00:00Z. */
export function secondsOf(place: Place): number {
  const { value, path } = place;
  const text = typeof value === "string" && TIME.test(value) ? value : wrong(path, "a time such as 2026-11-21T10:00:00Z");
  const day = Date.parse(text.slice(0, 10));
  // Date.parse takes 31 February for a day in March.
  if (Number.isNaN(day) || !new Date(day).toISOString().startsWith(text.slice(0, 10)) || Number.isNaN(Date.parse(text)) || day < 0)
    return wrong(path, "a day and time that exist, from 1970 on");
  return Math.floor(Date.parse(text) / 1000);
}

/** null where null stands, or nothing; else what `read` makes of it. */
export function nullableOf<T>(place: Place, read: (place: Place) => T): T | null {
  return isAbsent(place) ? null : read(place);
}

/** Whether null stands there, or nothing. */
export function isAbsent({ value }: Place): boolean {
  return value === undefined || value === null;
}

/** Any JSON as CBOR has it; numbers must be whole. */
export function cborOf(place: Place): CborValue {
  const { value } = place;
  if (isAbsent(place)) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return itemsOf(place).map(cborOf);
  if (typeof value === "object" && value !== null && "number" in value)
    return integerOf(place, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return new Map(entriesOf(place).map(([name, one]) => [name, cborOf(one)]));
}

/** @throws AuthoringError description-form with path, what was expected, and not what stood there: it may be long, or secret */
export function wrong(path: string, expected: string): never {
  throw new AuthoringError("description-form", `${path === "" ? "the file" : path}: expected ${expected}`);
}

function objectOf({ value, path }: Place): JsonObject {
  return value instanceof Map ? (value as JsonObject) : wrong(path, "an object");
}

function isComment(name: string): boolean {
  return name.startsWith("//");
}

function inside({ path }: Place, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/;
