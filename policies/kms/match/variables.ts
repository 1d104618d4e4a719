import { KeyPolicyError } from "../errors.ts";
import { globOf, type GlobToken } from "./glob.ts";

/** The single value of a condition key in the request, or null. */
export type Lookup = (key: string) => string | null;

/**
 * A pattern with its policy variables replaced: what a variable stands for is literal text, whatever characters it holds.
 * Null when a variable has no value and no default: then the statement does not apply ("IAM policy elements: Variables").
 * @param wildcards whether * and ? match more than themselves
 */
export function expand(pattern: string, options: { variables: boolean; wildcards: boolean; lookup: Lookup }): GlobToken[] | null {
  const literal = (text: string): GlobToken[] => (options.wildcards ? globOf(text) : Array.from(text));
  if (!options.variables) return literal(pattern);
  const tokens: GlobToken[] = [];
  let from = 0;
  for (const found of pattern.matchAll(VARIABLE)) {
    const [whole, special, key, otherwise] = found;
    const value = special ?? options.lookup(key ?? "") ?? otherwise;
    if (value === undefined) return null;
    for (const one of [literal(pattern.slice(from, found.index)), Array.from(value)]) tokens.push(...one);
    from = found.index + whole.length;
  }
  return [...tokens, ...literal(pattern.slice(from))];
}

/** Refuses what begins like a variable and is none. @throws KeyPolicyError policy-variable */
export function checkVariables(pattern: string, path: string): void {
  if (pattern.replaceAll(VARIABLE, "").includes("${"))
    throw new KeyPolicyError("policy-variable", path, "${key}, ${key, 'default'}, ${*}, ${?} or ${$}");
}

/** Whether a variable stands in it. */
export function hasVariable(pattern: string): boolean {
  return pattern.includes("${");
}

// "IAM policy elements: Variables and tags": special characters, request information, default values
const VARIABLE = /\$\{(?:([*?$])|([A-Za-z0-9-]+:[^${},']+)(?:, '([^']*)')?)\}/g;
