import { ANY_RUN, matchesGlob, type GlobToken } from "./glob.ts";

/** The six components of an ARN; the last keeps its colons. Null for what is no ARN. */
export function arnComponents(text: string): readonly string[] | null {
  const parts = text.split(":");
  return parts.length < 6 || parts[0] !== "arn" ? null : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/**
 * Whether an ARN matches a pattern component by component: a wildcard does not cross the first five colons ("ARN condition
 * operators"). Missing components count as * where `complete` says so ("Resource": incomplete ARNs).
 */
export function matchesArn(pattern: readonly GlobToken[], arn: string, complete: boolean): boolean {
  const actual = arnComponents(arn);
  const wanted: GlobToken[][] = [[]];
  for (const token of pattern) {
    if (token === ":" && wanted.length < 6) wanted.push([]);
    else wanted.at(-1)?.push(token);
  }
  if (complete) wanted.push(...Array.from({ length: 6 - wanted.length }, (): GlobToken[] => [ANY_RUN]));
  return actual !== null && wanted.length === 6 && wanted.every((one, i) => matchesGlob(one, actual[i] ?? ""));
}
