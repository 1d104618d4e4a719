/**
 * Replaces each control, bidirectional, invisible and unpaired character by its \uXXXX escape, so that text from a file or
 * a peer is seen as it is and does nothing to a terminal, a log or a page. JSON stays the same value under it.
 */
export function escapeText(text: string): string {
  return text.replace(DANGEROUS, (found) => [...Array(found.length).keys()].map((i) => escapeUnit(found.charCodeAt(i))).join(""));
}

/** `escapeText` on every string inside plain objects, lists and maps; bytes and numbers stay. */
export function escapeTexts<T>(value: T): T {
  return escaped(value) as T;
}

function escaped(value: unknown): unknown {
  if (typeof value === "string") return escapeText(value);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(escaped);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [escaped(key), escaped(one)]));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [escapeText(key), escaped(one)]));
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

// Unicode: Cc control, Cf format (bidirectional controls among them), Cs unpaired surrogates, Zl and Zp separators, DI what is not drawn
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu;
