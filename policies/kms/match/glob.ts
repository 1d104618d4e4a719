/** Any one character, any run of characters; everything else is a literal character. */
const ANY_ONE = 1;
export const ANY_RUN = 2;
export type GlobToken = string | typeof ANY_ONE | typeof ANY_RUN;

/** Reads * and ? as wildcards. */
export function globOf(pattern: string): GlobToken[] {
  return Array.from(pattern, (character) => (character === "*" ? ANY_RUN : character === "?" ? ANY_ONE : character));
}

/**
 * Whether the pattern matches the whole text. Goes back to the last run only, so that the time is bounded by the product
 * of both lengths whatever the pattern.
 */
export function matchesGlob(pattern: readonly GlobToken[], text: string): boolean {
  const characters = Array.from(text);
  let [p, t, run, resume] = [0, 0, -1, 0];
  while (t < characters.length) {
    const token = pattern[p];
    if (token === ANY_RUN) {
      run = p++;
      resume = t;
    } else if (token !== undefined && (token === ANY_ONE || token === characters[t])) {
      p++;
      t++;
    } else if (run >= 0) {
      p = run + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === ANY_RUN) p++;
  return p === pattern.length;
}
