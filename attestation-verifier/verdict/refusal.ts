import { CODE, type Actor, type Code } from "./code.ts";

/** What a refusal can say beyond its code. Texts are short and printable; attacker-made bytes are given as hex or lengths. */
export interface RefusalDetail {
  /** the thing looked at, such as "zonal certificate" */
  readonly subject?: string;
  readonly expected?: string;
  readonly actual?: string;
}

/** A check answered no. The four steps throw it; the functions that give verdicts turn it into one. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: Code;
  readonly subject: string | null;
  readonly expected: string | null;
  readonly actual: string | null;
  readonly actor: Actor;

  constructor(code: Code, detail: RefusalDetail = {}) {
    super(sentence(code, detail));
    this.code = code;
    this.subject = detail.subject ?? null;
    this.expected = detail.expected ?? null;
    this.actual = detail.actual ?? null;
    this.actor = CODE[code].actor;
  }
}

function sentence(code: Code, { subject, expected, actual }: RefusalDetail): string {
  const { meaning, actor } = CODE[code];
  const about = subject === undefined ? meaning : `${subject}: ${meaning}`;
  const found = actual === undefined ? "" : `, found ${actual}`;
  const difference = expected === undefined ? found : `; expected ${expected}${found}`;
  return `${about}${difference} (${actor} must act)`;
}
