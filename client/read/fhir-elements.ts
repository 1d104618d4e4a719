import { JsonNumber, type JsonObject, type JsonValue } from "./json.ts";
import { quote, ReadError } from "./problems.ts";

/** An object of a resource together with its path, so that every message can name the place. */
export interface Element {
  readonly map: JsonObject;
  readonly path: string;
}

export function toElement(value: JsonValue | undefined, path: string): Element {
  if (!(value instanceof Map)) throw shape(path, "an object", value);
  return { map: value, path };
}

export function optionalElement(parent: Element, key: string): Element | null {
  const value = parent.map.get(key);
  return value === undefined ? null : toElement(value, `${parent.path}.${key}`);
}

/** The objects of a list; an absent list has none. */
export function elements(parent: Element, key: string): Element[] {
  const path = `${parent.path}.${key}`;
  const value = parent.map.get(key);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw shape(path, "a list", value);
  return value.map((one: JsonValue, i) => toElement(one, `${path}[${i}]`));
}

export function optionalText(parent: Element, key: string): string | null {
  const value = parent.map.get(key);
  if (value === undefined) return null;
  if (typeof value !== "string") throw shape(`${parent.path}.${key}`, "a text", value);
  return value;
}

/** The written form of a number. */
export function optionalNumber(parent: Element, key: string): string | null {
  const value = parent.map.get(key);
  if (value === undefined) return null;
  if (!(value instanceof JsonNumber)) throw shape(`${parent.path}.${key}`, "a number", value);
  return value.text;
}

function shape(path: string, expected: string, actual: JsonValue | undefined): ReadError {
  return new ReadError("fhir-shape", path, expected, describe(actual));
}

function describe(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "string") return quote(value);
  if (value instanceof JsonNumber) return quote(value.text).slice(1, -1);
  if (value instanceof Map) return "an object";
  return typeof value === "boolean" ? String(value) : "a list";
}
