import { KeyPolicyError } from "../errors.ts";

/** JSON as it was written: objects as maps that hold each name once, numbers as their text. */
export type Json = string | boolean | null | JsonNumber | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;
export interface JsonNumber {
  readonly number: string;
}

/**
 * Reads JSON (RFC 8259) under a limit of depth and refuses names that stand twice in one object, which JSON.parse hides.
 * @throws KeyPolicyError policy-json, policy-duplicate, policy-depth, policy-character
 */
export function readJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value("", 0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  value(path: string, depth: number): Json {
    if (depth > MAX_DEPTH) throw new KeyPolicyError("policy-depth", path, `at most ${MAX_DEPTH} levels`);
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if (first === "{") return this.#object(path, depth);
    if (first === "[") return this.#array(path, depth);
    if (first === '"') return this.#string(path);
    const word = this.#take(WORD);
    if (word === "true" || word === "false") return word === "true";
    if (word === "null") return null;
    if (NUMBER.test(word)) return { number: word };
    return this.#refuse(path, "a JSON value");
  }

  end(): void {
    this.#take(SPACE);
    if (this.#at < this.#text.length) this.#refuse("", "nothing after the document");
  }

  #object(path: string, depth: number): JsonObject {
    const members = new Map<string, Json>();
    this.#at++;
    if (this.#next("}")) return members;
    do {
      this.#take(SPACE);
      const name = this.#string(path);
      const inside = path === "" ? name : `${path}.${name}`;
      if (members.has(name)) throw new KeyPolicyError("policy-duplicate", inside, "each name once");
      if (!this.#next(":")) this.#refuse(inside, "a colon");
      members.set(name, this.value(inside, depth + 1));
    } while (this.#next(","));
    if (!this.#next("}")) this.#refuse(path, "a comma or the object's end");
    return members;
  }

  #array(path: string, depth: number): readonly Json[] {
    const items: Json[] = [];
    this.#at++;
    if (this.#next("]")) return items;
    do items.push(this.value(`${path}[${items.length}]`, depth + 1));
    while (this.#next(","));
    if (!this.#next("]")) this.#refuse(path, "a comma or the array's end");
    return items;
  }

  #string(path: string): string {
    const token = this.#take(STRING);
    if (token === "") return this.#refuse(path, "a string in double quotes");
    // The pattern admits exactly what RFC 8259 §7 does, so this unescapes and cannot fail.
    const value = JSON.parse(token) as string;
    if (!POLICY_TEXT.test(value)) throw new KeyPolicyError("policy-character", path, POLICY_TEXT_SAID);
    return value;
  }

  /** Whether this character comes next, after white space; takes it if so. */
  #next(character: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #refuse(path: string, expected: string): never {
    throw new KeyPolicyError("policy-json", path, `${expected} at character ${this.#at}`);
  }
}

/** A whole policy has 6 levels: document, statements, statement, Condition, operator, values. */
const MAX_DEPTH = 8;
const SPACE = /[ \t\r\n]*/y;
const WORD = /[-+.a-zA-Z0-9]*/y;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** Characters of a policy document (KMS PutKeyPolicy, Policy: Pattern). */
export const POLICY_TEXT: RegExp = /^[\t\n\r\u0020-\u00ff]*$/;
export const POLICY_TEXT_SAID = "characters up to U+00FF, and of the control characters only tab, line feed and carriage return";
