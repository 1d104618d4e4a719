/**
 * Makes text safe for a terminal or a log: control characters, line and paragraph separators, bidirectional controls and
 * lone surrogates become \u{…}, and what is longer than `maxCharacters` is cut (ARCHITECTURE §11).
 */
export function escapeText(text: string, maxCharacters = 400): string {
  const escaped = text.slice(0, maxCharacters).replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return text.length > maxCharacters ? `${escaped}…` : escaped;
}

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
