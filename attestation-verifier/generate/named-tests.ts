import type { Code } from "../verdict/code.ts";
import type { Rule } from "./catalogue/vector.ts";

/** What one input cannot show, and the test that shows it. */
export interface NamedTest {
  readonly rule: Rule;
  readonly name: string;
  /** file and title of the test */
  readonly test: string;
}

export const NAMED_TESTS: readonly NamedTest[] = [];

/** Codes that no input and trust file lead to, and why. */
export const WITHOUT_VECTOR: Readonly<Partial<Record<Code, string>>> = {};
