import { KmsServiceError } from "../errors.ts";

/** A JSON value as parsed. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Reads a request's body: UTF-8, one JSON object, no key twice, at most `MAX_DEPTH` deep. JSON.parse keeps the last of
 * two equal keys without a word; here a signed request must mean one thing to every reader, so it is refused.
 * @throws KmsServiceError SerializationException
 */
export function parseJsonObject(bytes: Uint8Array): { readonly [key: string]: Json } {
  let text: string;
  let value: Json;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = text === "" ? {} : (JSON.parse(text) as Json);
  } catch {
    throw new KmsServiceError("SerializationException", "the body is not JSON in UTF-8");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new KmsServiceError("SerializationException", "the body is not a JSON object");
  refuseDuplicates(text);
  return value as { readonly [key: string]: Json };
}

/** Walks text that is known to be JSON and looks at the keys of each object. */
function refuseDuplicates(text: string): void {
  const open: (Set<string> | null)[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    if (char === '"') {
      const end = stringEnd(text, at);
      const keys = open.at(-1);
      if (keys instanceof Set && followedByColon(text, end)) addKey(keys, JSON.parse(text.slice(at, end)) as string);
      at = end;
      continue;
    }
    if (char === "{") open.push(new Set());
    else if (char === "[") open.push(null);
    else if (char === "}" || char === "]") open.pop();
    if (open.length > MAX_DEPTH) throw new KmsServiceError("SerializationException", `nested deeper than ${MAX_DEPTH}`);
    at++;
  }
}

function addKey(keys: Set<string>, key: string): void {
  if (keys.has(key)) throw new KmsServiceError("SerializationException", "a key stands twice in one object");
  keys.add(key);
}

/** The place after the closing quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function followedByColon(text: string, from: number): boolean {
  let at = from;
  while (" \t\r\n".includes(text[at] ?? "x")) at++;
  return text[at] === ":";
}

const MAX_DEPTH = 16;
