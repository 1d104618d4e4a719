import { ConfigurationError } from "@caladrius/wire";
import type { TimeMode } from "../evidence/mode.ts";
import { CODE, EXIT, type Actor, type Code } from "./code.ts";
import { Refusal } from "./refusal.ts";

/**
 * The attestation result (RFC 9334 §8.4) in the shape of draft-ietf-rats-ear: a status tier, reasons with stable codes,
 * and what was not checked. Claims exist only where every check passed.
 */
export type Verdict<Claims, Codes extends string = Code> = AcceptedVerdict<Claims, Codes> | RefusedVerdict<Codes>;

interface VerdictHead<Codes extends string> {
  readonly mode: TimeMode["kind"];
  /** Unix ms at which the certificates were judged; null when it did not come to that */
  readonly atMs: number | null;
  /** the gravest reason; `reasons` has all */
  readonly code: Codes;
  readonly stage: string;
  readonly spec: string;
  /** for a person: which check, what was expected, what was found, who must act */
  readonly sentence: string;
  readonly notChecked: readonly NotChecked[];
}

/** Every check passed; a warning has reservations, which `reasons` names. */
export interface AcceptedVerdict<Claims, Codes extends string = Code> extends VerdictHead<Codes> {
  readonly status: "affirming" | "warning";
  readonly reasons: readonly Codes[];
  readonly claims: Claims;
  readonly exitCode: 0;
}

/** A check failed: nothing of the input may be relied on, so there are no claims. */
export interface RefusedVerdict<Codes extends string = Code> extends VerdictHead<Codes> {
  readonly status: "contraindicated";
  readonly claims: null;
  readonly expected: string | null;
  readonly actual: string | null;
  readonly actor: Actor;
  /** 10 refused, 20 a version this build does not know, 30 bytes outside the grammar */
  readonly exitCode: 10 | 20 | 30;
}

/** What a verdict leaves open, so that nobody takes silence for a check. */
export type NotChecked = "revocation" | "time" | "input provenance" | "fork" | "tail" | "witness" | "lifecycle";

/** Makes the verdict of an input that passed. `reasons` in any order; without any it is affirming. */
export function accept<Claims>(
  claims: Claims,
  {
    mode,
    atMs,
    reasons,
    notChecked,
  }: { mode: TimeMode["kind"]; atMs: number; reasons: ReadonlySet<Code>; notChecked: readonly NotChecked[] },
): AcceptedVerdict<Claims> {
  // The table lists what accompanies an acceptance from the gravest downwards, "simulator" first.
  const ordered = (Object.keys(CODE) as Code[]).filter((code) => reasons.has(code));
  const code = ordered[0] ?? "verified";
  const sentence = ordered.length === 0 ? CODE.verified.meaning : ordered.map((reason) => CODE[reason].meaning).join("; ");
  return {
    status: ordered.length === 0 ? "affirming" : "warning",
    mode,
    atMs,
    code,
    stage: CODE[code].stage,
    spec: CODE[code].spec,
    sentence,
    reasons: ordered.length === 0 ? ["verified"] : ordered,
    claims,
    notChecked,
    exitCode: 0,
  };
}

/** Turns what a step threw into a verdict. Anything but a refusal is a bug or a missing algorithm and is thrown again. */
export function refuse(
  error: unknown,
  { mode, notChecked }: { mode: TimeMode["kind"]; notChecked: readonly NotChecked[] },
): RefusedVerdict {
  if (!(error instanceof Refusal)) {
    if (!(error instanceof ConfigurationError) || !Object.hasOwn(CODE, error.code)) throw error;
    return refused(error.code as Code, error.message, null, null, mode, notChecked);
  }
  return refused(error.code, error.message, error.expected, error.actual, mode, notChecked);
}

function refused(
  code: Code,
  sentence: string,
  expected: string | null,
  actual: string | null,
  mode: TimeMode["kind"],
  notChecked: readonly NotChecked[],
): RefusedVerdict {
  const { stage, spec, status, actor } = CODE[code];
  const exitCode = status === "malformed" ? EXIT.malformed : status === "unsupported" ? EXIT.unsupported : EXIT.refused;
  return {
    status: "contraindicated",
    mode,
    atMs: null,
    code,
    stage,
    spec,
    sentence,
    claims: null,
    expected,
    actual,
    actor,
    notChecked,
    exitCode,
  };
}
