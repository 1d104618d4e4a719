/**
 * Text of a caller for a record: at most `max` characters and `…`; controls, format characters (also those that turn the
 * direction of text), line separators, lone surrogates, private and unassigned ones as `\u{…}`, and a backslash as two, so that
 * no two texts look the same unless they are cut.
 */
export function shown(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replaceAll(/[\\\p{C}\p{Zl}\p{Zp}]/gu, (char) => (char === "\\" ? "\\\\" : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`));
}
