import type { Actor } from "./code.ts";

/** What a table says of one of its codes. */
interface Reason {
  readonly meaning: string;
  readonly stage: string;
  readonly spec: string;
  readonly actor: Actor;
}

/** A check outside the four steps answered no, by a code of a table of its own. */
export class ReasonError<Code extends string> extends Error {
  readonly code: Code;
  readonly stage: string;
  readonly spec: string;
  readonly expected: string | null;
  readonly actual: string | null;
  readonly actor: Actor;

  constructor(
    code: Code,
    { meaning, stage, spec, actor }: Reason,
    { expected, actual }: { readonly expected?: string; readonly actual?: string },
  ) {
    const found = actual === undefined ? "" : `, found ${actual}`;
    super(`${meaning}${expected === undefined ? found : `; expected ${expected}${found}`} (${actor} must act)`);
    this.code = code;
    this.stage = stage;
    this.spec = spec;
    this.expected = expected ?? null;
    this.actual = actual ?? null;
    this.actor = actor;
  }
}
