import { quote, ReadError } from "./problems.ts";
import type { ReadLimits } from "./limits.ts";

/** A number as it was written, so that 36.70 keeps its digits and no double rounds it. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Objects are maps: no key of a file can reach a prototype. */
export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonValue = string | boolean | null | JsonNumber | readonly JsonValue[] | JsonObject;

/**
 * Reads one JSON text strictly (RFC 8259): duplicate keys, `__proto__`, lone surrogates and anything behind the value
 * are refused, numbers stay text.
 * @param firstLine the number of the text's first line, for messages
 * @throws ReadError json-syntax, json-duplicate-key, json-forbidden-key, json-limit
 */
export function parseJson(text: string, limits: ReadLimits, firstLine = 1): JsonValue {
  const reader = new JsonReader(text, limits, firstLine);
  const value = reader.value(0);
  reader.end();
  return value;
}

class JsonReader {
  readonly #text: string;
  readonly #limits: ReadLimits;
  readonly #firstLine: number;
  #at = 0;
  #values = 0;

  constructor(text: string, limits: ReadLimits, firstLine: number) {
    this.#text = text;
    this.#limits = limits;
    this.#firstLine = firstLine;
  }

  value(depth: number): JsonValue {
    if (depth > this.#limits.maxJsonDepth) throw this.#error("json-limit", `at most ${this.#limits.maxJsonDepth} levels`, "more");
    if (++this.#values > this.#limits.maxJsonValues)
      throw this.#error("json-limit", `at most ${this.#limits.maxJsonValues} values`, "more");
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#error("json-syntax", "the end", this.#next());
  }

  #object(depth: number): JsonObject {
    const object = new Map<string, JsonValue>();
    this.#values += OBJECT_VALUES - 1;
    this.#at++;
    if (this.#skip("}")) return object;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#error("json-syntax", "a key", this.#next());
      const start = this.#at;
      const key = this.#string();
      if (FORBIDDEN_KEYS.has(key)) throw this.#error("json-forbidden-key", "another key", quote(key), start);
      if (object.has(key)) throw this.#error("json-duplicate-key", "each key once", `${quote(key)} again`, start);
      if (!this.#skip(":")) throw this.#error("json-syntax", '":"', this.#next());
      object.set(key, this.value(depth + 1));
    } while (this.#skip(","));
    if (!this.#skip("}")) throw this.#error("json-syntax", '"," or "}"', this.#next());
    return object;
  }

  #array(depth: number): JsonValue[] {
    const array: JsonValue[] = [];
    this.#at++;
    if (this.#skip("]")) return array;
    do array.push(this.value(depth + 1));
    while (this.#skip(","));
    if (!this.#skip("]")) throw this.#error("json-syntax", '"," or "]"', this.#next());
    return array;
  }

  #string(): string {
    const start = this.#at + 1;
    let at = start;
    let escaped = false;
    for (let code = this.#text.charCodeAt(at); code !== QUOTE; code = this.#text.charCodeAt(++at)) {
      if (code === BACKSLASH) {
        escaped = true;
        at++;
      } else if (!(code >= 0x20))
        throw this.#error("json-syntax", 'a closing "', Number.isNaN(code) ? "the end" : "a control character", at);
    }
    this.#at = at + 1;
    const raw = this.#text.slice(start, at);
    return escaped ? this.#unescape(raw, start) : raw;
  }

  #unescape(raw: string, start: number): string {
    const parts: string[] = [];
    let from = 0;
    for (let at = raw.indexOf("\\"); at >= 0; at = raw.indexOf("\\", from)) {
      const hex = raw.slice(at + 2, at + 6);
      const plain =
        raw[at + 1] === "u" && /^[0-9a-fA-F]{4}$/.test(hex)
          ? String.fromCharCode(Number.parseInt(hex, 16))
          : ESCAPES.get(raw[at + 1] ?? "");
      if (plain === undefined) throw this.#error("json-syntax", "an escape sequence", quote(raw.slice(at, at + 6)), start + at);
      parts.push(raw.slice(from, at), plain);
      from = at + (raw[at + 1] === "u" ? 6 : 2);
    }
    parts.push(raw.slice(from));
    const text = parts.join("");
    if (/\p{Surrogate}/u.test(text)) throw this.#error("json-syntax", "whole characters", "half of a surrogate pair", start);
    return text;
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) throw this.#error("json-syntax", "a value", this.#next());
    this.#at += text.length;
    return new JsonNumber(text);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error("json-syntax", word, this.#next());
    this.#at += word.length;
    return value;
  }

  #skip(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #next(): string {
    return this.#at >= this.#text.length ? "the end" : quote(this.#text.slice(this.#at, this.#at + 12));
  }

  #error(
    code: "json-syntax" | "json-duplicate-key" | "json-forbidden-key" | "json-limit",
    expected: string,
    actual: string,
    at: number = this.#at,
  ): ReadError {
    const before = this.#text.slice(0, at);
    const line = this.#firstLine + (before.match(/\n/g)?.length ?? 0);
    return new ReadError(code, `line ${line}, column ${at - before.lastIndexOf("\n")}`, expected, actual);
  }
}

/** An object takes as much memory as so many other values, and counts as many. */
const OBJECT_VALUES = 4;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__"]);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
